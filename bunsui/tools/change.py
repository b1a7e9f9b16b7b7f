"""Calls that change something: planned, approved, carried out once, recorded."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any

from bunsui.core.models.base import JsonValue
from bunsui.core.models.plan import PlanState, StoredPlan
from bunsui.errors import (
    ApprovalDenied,
    ApprovalRequired,
    BunsuiError,
    Cancelled,
    Conflict,
    InternalError,
    StoreError,
)
from bunsui.tools import plans
from bunsui.tools.approver import Answer, Question, Reply
from bunsui.tools.call import Call
from bunsui.tools.context import Progress
from bunsui.tools.policy import Allow, Ask, Channel, Decision
from bunsui.tools.text import line
from bunsui.tools.tool import Output, Plan, ToolResult

POLL_SECONDS = 0.5
"""A waiting call looks at its plan at least this often, besides being woken by commits."""


async def change(call: Call, decision: Decision) -> ToolResult:
    """Carry out a call that is not a read, in the way that `decision` (Allow or Ask) demands.

    A caller that goes away before it is allowed leaves the plan as it is; afterwards it is carried out to its
    end. Both are recorded.
    """
    try:
        permitted = await _permitted(call, decision)
    except asyncio.CancelledError:
        await _record_error(call, "denied", None, Cancelled("the caller went away before it was allowed"))
        raise
    except BunsuiError as error:
        if not isinstance(error, ApprovalRequired):
            await _record_error(call, "denied", None, error)
        raise
    if isinstance(permitted, Plan):
        output: Output = await call.tool.handler(call.context(), call.input)
        return call.result(output, None, *([permitted.nothing] if permitted.nothing else []))
    return await _to_its_end(_run(call, permitted))


async def plan_of(call: Call) -> Plan:
    """What the tool would do over the state seen now."""
    if call.tool.plan is None:
        raise InternalError(f"{call.tool.name} changes something and has no plan")
    plan = await call.tool.plan(call.context(), call.input)
    if not isinstance(plan, Plan):
        raise InternalError(f"the plan of {call.tool.name} is no Plan")
    return plan


async def _permitted(call: Call, decision: Decision) -> StoredPlan | Plan:
    """The plan that may be carried out; one that is empty as it was made."""
    if call.plan_id is not None:
        return await _resumed(call, call.plan_id, decision)
    plan = await plan_of(call)
    return plan if plan.empty else await _proposed(call, plan, decision)


async def _proposed(call: Call, plan: Plan, decision: Decision) -> StoredPlan:
    stored = plans.made(call, plan, allowed=isinstance(decision, Allow))
    await _record_plan(call, stored, plan)
    await plans.store(call.runtime, stored)
    if isinstance(decision, Ask):
        stored = await _asked(call, stored, decision.reason)
        plans.check_fresh(call, stored, await plan_of(call))
    return stored


async def _resumed(call: Call, plan_id: str, decision: Decision) -> StoredPlan:
    stored = await call.runtime.ports.store.plans.plan(plan_id)
    plans.check_bound(call, stored)
    plans.check_usable(call.runtime, stored)
    if stored.state is PlanState.PENDING:
        stored = await _settled(call, stored, decision)
    plans.check_fresh(call, stored, await plan_of(call))
    return stored


async def _settled(call: Call, stored: StoredPlan, decision: Decision) -> StoredPlan:
    if isinstance(decision, Allow):
        approved = plans.decided(stored, call, Channel.POLICY, version=stored.version + 1)
        return await plans.store(call.runtime, approved)
    if call.wait <= 0:
        return await _asked(call, stored, decision.reason)
    stored = await _waited(call, stored)
    plans.check_usable(call.runtime, stored)
    if stored.state is PlanState.PENDING:
        raise plans.required(stored, decision.reason)
    return stored


async def _waited(call: Call, stored: StoredPlan) -> StoredPlan:
    store, loop = call.runtime.ports.store, asyncio.get_running_loop()
    deadline = loop.time() + call.wait
    await call.emit(Progress(done=0, message=f"waits for a person to decide on plan {stored.id}"))
    while stored.state is PlanState.PENDING and (left := deadline - loop.time()) > 0:
        await store.events.changed(timeout=min(left, POLL_SECONDS))
        stored = await store.plans.plan(stored.id)
    return stored


async def _asked(call: Call, stored: StoredPlan, reason: str) -> StoredPlan:
    await call.record("asked", plan=stored, data={"reason": reason, "digest": stored.digest})
    question = Question(plan=stored, reason=reason, caller=call.caller, profile=call.runtime.profile)
    answer = await call.approver.ask(question)
    if answer.channel is None:
        raise plans.required(stored, reason)
    await call.record("answered", plan=stored, data=_answered(answer))
    if answer.reply is Reply.ACCEPTED and question.accepts(answer.channel):
        return await _accepted(call, stored, answer.channel, answer.by)
    if answer.reply is Reply.DECLINED and answer.channel is Channel.TERMINAL:
        raise await _declined(call, stored, answer.by)
    raise plans.required(stored, reason, answer)


async def _accepted(call: Call, stored: StoredPlan, channel: Channel, by: str) -> StoredPlan:
    now = await call.runtime.ports.store.plans.plan(stored.id)
    plans.check_usable(call.runtime, now)
    if now.state is PlanState.APPROVED:
        return now
    approved = plans.decided(stored, call, channel, version=stored.version + 1, by=by)
    return await plans.store(call.runtime, approved)


async def _declined(call: Call, stored: StoredPlan, by: str) -> ApprovalDenied:
    denied = plans.decided(stored, call, Channel.TERMINAL, version=stored.version + 1, by=by)
    await plans.store(call.runtime, denied.model_copy(update={"state": PlanState.DENIED}))
    return ApprovalDenied(f"no: {stored.title} was not carried out", details={"plan_id": stored.id})


async def _to_its_end(work: Coroutine[Any, Any, ToolResult]) -> ToolResult:
    """Wait for the work also when the caller is cancelled: half-way, it may be committed already."""
    task = asyncio.ensure_future(work)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.wait({task})
        if not task.cancelled():
            task.exception()  # was recorded; nobody else is left to be told
        raise


async def _run(call: Call, stored: StoredPlan) -> ToolResult:
    await call.record("allowed", plan=stored, data={"how": stored.decided_how, "by": stored.decided_by})
    try:
        output: Output = await call.tool.handler(call.context(stored), call.input)
    except BaseException as error:
        await _record_error(call, "failed", stored, error)
        raise
    return await _recorded(call, stored, output)


async def _recorded(call: Call, stored: StoredPlan, output: Output) -> ToolResult:
    """The change is committed: a record that fails now is a warning, not a failure of the change."""
    data: dict[str, JsonValue] = {"summary": output.headline}
    try:
        await call.record("done", plan=stored, subject=output.subject, data=data)
    except (StoreError, Conflict) as error:
        warning = f"it was done, but the result is missing in the audit trail: {error.message}"
        return call.result(output, stored, warning)
    return call.result(output, stored)


async def _record_plan(call: Call, stored: StoredPlan, plan: Plan) -> None:
    data: dict[str, JsonValue] = {
        "title": stored.title,
        "text": list(stored.text),
        "digest": stored.digest,
        "arguments": stored.arguments,
        "expires_at": stored.expires_at.isoformat(),
    }
    await call.record("planned", plan=stored, subject=plan.subject, data=data)


async def _record_error(call: Call, kind: str, stored: StoredPlan | None, error: BaseException) -> None:
    """Record why it came to nothing; the error itself goes on, with a note where even that fails."""
    code = error.code if isinstance(error, BunsuiError) else type(error).__name__
    data: dict[str, JsonValue] = {"code": code, "message": line(str(error), 500), "plan_id": call.plan_id}
    try:
        await call.record(kind, plan=stored, data=data)
    except BunsuiError as second:
        error.add_note(f"and the audit trail does not hold it: {second.message}")


def _answered(answer: Answer) -> dict[str, JsonValue]:
    return {
        "reply": answer.reply.value,
        "channel": answer.channel,
        "by": line(answer.by, 120),
        "seconds": answer.seconds,
        "note": line(answer.note, 200),
    }
