"""What a Catch says about a failed operation, in words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson

from bunsui.core.models.base import JsonValue
from bunsui.core.models.payload import Failure
from bunsui.core.session.reducer import OWN_ERROR, JobEvent

INVALID_OUTPUT = f"{OWN_ERROR}InvalidOutput"
"""The error of a job or item whose output is none, or cannot be recorded."""

_TIMEOUTS = frozenset({"States.Timeout", "States.HeartbeatTimeout", "Sandbox.Timedout"})
_KILLED = 137


def event_of(failure: Failure) -> JobEvent:
    """What the failure means for its job."""
    return JobEvent.TIMED_OUT if failure.error in _TIMEOUTS else JobEvent.FAILED


def failure_of(outcome: Mapping[str, JsonValue]) -> Failure:
    """The failure that `finish` was told. A cause that is a document of a service is put into words."""
    error, cause = str(outcome.get("error") or "States.TaskFailed"), str(outcome.get("cause") or "")
    document = _document(cause)
    if "errorMessage" in document:
        return Failure(error=error, cause=str(document["errorMessage"]))
    if "Containers" in document:
        return Failure(error=error, cause=_of_task(document))
    return Failure(error=error, cause=cause)


def _document(cause: str) -> dict[str, Any]:
    try:
        found = orjson.loads(cause)
    except orjson.JSONDecodeError:
        return {}
    return found if isinstance(found, dict) else {}


def _of_task(task: dict[str, Any]) -> str:
    """An ECS task in words: exit code, what it says, and what it means."""
    containers = task["Containers"] if isinstance(task["Containers"], list) else []
    container = containers[0] if containers and isinstance(containers[0], dict) else {}
    code = container.get("ExitCode")
    exited = [f"exit code {code}"] if code is not None else []
    said = [str(text) for text in (container.get("Reason"), task.get("StoppedReason")) if text]
    if code == _KILLED and not any("OutOfMemory" in text for text in said):
        said.append("killed, most often because it was out of memory")
    elif code == _KILLED:
        said.append(f"out of memory at {task.get('Memory', 'the limit of its')} MiB")
    return "; ".join(dict.fromkeys([*exited, *said])) or "the task ended without a reason"
