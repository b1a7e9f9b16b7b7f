"""One state alone, as TestState runs it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bunsui.asl.test_state import test_state as run_test_state
from bunsui.core.models.base import JsonValue
from bunsui.core.simulation import Definition

_UNSET: Any = object()


@dataclass(frozen=True, slots=True, kw_only=True)
class StateRun:
    """What TestState answers. `status` is SUCCEEDED, FAILED, RETRIABLE or CAUGHT_ERROR.

    `inspection` shows the data at each step: `afterInputPath`, `afterArguments`, `result` and so on, decoded.
    """

    status: str
    output: Any
    next_state: str | None
    error: str | None
    cause: str | None
    inspection: Mapping[str, Any]


def run_state(  # noqa: PLR0913 - as many as TestState has, all by name
    definition: Definition,
    name: str | None = None,
    input: JsonValue = None,
    *,
    result: Any = _UNSET,
    error: str | None = None,
    cause: str | None = None,
    variables: Mapping[str, JsonValue] | None = None,
    context: Mapping[str, JsonValue] | None = None,
    retries: int | None = None,
) -> StateRun:
    """Run the state `name` of a machine, or a state given alone.

    `result`, or `error` and `cause`, stand in for the work of a Task, Map or Parallel state; `retries` says
    how many there were before. Raises TestStateError (of bunsui.asl.test_state) for what TestState refuses.
    """
    text = definition.read_text(encoding="utf-8") if isinstance(definition, Path) else definition
    request: dict[str, Any] = {"input": json.dumps(input if input is not None else {}), "stateName": name}
    request["inspectionLevel"] = "TRACE"
    request["mock"] = _mock(result, error, cause)
    request["variables"] = None if variables is None else json.dumps(variables)
    request["context"] = None if context is None else json.dumps(context)
    request["stateConfiguration"] = None if retries is None else {"retrierRetryCount": retries}
    given = {key: value for key, value in request.items() if value is not None}
    return _answer(run_test_state(text, given))


def _mock(result: Any, error: str | None, cause: str | None) -> dict[str, Any] | None:
    if error is not None:
        return {"errorOutput": {"error": error, "cause": cause}}
    return None if result is _UNSET else {"result": json.dumps(result)}


def _answer(answer: Mapping[str, Any]) -> StateRun:
    output = answer.get("output")
    return StateRun(
        status=answer["status"],
        output=None if output is None else json.loads(output),
        next_state=answer.get("nextState"),
        error=answer.get("error"),
        cause=answer.get("cause"),
        inspection={name: _decoded(value) for name, value in answer.get("inspectionData", {}).items()},
    )


def _decoded(value: Any) -> Any:
    return json.loads(value) if isinstance(value, str) else value
