"""The tool that begins and ends maintenance."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field

from bunsui.core.models.plan import Effect
from bunsui.core.models.status import Status
from bunsui.core.session.maintenance import maintain, plan_maintenance
from bunsui.core.session.requests import MaintenanceRequest
from bunsui.tools.context import ToolContext
from bunsui.tools.fields import Positional
from bunsui.tools.tool import ChangeInput, Output, Plan, Tool


class Switch(StrEnum):
    """Whether it is to be on."""

    ON = "on"
    OFF = "off"


class MaintenanceInput(ChangeInput):
    """Whether it begins or ends, and why."""

    state: Annotated[Switch, Positional("on|off")] = Field(description="on: begin maintenance. off: end it.")
    reason: str = Field(default="", description="Why, for whoever is refused meanwhile.", max_length=400)


class MaintenanceShown(Output):
    """Whether the profile is in maintenance, and the sessions that are held or would be."""

    schema_name: Literal["bunsui.maintenance/1"] = Field("bunsui.maintenance/1", alias="schema")
    profile: str
    on: bool
    by: str | None
    at: datetime | None
    reason: str
    sessions: dict[str, Status]

    @property
    def headline(self) -> str:
        state = "in maintenance" if self.on else "not in maintenance"
        return f"profile {self.profile} is {state}, {len(self.sessions)} session(s) open"

    @property
    def subject(self) -> str:
        return self.profile


async def _plan(context: ToolContext, input: MaintenanceInput) -> Plan:
    plan = await plan_maintenance(context.ports, _request(context, input))
    begins = "what runs finishes; nothing begins, and starts and reruns are refused until it ends"
    ends = "starts and reruns are allowed again, and sessions go on where they were"
    return Plan(
        title=f"{'Begin' if plan.on else 'End'} maintenance of profile {plan.profile}",
        text=(begins if plan.on else ends,),
        body=plan.model_dump(mode="json"),
        subject=plan.profile,
        empty=plan.empty,
        nothing=f"profile {plan.profile} was {'' if plan.on else 'not '}in maintenance: nothing was changed",
    )


async def _maintain(context: ToolContext, input: MaintenanceInput) -> MaintenanceShown:
    if context.plan is not None:
        request = _request(context, input)
        await maintain(context.ports, request, by=context.caller.actor, approved=context.plan)
    return await _shown(context)


async def _shown(context: ToolContext) -> MaintenanceShown:
    store, profile = context.ports.store, context.profile.name
    found = await store.limits.maintenance(profile)
    active = [session for session in await store.sessions.active() if session.profile == profile]
    return MaintenanceShown(
        profile=profile,
        on=found is not None and found.on,
        by=found.by if found else None,
        at=found.at if found else None,
        reason=found.reason if found else "",
        sessions={session.id: session.status for session in active},
    )


def _request(context: ToolContext, input: MaintenanceInput) -> MaintenanceRequest:
    return MaintenanceRequest(profile=context.profile.name, on=input.state is Switch.ON, reason=input.reason)


MAINTENANCE = Tool(
    name="ops_maintenance",
    title="Begin or end maintenance",
    summary="Begin or end maintenance: nothing begins while it lasts.",
    description="While a profile is in maintenance what runs finishes, no job begins in any session, and "
    "session_start and session_rerun are refused with the code `maintenance`. Ended, everything goes on "
    "where it was. To hold one session only use session_pause.",
    effect=Effect.WRITE,
    input=MaintenanceInput,
    output=MaintenanceShown,
    handler=_maintain,
    plan=_plan,
)
