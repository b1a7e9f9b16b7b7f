"""What a driver tells an execution. ``at`` is the time of the signal in epoch seconds.

The start record and the signals in their order are the whole truth of an execution.
Signals for tasks, readers or writers that are no longer open are ignored.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from bunsui.asl.wire import Wire


@dataclass(frozen=True, slots=True)
class Signal(Wire):
    """Base of all signals."""

    at: float


@dataclass(frozen=True, slots=True)
class TaskStarted(Signal):
    """A task began. Optional for all but activities, where ``worker_name`` names the poller."""

    task_id: str
    worker_name: str | None = None


@dataclass(frozen=True, slots=True)
class TaskSubmitted(Signal):
    """The service took the request of a ``.sync`` or ``.waitForTaskToken`` task and answered ``output``."""

    task_id: str
    output: Any = None


@dataclass(frozen=True, slots=True)
class TaskSucceeded(Signal):
    """A task ended well; ``output`` is the JSON value that the integration gives."""

    task_id: str
    output: Any = None


@dataclass(frozen=True, slots=True)
class TaskFailed(Signal):
    """A task failed.

    ``event`` may name another failing event than the integration's usual one, for instance
    ``TaskTimedOut``, ``LambdaFunctionScheduleFailed`` or ``TaskSubmitFailed``.
    """

    task_id: str
    error: str | None = None
    cause: str | None = None
    event: str | None = None


@dataclass(frozen=True, slots=True)
class TaskHeartbeat(Signal):
    """A task that waits for its token, or an activity, is alive."""

    task_id: str


@dataclass(frozen=True, slots=True)
class TimeReached(Signal):
    """The time is now ``at``: every timer that is due fires."""


@dataclass(frozen=True, slots=True)
class Continue(Signal):
    """Go on after a step that used up its budget of transitions."""


@dataclass(frozen=True, slots=True)
class Stop(Signal):
    """StopExecution."""

    error: str | None = None
    cause: str | None = None


@dataclass(frozen=True, slots=True)
class Redrive(Signal):
    """RedriveExecution: go on from where an unsuccessful execution ended."""


@dataclass(frozen=True, slots=True)
class UpdateMapRun(Signal):
    """UpdateMapRun: what is given holds from now on for the Map Run with that ARN, or of that state.

    A number for a state whose Map has not begun is kept until it does, and counts there if it is larger
    than the Map's own. ``max_concurrency`` 0 is no limit.
    """

    map_run_arn: str | None = None
    state: str | None = None
    max_concurrency: int | None = None
    tolerated_failure_count: int | None = None
    tolerated_failure_percentage: float | None = None


@dataclass(frozen=True, slots=True)
class ItemsRead(Signal):
    """The answer to ``ReadItems``.

    ``body`` is the text of an object (JSON, JSONL, CSV); ``items`` are the listed objects of
    ``s3:listObjectsV2``, or rows that the driver has decoded itself.
    """

    read_id: str
    body: str | None = None
    items: list[Any] | None = None


@dataclass(frozen=True, slots=True)
class ItemsUnreadable(Signal):
    """The items could not be read: the Map fails with ``States.ItemReaderFailed``."""

    read_id: str
    cause: str | None = None
    error: str | None = None


@dataclass(frozen=True, slots=True)
class ResultsWritten(Signal):
    """The answer to ``WriteResults``: the files are in place."""

    write_id: str


@dataclass(frozen=True, slots=True)
class ResultsUnwritable(Signal):
    """The results could not be written: the Map fails with ``States.ResultWriterFailed``."""

    write_id: str
    cause: str | None = None
