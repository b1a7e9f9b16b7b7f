"""Stop a session: nothing new begins, and what runs is ended. A failed one is given up."""

from __future__ import annotations

from bunsui.core.control.others import attempt_ended
from bunsui.core.models.event import SessionEvent
from bunsui.core.models.payload import Failure
from bunsui.core.models.plan import StoredPlan
from bunsui.core.models.session import Attempt, Pause, Session
from bunsui.core.models.status import Status
from bunsui.core.ports.store import Transaction
from bunsui.core.session.confirm import used
from bunsui.core.session.contention import retried
from bunsui.core.session.keys import RELEASING, claim_to_release
from bunsui.core.session.outcomes import Done, StopPlan
from bunsui.core.session.ports import SessionPorts
from bunsui.core.session.reducer import STOPPED_ERROR, ended_status, session_after
from bunsui.core.session.requests import StopRequest

_GIVEN_UP = (Status.FAILED, Status.TIMED_OUT)


async def plan_stop(ports: SessionPorts, request: StopRequest) -> StopPlan:
    """What a stop would end; empty for a session that has succeeded or was stopped. Raises NotFound."""
    session = await ports.store.sessions.session(request.session_id)
    running = {
        f"{attempt.run_id}/{attempt.number}": await _open_jobs(ports, attempt)
        for attempt in await open_attempts(ports, session)
    }
    return StopPlan(session_id=session.id, attempts=running, gives_up=session.status in _GIVEN_UP)


async def stop(
    ports: SessionPorts, request: StopRequest, *, by: str, approved: StoredPlan | None = None
) -> Done[StopPlan]:
    """Ask for the end of every open attempt. The stop is recorded first, so that a crash forgets nothing.

    Jobs that end between plan and stop make no difference. Raises NotFound, and as `used`.
    """
    plan = await plan_stop(ports, request)
    shown = StopPlan.model_validate(approved.body) if approved else plan
    session = await _record(ports, request, by, approved, shown)
    if session is not None:
        await end_attempts(ports, session)
    return Done(request.session_id, plan)


async def end_attempts(ports: SessionPorts, session: Session) -> None:
    """End the executions of a session that is being stopped; close attempts that have none."""
    stopping = session.stopping
    cause = (
        f"stopped by {stopping.by}" + (f": {stopping.reason}" if stopping.reason else "") if stopping else ""
    )
    failure = Failure(error=STOPPED_ERROR, cause=cause)
    for attempt in await open_attempts(ports, session):
        execution = await ports.engine.describe(attempt.execution)
        if execution is not None and execution.status == "RUNNING":
            await ports.engine.stop(attempt.execution, failure)
            continue
        status = ended_status(execution) if execution else Status.STOPPED
        why = execution.failure if execution else failure
        await attempt_ended(ports.control, session.id, attempt.run_id, attempt.number, status, why)


async def open_attempts(ports: SessionPorts, session: Session) -> list[Attempt]:
    """The newest attempts of runs that have not ended."""
    runs = await ports.store.sessions.runs(session.id)
    return [
        await ports.store.sessions.attempt(session.id, run.id, run.attempt)
        for run in runs
        if not run.status.ended
    ]


async def _open_jobs(ports: SessionPorts, attempt: Attempt) -> tuple[str, ...]:
    jobs = await ports.store.jobs.job_runs(attempt.session_id, attempt.run_id, attempt.number)
    return tuple(job.job for job in jobs if not job.status.ended)


async def _record(
    ports: SessionPorts, request: StopRequest, by: str, approved: StoredPlan | None, plan: StopPlan
) -> Session | None:
    """The session with the wish to stop it, committed; None when there is nothing to stop."""

    async def step() -> Session | None:
        at = ports.clock.now()
        session = await ports.store.sessions.session(request.session_id)
        stored = await ports.store.plans.plan(approved.id) if approved else None
        spent = used(stored, plan, at)
        if session.status in RELEASING:
            await ports.store.commit(Transaction(put=spent))
            return None
        stopping = session.stopping or Pause(by=by, at=at, reason=request.reason)
        after: Session = session.next(stopping=stopping, updated_at=at)
        if session.status in _GIVEN_UP:
            runs = await ports.store.sessions.runs(session.id)
            after = session_after(session.model_copy(update={"stopping": stopping}), runs, at)
        event = SessionEvent(session_id=session.id, at=at, kind="session.stopping", data={"by": by})
        released = await claim_to_release(ports.store, after)
        await ports.store.commit(Transaction(put=[after, *spent], delete=released, events=[event]))
        return after

    return await retried(step)
