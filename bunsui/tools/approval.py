"""Tools about plans that people decide."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field

from bunsui.core.models.base import JsonValue, Model
from bunsui.core.models.plan import Effect, PlanState, StoredPlan
from bunsui.errors import NotFound
from bunsui.tools.context import ToolContext
from bunsui.tools.cursor import pack, unpack
from bunsui.tools.fields import Cursor, Limit, Positional
from bunsui.tools.tool import Input, Output, Tool


class ApprovalLine(Model):
    """A plan in a list."""

    id: str
    state: PlanState
    tool: str
    effect: Effect
    title: str
    created_by: str
    created_at: datetime
    expires_at: datetime
    expired: bool


class ListInput(Input):
    """Filters of the list."""

    state: PlanState | None = Field(
        default=PlanState.PENDING, description="Only plans in this state; pending: can still be decided."
    )
    all: bool = Field(
        default=False,
        description="All plans, also decided, used and expired ones, and those that needed no decision.",
    )
    limit: Limit = 50
    cursor: Cursor = None


class ApprovalList(Output):
    """Plans, newest first. `cursor` gets the rest."""

    schema_name: Literal["bunsui.approvals/1"] = Field("bunsui.approvals/1", alias="schema")
    approvals: tuple[ApprovalLine, ...]
    complete: bool
    cursor: str | None

    @property
    def headline(self) -> str:
        return f"{len(self.approvals)} plan(s){'' if self.complete else ', and more'}"


class ShowInput(Input):
    """Which plan."""

    plan: Annotated[str, Field(description="Id of the plan.", max_length=80), Positional("PLAN")]


class Approval(Output):
    """A plan and the decision on it."""

    schema_name: Literal["bunsui.approval/1"] = Field("bunsui.approval/1", alias="schema")
    id: str
    state: PlanState
    expired: bool
    tool: str
    effect: Effect
    profile: str
    title: str
    text: tuple[str, ...]
    arguments: dict[str, JsonValue]
    digest: str
    created_by: str
    created_at: datetime
    expires_at: datetime
    decided_by: str | None
    decided_how: str | None
    decided_at: datetime | None
    used_at: datetime | None

    @property
    def headline(self) -> str:
        return f"{self.id} is {'expired' if self.expired else self.state}: {self.title}"

    @property
    def subject(self) -> str:
        return self.id


async def _list(context: ToolContext, input: ListInput) -> ApprovalList:
    found = await _found(context, input)
    now, page, complete = context.ports.clock.now(), found[: input.limit], len(found) <= input.limit
    return ApprovalList(
        approvals=tuple(_line(plan, now) for plan in page),
        complete=complete,
        cursor=None if complete else pack("approvals", page[-1].id),
    )


async def _found(context: ToolContext, input: ListInput) -> list[StoredPlan]:
    """More plans than the limit, where there are more: those behind the cursor that match."""
    after = None if input.cursor is None else str(unpack("approvals", input.cursor, (str,))[0])
    state, size = None if input.all else input.state, input.limit + 1
    now = context.ports.clock.now()
    while True:
        stored = await context.ports.store.plans.plans(limit=size)
        mine = [plan for plan in _behind(stored, after) if plan.profile == context.profile.name]
        matching = [plan for plan in mine if state is None or _is(plan, state, now)]
        if len(matching) > input.limit or len(stored) < size:
            return matching
        size *= 4


def _is(plan: StoredPlan, state: PlanState, now: datetime) -> bool:
    """Whether a plan is in a state. One that nobody decided in time waits for nobody any more."""
    return plan.state is state and not (state is PlanState.PENDING and _expired(plan, now))


def _behind(stored: list[StoredPlan], after: str | None) -> list[StoredPlan]:
    if after is None:
        return stored
    place = next((index for index, plan in enumerate(stored) if plan.id == after), len(stored))
    return stored[place + 1 :]


async def _show(context: ToolContext, input: ShowInput) -> Approval:
    stored = await context.ports.store.plans.plan(input.plan)
    if stored.profile != context.profile.name:
        raise NotFound(
            f"plan {input.plan} is not of the profile {context.profile.name}",
            next_steps=[f"bunsui approval show {input.plan} --profile {stored.profile}"],
        )
    fields = stored.model_dump(exclude={"version", "body"})
    return Approval(expired=_expired(stored, context.ports.clock.now()), **fields)


def _line(plan: StoredPlan, now: datetime) -> ApprovalLine:
    return ApprovalLine(
        id=plan.id,
        state=plan.state,
        tool=plan.tool,
        effect=plan.effect,
        title=plan.title,
        created_by=plan.created_by,
        created_at=plan.created_at,
        expires_at=plan.expires_at,
        expired=_expired(plan, now),
    )


def _expired(plan: StoredPlan, now: datetime) -> bool:
    return plan.state in {PlanState.PENDING, PlanState.APPROVED} and now >= plan.expires_at


LIST = Tool(
    name="approval_list",
    title="List approvals",
    summary="List plans that wait for a person.",
    description="Plans that a person can still decide on, newest first; with `all` every plan there was. "
    "Use it to see what is pending. It decides nothing: only a person does, on a terminal.",
    effect=Effect.READ,
    input=ListInput,
    output=ApprovalList,
    handler=_list,
)

SHOW = Tool(
    name="approval_show",
    title="Show an approval",
    summary="Show a plan and the decision on it.",
    description="One plan in full: what it would do, its arguments, its expiry, who decided and how. "
    "Use it to learn whether a plan was approved before repeating the call with `plan_id`.",
    effect=Effect.READ,
    input=ShowInput,
    output=Approval,
    handler=_show,
)
