"""The tool that stops a session."""

from __future__ import annotations

from pydantic import Field

from bunsui.core.models.plan import Effect
from bunsui.core.session.requests import StopRequest
from bunsui.core.session.stop import plan_stop, stop
from bunsui.tools.context import ToolContext
from bunsui.tools.fields import SessionId
from bunsui.tools.session.document import SessionShown, shown
from bunsui.tools.tool import ChangeInput, Plan, Tool


class StopInput(ChangeInput):
    """What to stop."""

    session: SessionId
    reason: str = Field(default="", description="Why, for the records.", max_length=400)


async def _plan(context: ToolContext, input: StopInput) -> Plan:
    plan = await plan_stop(context.ports, _request(input))
    return Plan(
        title=f"Stop session {input.session}",
        text=plan.lines,
        body=plan.model_dump(mode="json"),
        binding=[*sorted(plan.attempts), plan.gives_up],
        subject=input.session,
        empty=plan.empty,
        nothing=f"session {input.session} had ended already: nothing was changed",
    )


async def _stop(context: ToolContext, input: StopInput) -> SessionShown:
    if context.plan is not None:
        await stop(context.ports, _request(input), by=context.caller.actor, approved=context.plan)
    return await shown(context, input.session)


def _request(input: StopInput) -> StopRequest:
    return StopRequest(session_id=input.session, reason=input.reason)


STOP = Tool(
    name="session_stop",
    title="Stop a session",
    summary="Stop a running session.",
    description="Ends the running attempts of a session and their operations; results so far are kept, and "
    "session_rerun goes on from them. A session that has failed is given up: it counts as stopped and its "
    "key is free again. One that has succeeded is left alone.",
    effect=Effect.WRITE,
    input=StopInput,
    output=SessionShown,
    handler=_stop,
    plan=_plan,
)
