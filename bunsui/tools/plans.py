"""Stored plans: made from what a tool plans, bound by a digest, checked before they are used."""

from __future__ import annotations

from bunsui.core.models.base import JsonValue, canonical_json, digest
from bunsui.core.models.plan import PlanState, StoredPlan
from bunsui.core.ports.store import Transaction
from bunsui.errors import ApprovalDenied, ApprovalRequired, Conflict, StalePlan
from bunsui.tools.approver import Answer
from bunsui.tools.call import Call
from bunsui.tools.policy import Channel
from bunsui.tools.runtime import Runtime
from bunsui.tools.text import clip
from bunsui.tools.tool import Plan
from bunsui.utils.config import DEFAULT_PROFILE


def plan_digest(call: Call, plan: Plan) -> str:
    """What a yes is bound to: the tool, its arguments, the profile, and the plan over the state seen."""
    arguments: JsonValue = dict(call.arguments)
    seen: JsonValue = [list(plan.text), plan.body] if plan.binding is None else plan.binding
    return digest([call.tool.name, arguments, call.runtime.profile.name, plan.title, seen])


def made(call: Call, plan: Plan, *, allowed: bool) -> StoredPlan:
    """A new plan, ready to be stored: approved by the policy where that `allowed` it, else pending."""
    runtime, now = call.runtime, call.runtime.ports.clock.now()
    stored = StoredPlan(
        id=runtime.ports.ids.plan(),
        tool=call.tool.name,
        effect=call.tool.effect,
        profile=runtime.profile.name,
        arguments=call.given,
        title=plan.title,
        text=plan.text,
        body=plan.body,
        digest=plan_digest(call, plan),
        created_by=call.caller.actor,
        created_at=now,
        expires_at=now + (runtime.plan_life if allowed else runtime.question_life),
    )
    return decided(stored, call, Channel.POLICY, version=1) if allowed else stored


def decided(stored: StoredPlan, call: Call, channel: Channel, *, version: int, by: str = "") -> StoredPlan:
    """The plan as approved over `channel`."""
    return stored.model_copy(
        update={
            "version": version,
            "state": PlanState.APPROVED,
            "decided_by": by or call.caller.actor,
            "decided_how": channel.value,
            "decided_at": call.runtime.ports.clock.now(),
        }
    )


async def store(runtime: Runtime, plan: StoredPlan) -> StoredPlan:
    """Commit the plan. Raises Conflict when somebody else changed it first."""
    await runtime.ports.store.commit(Transaction(put=[plan]))
    return plan


def check_bound(call: Call, stored: StoredPlan) -> None:
    """Raises Conflict where the plan belongs to another call than this one."""
    wrong = [
        name
        for name, planned, given in (
            ("tool", stored.tool, call.tool.name),
            ("profile", stored.profile, call.runtime.profile.name),
        )
        if planned != given
    ]
    if not wrong:
        arguments = call.given
        names = sorted({*arguments, *stored.arguments})
        wrong = [name for name in names if arguments.get(name) != stored.arguments.get(name)]
    if wrong:
        raise Conflict(
            f"plan {stored.id} was made for another call: {', '.join(wrong)} differ",
            next_steps=[
                "repeat the call exactly as it was planned",
                "or call without plan_id (--plan) for a new plan",
            ],
            details={"plan_id": stored.id, "tool": stored.tool, "differs": list(wrong)},
        )


def check_usable(runtime: Runtime, stored: StoredPlan) -> None:
    """Raises Conflict for a used plan, ApprovalDenied for one that was denied or has expired."""
    if stored.state is PlanState.USED:
        raise Conflict(
            f"plan {stored.id} was used at {stored.used_at}: a plan works once",
            next_steps=[
                "look at what it did: bunsui audit list --tail 20",
                "call without plan_id (--plan) for a new plan",
            ],
            details={"plan_id": stored.id},
        )
    if stored.state is PlanState.DENIED:
        raise ApprovalDenied(
            f"{stored.decided_by} said no to plan {stored.id}: {stored.title}",
            next_steps=["ask the person what should change before planning again"],
            details={"plan_id": stored.id},
        )
    if runtime.ports.clock.now() >= stored.expires_at:
        raise ApprovalDenied(
            f"plan {stored.id} expired at {stored.expires_at}",
            next_steps=["call without plan_id (--plan) for a new plan"],
            details={"plan_id": stored.id, "expired": True},
        )


def check_fresh(call: Call, stored: StoredPlan, plan: Plan) -> None:
    """Raises StalePlan where the plan made over the state seen now is another one."""
    if plan_digest(call, plan) != stored.digest:
        raise StalePlan(
            f"the state moved on after plan {stored.id} was made: {stored.title}",
            next_steps=["call without plan_id (--plan) for a new plan"],
            details={"plan_id": stored.id},
        )


def argument_lines(stored: StoredPlan) -> tuple[str, ...]:
    """The arguments that were given, each as one line of JSON: what the caller said, not what we say."""
    given = stored.arguments.items()
    return tuple(f"{name} = {clip(canonical_json(value).decode(), 400)}" for name, value in given)


def _profile(stored: StoredPlan) -> str:
    """The option without which a command works on another profile than that of the plan."""
    return "" if stored.profile == DEFAULT_PROFILE else f" --profile {stored.profile}"


def required(stored: StoredPlan, reason: str, answer: Answer | None = None) -> ApprovalRequired:
    """The error that tells a caller how a person can decide."""
    details: dict[str, JsonValue] = {
        "plan_id": stored.id,
        "effect": stored.effect.value,
        "title": stored.title,
        "plan": list(stored.text),
        "reason": reason,
        "expires_at": stored.expires_at.isoformat(),
    }
    if answer is not None:
        details["answered"] = {"reply": answer.reply.value, "channel": answer.channel, "note": answer.note}
    return ApprovalRequired(
        f"{stored.title}: a person has to approve plan {stored.id} ({reason})",
        next_steps=[
            f"a person decides on a terminal: bunsui approval decide {stored.id}{_profile(stored)}",
            f"then repeat the same call with plan_id {stored.id} (--plan {stored.id})",
        ],
        details=details,
    )
