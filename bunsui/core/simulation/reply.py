"""What answers a task: a result, an error, a timeout; after a while, or never."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Self

from bunsui.asl import Signal, StartTask, TaskFailed, TaskStarted, TaskSubmitted, TaskSucceeded
from bunsui.core.models.base import JsonValue

_ACTIVITY = ":activity:"
_INTEGRATION = "arn:aws:states:::"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """The answer of one call. `kind` says which of the fields count; `delay` is in seconds.

    `timeout` is what happens when nobody answers in time: where the state watches no timeout, the service
    itself gives up.
    """

    kind: str
    output: JsonValue = None
    error: str | None = None
    cause: str | None = None
    delay: float = 0.0

    @classmethod
    def returned(cls, output: JsonValue, delay: float = 0.0) -> Self:
        """The call succeeds."""
        return cls(kind="return", output=output, delay=delay)

    @classmethod
    def thrown(cls, error: str, cause: str | None = None, delay: float = 0.0) -> Self:
        """The call fails."""
        return cls(kind="throw", error=error, cause=cause, delay=delay)

    @classmethod
    def timed_out(cls) -> Self:
        """The call does not end in time."""
        return cls(kind="timeout")

    @classmethod
    def silent(cls) -> Self:
        """Nobody answers: a callback or activity that is never completed."""
        return cls(kind="silent")

    def after(self, seconds: float) -> Reply:
        """The same, so much later."""
        return replace(self, delay=self.delay + seconds)

    def signals(self, task: StartTask, now: float) -> Iterator[Signal]:
        """What the execution hears of the call, in order of time."""
        yield from _begun(task, now)
        at = now + self.delay
        if self.kind == "return":
            yield TaskSucceeded(at, task.task_id, self.output)
        elif self.kind == "throw":
            yield TaskFailed(at, task.task_id, self.error, self.cause)
        elif self.kind == "timeout" and not _watched(task):
            yield TaskFailed(at, task.task_id, "States.Timeout", None, f"{_family(task)}TimedOut")


def _begun(task: StartTask, now: float) -> Iterator[Signal]:
    if _ACTIVITY in task.resource:
        yield TaskStarted(now, task.task_id, "simulation")
    elif task.resource.startswith(_INTEGRATION) and "." in task.resource:
        yield TaskSubmitted(now, task.task_id, {})


def _watched(task: StartTask) -> bool:
    return task.timeout_seconds is not None or task.heartbeat_seconds is not None


def _family(task: StartTask) -> str:
    if _ACTIVITY in task.resource:
        return "Activity"
    return "Task" if ":states:" in task.resource else "LambdaFunction"
