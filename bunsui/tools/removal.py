"""Tools that remove for good: one session, or what retention no longer keeps."""

from __future__ import annotations

from contextlib import suppress
from typing import Literal

from pydantic import Field

from bunsui.core.models.plan import Effect, PlanState
from bunsui.core.ports.storage import Leftovers
from bunsui.core.ports.store import Transaction
from bunsui.core.session.retention import RemovalPlan, Retention, plan_collect, plan_delete, remove
from bunsui.errors import Conflict
from bunsui.tools.context import ToolContext
from bunsui.tools.fields import SessionId
from bunsui.tools.tool import ChangeInput, Output, Plan, Tool

NAMED = 20
QUESTIONS = 1_000
"""Of pending plans, the newest are looked at; older ones have expired."""


class DeleteInput(ChangeInput):
    """Which session goes."""

    session: SessionId
    dry_run: bool = Field(default=False, description="Only return what would go; nothing is removed.")


class GcInput(ChangeInput):
    """What is kept, where it is not what the profile says."""

    days: float | None = Field(
        default=None,
        description="Keep sessions that ended within so many days; default: retention_days.",
        ge=0,
        le=1_000_000,
    )
    keep: int | None = Field(
        default=None,
        description="Keep so many ended sessions; default: retention_sessions.",
        ge=0,
        le=1_000_000_000,
    )
    dry_run: bool = Field(default=False, description="Only return what would go; nothing is removed.")


class Removed(Output):
    """What went, or would go. `bytes` counts files; the database keeps its size and uses the room again."""

    schema_name: Literal["bunsui.removed/1"] = Field("bunsui.removed/1", alias="schema")
    dry_run: bool
    sessions: tuple[str, ...]
    leftovers: tuple[Leftovers, ...]
    bytes: int

    @property
    def headline(self) -> str:
        verb = "to remove" if self.dry_run else "removed"
        return f"{len(self.sessions)} session(s) and {self.bytes:,} bytes of files {verb}"

    @property
    def subject(self) -> str | None:
        return self.sessions[0] if len(self.sessions) == 1 else None


async def _plan_delete(context: ToolContext, input: DeleteInput) -> Plan:
    plan = await plan_delete(context.ports, context.ports.storage, input.session)
    return _plan(f"Delete session {input.session} with all its records, logs and checkpoints", plan)


async def _delete(context: ToolContext, input: DeleteInput) -> Removed:
    return await _remove(context, await plan_delete(context.ports, context.ports.storage, input.session))


async def _plan_gc(context: ToolContext, input: GcInput) -> Plan:
    return _plan("Remove what is no longer kept", await _collected(context, input))


async def _gc(context: ToolContext, input: GcInput) -> Removed:
    plan = await _collected(context, input)
    return (
        await _remove(context, plan) if context.plan else _removed(plan, list(plan.leftovers), dry_run=False)
    )


async def _collected(context: ToolContext, input: GcInput) -> RemovalPlan:
    own = context.profile.retention
    retention = Retention(
        days=own.days if input.days is None else input.days,
        sessions=own.sessions if input.keep is None else input.keep,
    )
    return await plan_collect(context.ports, context.ports.storage, context.profile.name, retention)


async def _remove(context: ToolContext, plan: RemovalPlan) -> Removed:
    cleared = await remove(context.ports, context.ports.storage, plan, approved=context.plan)
    await _withdraw(context, frozenset(plan.sessions))
    return _removed(plan, cleared, dry_run=False)


async def _withdraw(context: ToolContext, sessions: frozenset[str]) -> None:
    """Let nobody be asked any more about sessions that are gone."""
    now = context.ports.clock.now()
    end = {"state": PlanState.DENIED, "decided_by": "bunsui", "decided_how": "withdrawn", "decided_at": now}
    for plan in await context.ports.store.plans.plans(PlanState.PENDING, limit=QUESTIONS):
        if plan.profile == context.profile.name and plan.arguments.get("session") in sessions:
            with suppress(Conflict):
                await context.ports.store.commit(Transaction(put=[plan.next(**end)]))


def _removed(plan: RemovalPlan, cleared: list[Leftovers], *, dry_run: bool) -> Removed:
    size = sum(one.bytes for one in cleared)
    return Removed(dry_run=dry_run, sessions=tuple(plan.sessions), leftovers=tuple(cleared), bytes=size)


def _previewed(plan: Plan, _digest: str) -> Removed:
    body = RemovalPlan.model_validate(plan.body)
    return _removed(body, list(body.leftovers), dry_run=True)


def _plan(title: str, plan: RemovalPlan) -> Plan:
    """The sessions are what a person approves; how many files nobody needs changes by itself."""
    names = list(plan.sessions)
    more = [f"and {len(names) - NAMED} more"] if len(names) > NAMED else []
    sessions = [f"session {name} goes, with records, logs and checkpoints" for name in names[:NAMED]]
    files = [f"{one.kind}: {one.count} that nothing refers to, {one.bytes:,} bytes" for one in plan.leftovers]
    return Plan(
        title=title,
        text=(*sessions, *more, *files),
        body=plan.model_dump(mode="json"),
        binding=dict(plan.sessions),
        subject=names[0] if len(names) == 1 else None,
        empty=plan.empty,
    )


DELETE = Tool(
    name="session_delete",
    title="Delete a session",
    summary="Delete a session that has ended.",
    description="Removes a session for good: records, logs, inputs, outputs and checkpoints. Results that "
    "other sessions took from the cache stay theirs. The audit trail stays. Always asks a person.",
    effect=Effect.DESTROY,
    input=DeleteInput,
    output=Removed,
    handler=_delete,
    plan=_plan_delete,
    preview=_previewed,
)

GC = Tool(
    name="ops_gc",
    title="Clear what is no longer kept",
    summary="Remove old sessions and what nothing refers to.",
    description="Removes ended sessions that the profile's retention does not keep, then files that nothing "
    "refers to. What runs, or is referred to, is never touched. Without a retention only files go. Look "
    "first with dry_run. Always asks a person.",
    effect=Effect.DESTROY,
    input=GcInput,
    output=Removed,
    handler=_gc,
    plan=_plan_gc,
    preview=_previewed,
)
