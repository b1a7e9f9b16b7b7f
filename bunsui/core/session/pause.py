"""Pause and resume a session: what runs finishes, nothing begins, and it goes on where it was."""

from __future__ import annotations

from bunsui.core.control.others import nudge_session
from bunsui.core.models.event import SessionEvent
from bunsui.core.models.plan import StoredPlan
from bunsui.core.models.session import Pause, Session
from bunsui.core.ports.store import Transaction
from bunsui.core.session.confirm import used
from bunsui.core.session.contention import retried
from bunsui.core.session.outcomes import Done, PausePlan
from bunsui.core.session.ports import SessionPorts
from bunsui.core.session.reducer import session_after
from bunsui.core.session.requests import PauseRequest
from bunsui.errors import Conflict


async def plan_pause(ports: SessionPorts, request: PauseRequest) -> PausePlan:
    """What would change; empty where it is so already. Raises NotFound, Conflict for an ended session."""
    return _plan(await ports.store.sessions.session(request.session_id), request)


async def pause(
    ports: SessionPorts, request: PauseRequest, *, by: str, approved: StoredPlan | None = None
) -> Done[PausePlan]:
    """Pause or resume. Repeated, it makes no difference. Raises as `plan_pause`, and as `used`."""

    async def step() -> PausePlan:
        session = await ports.store.sessions.session(request.session_id)
        plan, at = _plan(session, request), ports.clock.now()
        stored = await ports.store.plans.plan(approved.id) if approved else None
        spent = used(stored, plan, at)
        if plan.empty:
            await ports.store.commit(Transaction(put=spent))
            return plan
        mark = Pause(by=by, at=at, reason=request.reason) if request.pause else None
        runs = await ports.store.sessions.runs(session.id)
        after = session_after(session.model_copy(update={"pause": mark}), runs, at)
        kind = "session.paused" if request.pause else "session.resumed"
        data = {"by": by, "reason": request.reason}
        event = SessionEvent(session_id=session.id, at=at, kind=kind, data={**data})
        await ports.store.commit(Transaction(put=[after, *spent], events=[event]))
        return plan

    plan = await retried(step)
    await nudge_session(ports.control, request.session_id, firmly=True)
    return Done(request.session_id, plan)


def _plan(session: Session, request: PauseRequest) -> PausePlan:
    if session.status.ended or session.stopping:
        state = "is being stopped" if session.stopping else f"has ended: it is {session.status.value}"
        verb = "paused" if request.pause else "resumed"
        raise Conflict(
            f"Session {session.id} {state}; it cannot be {verb}.",
            next_steps=[
                f"Look at it: bunsui session show {session.id}",
                *(
                    []
                    if request.pause
                    else [f"Run what it lacks: bunsui session rerun {session.id} --dry-run"]
                ),
            ],
            details={"session": session.id, "status": session.status.value},
        )
    same = (session.pause is not None) is request.pause
    return PausePlan(session_id=session.id, pause=request.pause, reason=request.reason, empty=same)
