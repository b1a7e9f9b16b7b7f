"""The tool that accepts stale results."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from bunsui.core.models.plan import Effect
from bunsui.core.session.accept import accept, plan_accept
from bunsui.core.session.requests import AcceptRequest
from bunsui.tools.context import ToolContext
from bunsui.tools.fields import Flag, SessionId
from bunsui.tools.session.document import SessionShown, shown
from bunsui.tools.tool import ChangeInput, Plan, Tool


class AcceptInput(ChangeInput):
    """What to accept, and why."""

    session: SessionId
    jobs: Annotated[list[str], Flag("job")] = Field(
        default=[], description="Stale jobs, each [RUN/]JOB; default all of them.", max_length=300
    )
    reason: str = Field(
        description="Why the results are good, for the records.", min_length=1, max_length=400
    )


async def _plan(context: ToolContext, input: AcceptInput) -> Plan:
    plan = await plan_accept(context.ports, _request(input))
    return Plan(
        title=f"Accept stale results of session {input.session}",
        text=tuple(f"{job}: its result is taken as good" for job in plan.jobs),
        body=plan.model_dump(mode="json"),
        subject=input.session,
        empty=plan.empty,
        nothing=f"nothing was stale in {_what(input)}: nothing was changed",
    )


def _what(input: AcceptInput) -> str:
    return ", ".join(input.jobs) or f"session {input.session}"


async def _accept(context: ToolContext, input: AcceptInput) -> SessionShown:
    if context.plan is not None:
        await accept(context.ports, _request(input), by=context.caller.actor, approved=context.plan)
    return await shown(context, input.session)


def _request(input: AcceptInput) -> AcceptRequest:
    return AcceptRequest(session_id=input.session, reason=input.reason, jobs=tuple(input.jobs))


ACCEPT = Tool(
    name="session_accept",
    title="Accept stale results",
    summary="Accept stale results as good, with a reason.",
    description="Clears the stale mark of jobs whose inputs were rerun since, where a person knows that "
    "their results are still good. To compute them again use session_rerun.",
    effect=Effect.WRITE,
    input=AcceptInput,
    output=SessionShown,
    handler=_accept,
    plan=_plan,
)
