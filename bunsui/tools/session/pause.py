"""The tools that pause a session and let it go on."""

from __future__ import annotations

from pydantic import Field

from bunsui.core.models.plan import Effect
from bunsui.core.session.pause import pause, plan_pause
from bunsui.core.session.requests import PauseRequest
from bunsui.tools.context import ToolContext
from bunsui.tools.fields import SessionId
from bunsui.tools.session.document import SessionShown, shown
from bunsui.tools.tool import ChangeInput, Plan, Tool


class PauseInput(ChangeInput):
    """What to pause, and why."""

    session: SessionId
    reason: str = Field(default="", description="Why, for the records.", max_length=400)


class ResumeInput(ChangeInput):
    """What goes on."""

    session: SessionId


async def _plan_pause(context: ToolContext, input: PauseInput) -> Plan:
    plan = await plan_pause(context.ports, _pausing(input))
    return Plan(
        title=f"Pause session {input.session}",
        text=("what runs finishes, and nothing begins until the session is resumed",),
        body=plan.model_dump(mode="json"),
        subject=input.session,
        empty=plan.empty,
        nothing=f"session {input.session} was paused already: nothing was changed",
    )


async def _plan_resume(context: ToolContext, input: ResumeInput) -> Plan:
    plan = await plan_pause(context.ports, _resuming(input))
    return Plan(
        title=f"Resume session {input.session}",
        text=("the session goes on where it was",),
        body=plan.model_dump(mode="json"),
        subject=input.session,
        empty=plan.empty,
        nothing=f"session {input.session} was not paused: nothing was changed",
    )


async def _pause(context: ToolContext, input: PauseInput) -> SessionShown:
    if context.plan is not None:
        await pause(context.ports, _pausing(input), by=context.caller.actor, approved=context.plan)
    return await shown(context, input.session)


async def _resume(context: ToolContext, input: ResumeInput) -> SessionShown:
    if context.plan is not None:
        await pause(context.ports, _resuming(input), by=context.caller.actor, approved=context.plan)
    return await shown(context, input.session)


def _pausing(input: PauseInput) -> PauseRequest:
    return PauseRequest(session_id=input.session, reason=input.reason)


def _resuming(input: ResumeInput) -> PauseRequest:
    return PauseRequest(session_id=input.session, pause=False)


PAUSE = Tool(
    name="session_pause",
    title="Pause a session",
    summary="Let nothing begin in a session; what runs finishes.",
    description="Jobs that run go on to their end, and no job begins until session_resume. Nothing is lost: "
    "the session goes on exactly where it was. To end what runs as well use session_stop.",
    effect=Effect.WRITE,
    input=PauseInput,
    output=SessionShown,
    handler=_pause,
    plan=_plan_pause,
)

RESUME = Tool(
    name="session_resume",
    title="Resume a session",
    summary="Let a paused session go on where it was.",
    description="Ends the pause that session_pause began: jobs that may go begin at once. A session that has "
    "failed is not paused: for that use session_rerun.",
    effect=Effect.WRITE,
    input=ResumeInput,
    output=SessionShown,
    handler=_resume,
    plan=_plan_resume,
)
