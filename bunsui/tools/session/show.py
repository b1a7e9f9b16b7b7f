"""The tool that shows a session."""

from __future__ import annotations

from pydantic import Field

from bunsui.core.models.plan import Effect
from bunsui.tools.context import ToolContext
from bunsui.tools.fields import SessionId
from bunsui.tools.session.document import SessionShown, shown
from bunsui.tools.tool import Input, Tool


class ShowInput(Input):
    """Which session."""

    session: SessionId
    run: str | None = Field(
        default=None,
        description="Show this run only; of many runs else those that failed or go on.",
        max_length=200,
    )


async def _show(context: ToolContext, input: ShowInput) -> SessionShown:
    return await shown(context, input.session, input.run)


SHOW = Tool(
    name="session_show",
    title="Show a session",
    summary="Show a session: runs, attempts, jobs, errors.",
    description="The whole session: each run with parameters, attempts and jobs; a failed job with error, "
    "cause and the end of its log. Use it first when something failed; job_logs has the rest of a log.",
    effect=Effect.READ,
    input=ShowInput,
    output=SessionShown,
    handler=_show,
)
