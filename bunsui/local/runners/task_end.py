"""Turn what is left of a container task into its outcome, in ECS's words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from bunsui.local.runners.outcomes import Lost, StopCode, TaskCause, TaskOutcome, TaskReport, TaskStopped
from bunsui.local.runners.specs import InFlight
from bunsui.local.runners.spool import SpoolRecord, read_record

KILLED = 137
REASONS: dict[TaskCause, str] = {
    "exited": "Essential container in task exited",
    "out_of_memory": "OutOfMemoryError: Container killed due to memory usage",
    "timed_out": "Task timed out after {timeout:.2f} seconds",
    "stopped": "Task stopped by user",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskEnded:
    """A task whose shim is gone: why it was being ended, and what was seen of its use."""

    call: InFlight
    cause: TaskCause
    duration_ms: float = 0.0
    peak_mb: int = 0


def settle_task(ended: TaskEnded) -> TaskOutcome:
    """Return the outcome of a task whose shim is gone: its record, else why we ended it, else Lost."""
    record = read_record(ended.call.spool_path, ended.call.started.id)
    if record is not None:
        return _recorded(ended, record)
    if ended.cause == "exited":
        return Lost(id=ended.call.started.id, reason="the task's process ended without a record")
    return _stopped(ended, ended.cause, {"exit_code": KILLED}, None)


def not_started(call_id: str, memory_mb: int, reason: str) -> TaskStopped:
    """Return the outcome of a task that never became a process."""
    return TaskStopped(
        id=call_id,
        cause="not_started",
        exit_code=None,
        stop_code="TaskFailedToStart",
        reason=reason,
        output=None,
        report=TaskReport(
            duration_ms=0.0, memory_mb=memory_mb, max_memory_mb=0, user_seconds=0.0, system_seconds=0.0
        ),
    )


def _recorded(ended: TaskEnded, record: SpoolRecord) -> TaskStopped:
    cause: TaskCause = record.meta["cause"]
    if cause == "not_started":
        return not_started(ended.call.started.id, ended.call.memory_mb, record.meta["reason"])
    if cause == "exited" and record.meta["max_memory_mb"] > ended.call.memory_mb:
        # It rose above its limit between two samples: a container would have been killed there.
        return _stopped(ended, "out_of_memory", {**record.meta, "exit_code": KILLED}, record.body)
    return _stopped(ended, cause, record.meta, record.body)


def _stopped(ended: TaskEnded, cause: TaskCause, meta: dict[str, Any], output: bytes | None) -> TaskStopped:
    stop_code: StopCode = "UserInitiated" if cause in {"timed_out", "stopped"} else "EssentialContainerExited"
    return TaskStopped(
        id=ended.call.started.id,
        cause=cause,
        exit_code=meta["exit_code"],
        stop_code=stop_code,
        reason=REASONS[cause].format(timeout=ended.call.timeout),
        output=output,
        report=TaskReport(
            duration_ms=meta.get("duration_ms", ended.duration_ms),
            memory_mb=ended.call.memory_mb,
            max_memory_mb=max(ended.peak_mb, meta.get("max_memory_mb", 0)),
            user_seconds=meta.get("user_seconds", 0.0),
            system_seconds=meta.get("system_seconds", 0.0),
        ),
    )
