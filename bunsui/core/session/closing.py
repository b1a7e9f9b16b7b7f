"""The end of an attempt, however it came: its jobs, its run, its session and the business key."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from bunsui.core.models.base import Record
from bunsui.core.models.event import SessionEvent
from bunsui.core.models.job import JobRun
from bunsui.core.models.payload import Failure, Payload
from bunsui.core.models.plan import PlanState
from bunsui.core.models.session import Attempt, Run, Session
from bunsui.core.models.status import JobStatus, Status
from bunsui.core.ports.clock import Clock
from bunsui.core.ports.store import Store, Transaction
from bunsui.core.session.contention import retried
from bunsui.core.session.keys import claim_to_release
from bunsui.core.session.reducer import (
    JobEvent,
    LifeEvent,
    job_after,
    life_after,
    outcome,
    session_after,
    warnings_of,
)
from bunsui.core.session.slots import without

_RUNNING_ENDS: Mapping[Status, JobEvent] = {
    Status.SUCCEEDED: JobEvent.LOST,
    Status.FAILED: JobEvent.FAILED,
    Status.STOPPED: JobEvent.STOPPED,
    Status.TIMED_OUT: JobEvent.TIMED_OUT,
}


class Keeping(Protocol):
    """What closing needs of the ports."""

    @property
    def store(self) -> Store: ...

    @property
    def clock(self) -> Clock: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Open:
    """An attempt as it stands, with all that changes when it ends."""

    session: Session
    runs: Sequence[Run]
    attempt: Attempt
    jobs: Sequence[JobRun]

    @property
    def run(self) -> Run:
        """The run of the attempt."""
        return next(run for run in self.runs if run.id == self.attempt.run_id)


async def read_open(store: Store, session_id: str, run_id: str, number: int) -> Open:
    """Read an attempt and what stands around it. Raises NotFound."""
    return Open(
        session=await store.sessions.session(session_id),
        runs=await store.sessions.runs(session_id),
        attempt=await store.sessions.attempt(session_id, run_id, number),
        jobs=await store.jobs.job_runs(session_id, run_id, number),
    )


async def attempt_ended(
    ports: Keeping,
    session_id: str,
    run_id: str,
    attempt: int,
    status: Status,
    failure: Failure | None = None,
) -> None:
    """Close whatever is still open of an attempt whose execution has ended. Closed ones are left alone.

    Raises NotFound for an attempt that never was, Conflict when others keep changing it.
    """

    async def step() -> None:
        found = await read_open(ports.store, session_id, run_id, attempt)
        if found.attempt.status.ended:
            return
        at = ports.clock.now()
        jobs = [closed(job, status, failure, at) for job in found.jobs]
        event = outcome(jobs) if status is Status.SUCCEEDED else LifeEvent(status.value)
        await ports.store.commit(await ending(ports.store, found, jobs, event, at, failure))

    await retried(step)


async def ending(
    store: Store,
    found: Open,
    jobs: Sequence[JobRun],
    event: LifeEvent,
    at: datetime,
    failure: Failure | None = None,
    output: Payload | None = None,
) -> Transaction:
    """What is committed when an attempt ends: jobs that changed, attempt, run, session, the free key."""
    attempt = life_after(found.attempt, event, finished_at=at, failure=failure)
    stale = any(job.stale for job in jobs)
    run = life_after(found.run, event, warnings=warnings_of(jobs), stale=stale, output=output)
    runs = [run if one.id == run.id else one for one in found.runs]
    session = session_after(found.session, runs, at)
    changed: list[Record] = [job for job, was in zip(jobs, found.jobs, strict=True) if job is not was]
    owner = (session.id, run.id, attempt.number)
    changed += without(await store.limits.pools(session.profile), owner)
    changed += await withdrawn(store, found.jobs, at)
    changed += await _open_items(store, jobs, found.jobs, at)
    news = [session] if session is not found.session else []
    return Transaction(
        put=[*changed, attempt, run, *news],
        delete=await claim_to_release(store, session),
        events=[*_job_events(jobs, found.jobs, at), *_end_events(attempt, session, news, at)],
    )


async def withdrawn(store: Store, jobs: Iterable[JobRun], at: datetime) -> list[Record]:
    """The questions of jobs that waited for a person, as nobody's any more."""
    gates = [job.gate for job in jobs if job.status is JobStatus.WAITING and job.gate]
    plans = [await store.plans.plan(gate.plan_id) for gate in gates]
    end = {"state": PlanState.DENIED, "decided_by": "bunsui", "decided_how": "withdrawn", "decided_at": at}
    return [plan.next(**end) for plan in plans if plan.state is PlanState.PENDING]


async def _open_items(
    store: Store, jobs: Sequence[JobRun], before: Sequence[JobRun], at: datetime
) -> list[JobRun]:
    """The items that nobody will report any more, ended as their job is."""
    found: list[JobRun] = []
    for job, was in zip(jobs, before, strict=True):
        if was.items is not None and was.status is JobStatus.RUNNING and job is not was:
            rows = await store.jobs.items(job.session_id, job.run_id, job.attempt, job.job)
            found += [_with_job(row, job, at) for row in rows if not row.status.ended]
    return found


def _with_job(item: JobRun, job: JobRun, at: datetime) -> JobRun:
    running = item.status is JobStatus.RUNNING
    return job_after(item, JobEvent(job.status.value) if running else JobEvent.STOPPED, at)


def closed(job: JobRun, status: Status, failure: Failure | None, at: datetime) -> JobRun:
    """The job run as the end of its attempt leaves it; the same object where it has ended."""
    if job.status.ended:
        return job
    if job.status is not JobStatus.RUNNING:
        return job_after(job, JobEvent.STOPPED, at, token=None)
    return job_after(job, _RUNNING_ENDS[status], at, token=None, failure=failure)


def job_event(job: JobRun, at: datetime) -> SessionEvent:
    """The event that tells the status a job run has come to."""
    return SessionEvent(
        session_id=job.session_id,
        at=at,
        kind=f"job.{job.status.value}",
        run_id=job.run_id,
        attempt=job.attempt,
        job=job.job,
        item=job.item or None,
        data={"error": job.failure.error} if job.failure else {},
    )


def _job_events(jobs: Sequence[JobRun], before: Sequence[JobRun], at: datetime) -> list[SessionEvent]:
    return [job_event(job, at) for job, was in zip(jobs, before, strict=True) if job is not was]


def _end_events(
    attempt: Attempt, session: Session, news: Sequence[Session], at: datetime
) -> list[SessionEvent]:
    ended = SessionEvent(
        session_id=session.id,
        at=at,
        kind=f"attempt.{attempt.status.value}",
        run_id=attempt.run_id,
        attempt=attempt.number,
    )
    kind = f"session.{session.status.value}"
    return [ended, *(SessionEvent(session_id=session.id, at=at, kind=kind) for _ in news)]
