"""What an execution asks of its driver. Effects are data; carrying them out gives signals."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from bunsui.asl.wire import Wire


@dataclass(frozen=True, slots=True)
class Effect(Wire):
    """Base of all effects."""


@dataclass(frozen=True, slots=True)
class StartTask(Effect):
    """Call ``resource`` with ``parameters``; answer with ``Task...`` signals of this ``task_id``.

    ``resource`` is the ARN as the state has it; ``token`` is set for ``.waitForTaskToken`` and activities.
    Timeouts are in seconds and are watched by the engine; ``retry_count`` counts from 0.
    ``execution_arn`` is the execution that asks: a child of a distributed Map has its own.
    """

    task_id: str
    state: str
    resource: str
    parameters: Any
    execution_arn: str
    token: str | None = None
    timeout_seconds: float | None = None
    heartbeat_seconds: float | None = None
    retry_count: int = 0
    credentials: dict[str, Any] | None = None
    map_index: int | None = None

    def renamed(self, task_id: str) -> StartTask:
        """The same call under another id. Maps ask for it so often that ``replace`` would be felt."""
        return StartTask(
            task_id,
            self.state,
            self.resource,
            self.parameters,
            self.execution_arn,
            self.token,
            self.timeout_seconds,
            self.heartbeat_seconds,
            self.retry_count,
            self.credentials,
            self.map_index,
        )


@dataclass(frozen=True, slots=True)
class CancelTask(Effect):
    """The answer of this task no longer counts: end it where that is possible."""

    task_id: str


@dataclass(frozen=True, slots=True)
class ReadItems(Effect):
    """Read the items of a distributed Map; answer ``ItemsRead`` or ``ItemsUnreadable``."""

    read_id: str
    resource: str
    parameters: dict[str, Any]
    reader_config: dict[str, Any]


@dataclass(frozen=True, slots=True)
class WriteResults(Effect):
    """Write these objects; answer ``ResultsWritten`` or ``ResultsUnwritable``.

    ``files`` maps object keys to their text; all of them belong into ``bucket``.
    """

    write_id: str
    resource: str
    bucket: str
    files: dict[str, str]


@dataclass(frozen=True, slots=True)
class RecordMapRun(Effect):
    """A Map Run changed (DescribeMapRun); for records only, no answer is expected."""

    map_run_arn: str
    execution_arn: str
    status: str
    started_at: float
    ended_at: float | None
    max_concurrency: int
    tolerated_failure_count: int
    tolerated_failure_percentage: float
    counts: dict[str, int]
    redrive_count: int = 0


@dataclass(frozen=True, slots=True)
class RecordChild(Effect):
    """A child execution of a Map Run started or ended; for records only, no answer is expected.

    ``history`` is the raw history of a child that ended (see :class:`bunsui.asl.history.History`); the
    engine itself does not keep it.
    """

    map_run_arn: str
    execution_arn: str
    name: str
    status: str
    started_at: float
    ended_at: float | None = None
    input: str | None = None
    output: str | None = None
    error: str | None = None
    cause: str | None = None
    history: Sequence[tuple[Any, ...]] = ()
