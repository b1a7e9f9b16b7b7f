"""Decisions of people on plans, out of band: what `bunsui approval decide` does."""

from __future__ import annotations

from bunsui.core.control.approvals import GATE_TOOL
from bunsui.core.control.decide import decide_gate
from bunsui.core.models.audit import CallerKind
from bunsui.core.models.plan import PlanState, StoredPlan
from bunsui.core.ports.store import Transaction
from bunsui.errors import BunsuiError, Conflict, PermissionDenied
from bunsui.tools.call import AuditSubject, record
from bunsui.tools.context import Caller
from bunsui.tools.plans import check_usable
from bunsui.tools.policy import Channel
from bunsui.tools.runtime import Runtime

TOOL = "approval_decide"


async def decide(runtime: Runtime, plan_id: str, caller: Caller, *, deny: bool = False) -> StoredPlan:
    """Approve or deny a pending plan; nothing runs, but the job whose gate it is goes on.

    The front end made sure that a person sits there. Raises NotFound, PermissionDenied for callers that
    are no person, Conflict for a plan that is decided already or belongs to another profile,
    ApprovalDenied for one that has expired.
    """
    about = AuditSubject(kind="denied", tool=TOOL, plan_id=plan_id[:80])
    try:
        stored = await _decidable(runtime, plan_id, caller)
    except BunsuiError as error:
        await record(runtime, caller, about, {"code": error.code, "message": error.message})
        raise
    return await _decided(runtime, stored, caller, PlanState.DENIED if deny else PlanState.APPROVED)


async def _decidable(runtime: Runtime, plan_id: str, caller: Caller) -> StoredPlan:
    if caller.kind is not CallerKind.PERSON:
        raise PermissionDenied(
            f"only a person decides plans, not {caller.kind}",
            next_steps=[f"a person decides on a terminal: bunsui approval decide {plan_id[:80]}"],
        )
    stored = await runtime.ports.store.plans.plan(plan_id)
    if stored.profile != runtime.profile.name:
        raise Conflict(
            f"plan {stored.id} belongs to the profile {stored.profile}",
            next_steps=[f"bunsui approval decide {stored.id} --profile {stored.profile}"],
        )
    check_usable(runtime, stored)
    if stored.state is not PlanState.PENDING:
        raise Conflict(
            f"plan {stored.id} was {stored.state} by {stored.decided_by} at {stored.decided_at}",
            next_steps=[f"repeat the planned call with plan_id {stored.id} (--plan {stored.id})"],
            details={"plan_id": stored.id, "state": stored.state.value},
        )
    return stored


async def _settled(runtime: Runtime, stored: StoredPlan, caller: Caller, state: PlanState) -> StoredPlan:
    """The decision, committed: that on the gate of a job together with what follows from it."""
    if stored.tool == GATE_TOOL:
        return await decide_gate(
            runtime.ports.control,
            stored.id,
            by=caller.actor,
            how=Channel.TERMINAL.value,
            approve=state is PlanState.APPROVED,
        )
    settled: StoredPlan = stored.next(
        state=state,
        decided_by=caller.actor,
        decided_how=Channel.TERMINAL.value,
        decided_at=runtime.ports.clock.now(),
    )
    await runtime.ports.store.commit(Transaction(put=[settled]))
    return settled


def _subject(stored: StoredPlan) -> str | None:
    """The session whose job asks: nothing else in the trail says to which one the plan of a gate belongs."""
    return str(stored.arguments["session"]) if stored.tool == GATE_TOOL else None


async def _decided(runtime: Runtime, stored: StoredPlan, caller: Caller, state: PlanState) -> StoredPlan:
    about = AuditSubject(kind="answered", tool=stored.tool, plan_id=stored.id, subject=_subject(stored))
    reply = "accepted" if state is PlanState.APPROVED else "declined"
    await record(
        runtime, caller, about, {"reply": reply, "channel": Channel.TERMINAL, "digest": stored.digest}
    )
    return await _settled(runtime, stored, caller, state)
