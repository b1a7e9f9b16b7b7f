"""Turn what is left of a Lambda call into its outcome: the spooled result first, then why it was ended."""

from __future__ import annotations

import json
import signal
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal, TypeAlias

from bunsui.local.runners.bootstrap import report_lines
from bunsui.local.runners.outcomes import (
    Cancelled,
    Failed,
    FunctionError,
    Lost,
    Outcome,
    Report,
    Returned,
    out_of_memory,
    response_too_large,
    runtime_exited,
    timed_out,
)
from bunsui.local.runners.process import open_log
from bunsui.local.runners.spool import read_record

EndCause: TypeAlias = Literal["", "timed_out", "out_of_memory", "cancelled"]

# Whoever sends these stands outside the handler; the other signals are its own fault.
OUTSIDE_SIGNALS = frozenset({signal.SIGKILL, signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGQUIT})


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """A call whose process is gone: what was asked of it, why it was ended, what it used."""

    id: str
    spool_path: Path
    log_path: Path
    timeout: float
    memory_mb: int
    cause: EndCause
    returncode: int | None
    duration_ms: float
    peak_mb: int


def settle(ended: Ended) -> Outcome:
    """Return the outcome of a call whose process is gone, and close its log where the runner could not."""
    record = read_record(ended.spool_path, ended.id)
    if record is not None and record.body is not None:
        return from_answer(ended.id, record.meta, record.body, ended.memory_mb, ended.peak_mb)
    outcome = _without_result(ended)
    if isinstance(outcome, Failed):
        _close_log(ended, outcome.error)
    return outcome


def from_answer(
    call_id: str, meta: Mapping[str, Any], body: bytes, memory_mb: int, peak_mb: int
) -> Returned | Failed:
    """Return the outcome that a runner wrote; it knows its own memory, `peak_mb` that of its children too."""
    report = Report(
        duration_ms=meta["duration_ms"],
        memory_mb=memory_mb,
        max_memory_mb=max(peak_mb, meta["max_memory_mb"]),
        init_ms=meta.get("init_ms"),
    )
    if meta["status"] == "returned":
        return Returned(id=call_id, payload=body, report=report)
    return Failed(id=call_id, error=function_error(body, call_id), report=report)


def function_error(body: bytes | None, call_id: str) -> FunctionError:
    """Read the error document of a runtime; None stands for one that was over the limit."""
    if body is None:
        return response_too_large(call_id)
    try:
        document = json.loads(body)
        return FunctionError(
            error_type=str(document["errorType"]),
            error_message=str(document["errorMessage"]),
            stack_trace=tuple(str(line) for line in document.get("stackTrace") or ()),
            request_id=call_id,
        )
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        text = body.decode("utf-8", "backslashreplace")
        return FunctionError(error_type="Runtime.Unknown", error_message=text, request_id=call_id)


def _without_result(ended: Ended) -> Outcome:
    report = Report(duration_ms=ended.duration_ms, memory_mb=ended.memory_mb, max_memory_mb=ended.peak_mb)
    match ended.cause:
        case "cancelled":
            return Cancelled(id=ended.id)
        case "timed_out":
            return Failed(id=ended.id, error=timed_out(ended.id, ended.timeout), report=report)
        case "out_of_memory":
            return Failed(id=ended.id, error=out_of_memory(ended.id), report=report)
    if ended.returncode is None:
        return Lost(id=ended.id, reason="the runner ended without a result while no worker watched it")
    if -ended.returncode in OUTSIDE_SIGNALS:
        name = signal.Signals(-ended.returncode).name
        return Lost(id=ended.id, reason=f"the runner was ended from outside by {name}")
    return Failed(id=ended.id, error=runtime_exited(ended.id, ended.returncode), report=report)


def _close_log(ended: Ended, error: FunctionError) -> None:
    at = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    end = report_lines(ended.id, ended.duration_ms, ended.memory_mb, ended.peak_mb)
    with open_log(ended.log_path) as log:
        log.write(f"{at} {error.error_message}\n{error.error_type}\n{end}".encode())
