"""A task of an execution, as the parts of the worker hand it around."""

from __future__ import annotations

from dataclasses import dataclass

from bunsui.asl.effects import StartTask
from bunsui.core.models.base import JsonValue
from bunsui.core.models.payload import Failure
from bunsui.core.models.status import JobStatus
from bunsui.local.engine.executions import ExecutionRecord


@dataclass(frozen=True, slots=True, kw_only=True)
class Assignment:
    """A task to carry out. `issued_at` is in epoch seconds."""

    record: ExecutionRecord
    task: StartTask
    issued_at: float

    @property
    def key(self) -> tuple[int, str]:
        """What tells it from all others."""
        return self.record.id, self.task.task_id


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a call gave: an output, or a failure.

    `duration` is in seconds, `max_memory` in MiB. `items` has what became of each item of a batch whose
    call succeeded: a failure, or None. `status` is that of the try. `pending`: the request was taken, and
    the answer itself comes with a callback token.
    """

    output: JsonValue = None
    failure: Failure | None = None
    status: JobStatus = JobStatus.SUCCEEDED
    duration: float | None = None
    max_memory: int | None = None
    items: tuple[Failure | None, ...] = ()
    pending: bool = False
