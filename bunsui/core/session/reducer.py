"""The one place that decides transitions: of job runs, attempts, runs and sessions.

Everything here is pure and follows the tables below. What a table does not hold is an error, never a
silent overwrite: whoever may see an event twice looks at the status first.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any, TypeVar

from bunsui.core.models.job import JobRun
from bunsui.core.models.session import Attempt, Run, Session
from bunsui.core.models.status import JobStatus, Status
from bunsui.core.ports.engine import EngineExecution
from bunsui.errors import Conflict

Life = TypeVar("Life", Attempt, Run)

OWN_ERROR = "Bunsui."
"""Prefix of error names that bunsui itself gives to an execution that it ends."""

STOPPED_ERROR = "Bunsui.Stopped"


class JobEvent(StrEnum):
    """What can happen to a job run or an item run."""

    QUEUED = "queued"
    ASKED = "asked"
    STARTED = "started"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    TIMED_OUT = "timed_out"
    STOPPED = "stopped"
    SKIPPED = "skipped"
    UPSTREAM_FAILED = "upstream_failed"
    LOST = "lost"


class LifeEvent(StrEnum):
    """What can happen to an attempt or a run; an attempt is never rerun, its run is."""

    STARTED = "started"
    PAUSED = "paused"
    RESUMED = "resumed"
    ASKED = "asked"
    ANSWERED = "answered"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    STOPPED = "stopped"
    TIMED_OUT = "timed_out"
    RERUN = "rerun"


_J, _E = JobStatus, JobEvent
_GIVEN_UP = {
    _E.STOPPED: _J.STOPPED,
    _E.FAILED: _J.FAILED,
    _E.SKIPPED: _J.SKIPPED,
    _E.UPSTREAM_FAILED: _J.UPSTREAM_FAILED,
}
JOB_TRANSITIONS: Mapping[JobStatus, Mapping[JobEvent, JobStatus]] = {
    _J.PENDING: {_E.QUEUED: _J.QUEUED, **_GIVEN_UP},
    _J.QUEUED: {_E.STARTED: _J.RUNNING, _E.ASKED: _J.WAITING, **_GIVEN_UP},
    _J.WAITING: {_E.QUEUED: _J.QUEUED, _E.FAILED: _J.FAILED, _E.STOPPED: _J.STOPPED},
    _J.RUNNING: {
        _E.SUCCEEDED: _J.SUCCEEDED,
        _E.FAILED: _J.FAILED,
        _E.TIMED_OUT: _J.TIMED_OUT,
        _E.STOPPED: _J.STOPPED,
        _E.LOST: _J.LOST,
    },
}
"""Statuses that are absent are final within their attempt."""

_S, _L = Status, LifeEvent
_ENDING = {_L.FAILED: _S.FAILED, _L.STOPPED: _S.STOPPED, _L.TIMED_OUT: _S.TIMED_OUT}
_AGAIN = {_L.RERUN: _S.CREATED}
LIFE_TRANSITIONS: Mapping[Status, Mapping[LifeEvent, Status]] = {
    _S.CREATED: {_L.STARTED: _S.RUNNING, **_ENDING},
    _S.RUNNING: {
        _L.PAUSED: _S.PAUSED,
        _L.ASKED: _S.WAITING_APPROVAL,
        _L.SUCCEEDED: _S.SUCCEEDED,
        **_ENDING,
    },
    _S.PAUSED: {_L.RESUMED: _S.RUNNING, **_ENDING},
    _S.WAITING_APPROVAL: {_L.ANSWERED: _S.RUNNING, _L.PAUSED: _S.PAUSED, **_ENDING},
    _S.SUCCEEDED: _AGAIN,
    _S.FAILED: _AGAIN,
    _S.STOPPED: _AGAIN,
    _S.TIMED_OUT: _AGAIN,
}

_BUSY = (Status.RUNNING, Status.WAITING_APPROVAL, Status.PAUSED)
_WORST = (Status.FAILED, Status.TIMED_OUT, Status.STOPPED)


def job_after(job: JobRun, event: JobEvent, at: datetime, **changes: Any) -> JobRun:
    """The job run after an event, at its next version. Raises Conflict for an illegal transition."""
    status = JOB_TRANSITIONS.get(job.status, {}).get(event)
    if status is None:
        raise _illegal(f"job {job.job}", job.session_id, job.run_id, job.status, event)
    times = {_JOB_TIME[event]: at} if event in _JOB_TIME else {}
    if status.ended:
        times["finished_at"] = at
    after: JobRun = job.next(status=status, **{**times, **changes})
    return after


_JOB_TIME = {JobEvent.QUEUED: "queued_at", JobEvent.STARTED: "started_at"}


def life_after(record: Life, event: LifeEvent, **changes: Any) -> Life:
    """The attempt or run after an event, at its next version. Raises Conflict for an illegal transition."""
    status = LIFE_TRANSITIONS[record.status].get(event)
    if status is None or (event is LifeEvent.RERUN and isinstance(record, Attempt)):
        raise _illegal(*_place(record), record.status, event)
    after: Life = record.next(status=status, **changes)
    return after


def session_after(session: Session, runs: Iterable[Run], at: datetime, *, rerun: bool = False) -> Session:
    """The session as its runs make it, at its next version; the same object where nothing changed.

    One that was asked to stop and has not succeeded ends as stopped, also where its runs had failed; one
    that is paused and has not ended is paused, whatever still runs.
    Only a rerun takes a session that has ended back to life. Raises Conflict for anything else.
    """
    kept = tuple(runs)
    status = session_status(run.status for run in kept)
    if session.stopping and status in (Status.FAILED, Status.TIMED_OUT):
        status = Status.STOPPED
    if session.pause and not status.ended:
        status = Status.PAUSED
    if session.status.ended and not status.ended and not rerun:
        raise _illegal("session", session.id, "", session.status, status)
    found = {
        "status": status,
        "warnings": sum(run.warnings for run in kept),
        "stale": any(run.stale for run in kept),
        "finished_at": (session.finished_at or at) if status.ended else None,
        "pause": None if status.ended else session.pause,
    }
    if all(getattr(session, name) == value for name, value in found.items()):
        return session
    after: Session = session.next(updated_at=at, **found)
    return after


def session_status(runs: Iterable[Status]) -> Status:
    """Status of a session with runs of these statuses: what is busy first, then the worst end."""
    statuses = set(runs)
    for status in _BUSY:
        if status in statuses:
            return status
    if Status.CREATED in statuses:
        return Status.CREATED if statuses == {Status.CREATED} else Status.RUNNING
    for status in _WORST:
        if status in statuses:
            return status
    return Status.SUCCEEDED


def outcome(jobs: Iterable[JobRun]) -> LifeEvent:
    """How an attempt ends whose jobs have all ended. A failed job of severity warning does not count."""
    bad = {job.status for job in jobs if not job.status.good and not job.warning}
    return LifeEvent.FAILED if bad else LifeEvent.SUCCEEDED


def warnings_of(jobs: Iterable[JobRun]) -> int:
    """Jobs that ended badly and did not block."""
    return sum(job.warning for job in jobs)


def ended_status(execution: EngineExecution) -> Status:
    """Status of an attempt whose execution has ended; an abort of ours that is no stop is a failure."""
    if execution.status != "ABORTED":
        return Status[execution.status]
    error = execution.failure.error if execution.failure else ""
    ours = error.startswith(OWN_ERROR) and error != STOPPED_ERROR
    return Status.FAILED if ours else Status.STOPPED


def _place(record: Attempt | Run) -> tuple[str, str, str]:
    if isinstance(record, Attempt):
        return f"attempt {record.number}", record.session_id, record.run_id
    return "run", record.session_id, record.id


def _illegal(what: str, session_id: str, run_id: str, status: StrEnum, event: StrEnum) -> Conflict:
    place = f"{session_id}/{run_id}" if run_id else session_id
    return Conflict(
        f"{what} of {place} is {status.value}; it cannot become {event.value}.".capitalize(),
        next_steps=[f"Look at it with `bunsui session show {session_id}`."],
        details={"session": session_id, "run": run_id, "status": status.value, "event": event.value},
    )
