"""Accept stale results: a person says, with a reason, that they are good."""

from __future__ import annotations

from datetime import datetime

from bunsui.core.models.base import Record
from bunsui.core.models.event import SessionEvent
from bunsui.core.models.job import JobRun
from bunsui.core.models.plan import StoredPlan
from bunsui.core.models.session import Run, Session
from bunsui.core.ports.store import Transaction
from bunsui.core.session.confirm import used
from bunsui.core.session.idle import check_idle
from bunsui.core.session.outcomes import AcceptPlan, Done
from bunsui.core.session.ports import SessionPorts
from bunsui.core.session.reducer import session_after
from bunsui.core.session.requests import AcceptRequest
from bunsui.core.session.selection import named_jobs
from bunsui.errors import UsageError


async def plan_accept(ports: SessionPorts, request: AcceptRequest) -> AcceptPlan:
    """The stale jobs that would be accepted; empty where none is stale.

    Raises NotFound for unknown jobs, UsageError without a reason, Conflict while an attempt is open.
    """
    _, _, stale = await _read(ports, request)
    return _plan(request, stale)


async def accept(
    ports: SessionPorts, request: AcceptRequest, *, by: str, approved: StoredPlan | None = None
) -> Done[AcceptPlan]:
    """Clear the stale marks, keeping who accepted and why. Raises as `plan_accept` and `used`."""
    session, runs, stale = await _read(ports, request)
    plan, at = _plan(request, stale), ports.clock.now()
    spent = used(approved, plan, at)
    if plan.empty:
        await ports.store.commit(Transaction(put=spent))
        return Done(session.id, plan)
    accepted = [job.next(stale=False, stale_reason=f"accepted by {by}: {request.reason}") for job in stale]
    changed = [run for run in [await _run_after(ports, run, stale) for run in runs] if run is not None]
    newer = {run.id: run for run in changed}
    after = session_after(session, [newer.get(run.id, run) for run in runs], at)
    put: list[Record] = [*accepted, *changed, *([after] if after is not session else []), *spent]
    events = [_event(job, by, request.reason, at) for job in stale]
    await ports.store.commit(Transaction(put=put, events=events))
    return Done(session.id, plan)


async def _read(ports: SessionPorts, request: AcceptRequest) -> tuple[Session, list[Run], list[JobRun]]:
    if not request.reason.strip():
        raise UsageError("Accepting stale results needs a reason.", next_steps=["Give --reason TEXT."])
    session = await ports.store.sessions.session(request.session_id)
    runs = await ports.store.sessions.runs(session.id)
    await check_idle(ports.store, session, runs)
    jobs = [job for run in runs for job in await _jobs(ports, run)]
    known = {run.id: {job.job for job in jobs if job.run_id == run.id} for run in runs}
    named = named_jobs(request.jobs, known)
    chosen = [job for job in jobs if not request.jobs or job.job in named.get(job.run_id, ())]
    return session, runs, [job for job in chosen if job.stale]


async def _jobs(ports: SessionPorts, run: Run) -> list[JobRun]:
    return await ports.store.jobs.job_runs(run.session_id, run.id, run.attempt)


def _plan(request: AcceptRequest, stale: list[JobRun]) -> AcceptPlan:
    names = tuple(f"{job.run_id}/{job.job}" for job in stale)
    return AcceptPlan(session_id=request.session_id, jobs=names, reason=request.reason)


async def _run_after(ports: SessionPorts, run: Run, accepted: list[JobRun]) -> Run | None:
    """The run with its flag as it is without the accepted marks; None where nothing was accepted."""
    names = {job.job for job in accepted if job.run_id == run.id}
    if not names:
        return None
    stale = any(job.stale for job in await _jobs(ports, run) if job.job not in names)
    after: Run = run.next(stale=stale)
    return after


def _event(job: JobRun, by: str, reason: str, at: datetime) -> SessionEvent:
    return SessionEvent(
        session_id=job.session_id,
        at=at,
        kind="job.accepted",
        run_id=job.run_id,
        attempt=job.attempt,
        job=job.job,
        data={"by": by, "reason": reason},
    )
