"""One item of a batch that ends its process, or gives what no record keeps, has failed; the others count."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import orjson

from bunsui.core.control.failures import INVALID_OUTPUT, failure_of
from bunsui.core.control.fan_out import BATCH
from bunsui.core.json_text import InexactJson, read_outcomes, read_result, refusal_in
from bunsui.core.models.base import JsonValue, canonical_json
from bunsui.core.models.payload import Failure
from bunsui.local.runners.bootstrap import Progress
from bunsui.local.runners.outcomes import Failed, Outcome, TaskOutcome

LOST = "Lambda.Unknown"
"""The error of a call, or an item, whose process died again and again without a result."""

_ENDS_OF_A_PROCESS = frozenset({"Runtime.ExitError", "Runtime.OutOfMemory"})


def end_of_process(outcome: Outcome | TaskOutcome) -> Failure | None:
    """The failure of a call whose process ended by what the handler did; None for any other outcome."""
    if not isinstance(outcome, Failed) or outcome.error.error_type not in _ENDS_OF_A_PROCESS:
        return None
    return Failure(error=outcome.error.error_type, cause=outcome.error.to_json())


def recordable(result: bytes) -> bytes:
    """The result of a batch with an error in the place of each outcome that no record keeps.

    Raises InexactJson where it nests too deeply to tell.
    """
    try:
        read_result(result)
    except InexactJson:
        return _without_refused(result)
    return result


def _without_refused(result: bytes) -> bytes:
    outcomes = [_or_refusal(outcome) for outcome in read_outcomes(result)[BATCH]]
    return canonical_json({BATCH: outcomes})


def unrecordable(refusal: InexactJson) -> Failure:
    """The failure of a call, or an item, with such a result."""
    return Failure(error=INVALID_OUTPUT, cause=f"The result cannot be recorded: {refusal}")


def _or_refusal(outcome: Any) -> JsonValue:
    refusal = refusal_in(outcome)
    if refusal is None:
        kept: JsonValue = outcome
        return kept
    failure = unrecordable(refusal)
    return {"error": failure.error, "cause": failure.cause}


def skip(progress: Path, items: int, failure: Failure) -> tuple[Failure | None, ...]:
    """Keep the failure as the outcome of the item that was under way, for the call that goes on behind it.

    Gives what became of the items up to that one; nothing where none was under way, or nobody knows which.
    """
    if not progress.exists():
        return ()
    kept = Progress(str(progress))
    done = [kept.outcomes[index] for index in range(items) if index in kept.outcomes]
    if len(done) == items:
        return ()
    kept.add(len(done), orjson.dumps({"error": failure.error, "cause": failure.cause}))
    return (*(_failure(outcome) for outcome in done), failure) if progress.exists() else ()


def _failure(outcome: bytes) -> Failure | None:
    found = orjson.loads(outcome)
    return failure_of(found) if "error" in found else None


def skipped(progress: Path) -> int:
    """How many items were given up because the process died under them."""
    if not progress.exists():
        return 0
    failures = map(_failure, Progress(str(progress)).outcomes.values())
    return sum(failure is not None and failure.error == LOST for failure in failures)
