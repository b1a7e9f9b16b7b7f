"""The tool that starts a session."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from bunsui.core.models.plan import Effect
from bunsui.core.session.requests import StartRequest
from bunsui.core.session.start import plan_start, start
from bunsui.tools.context import ToolContext
from bunsui.tools.fields import Flag, KeyValues, Positional
from bunsui.tools.pipeline.source import check_reference
from bunsui.tools.session.document import SessionPlanned, plan_text, planned, previewed
from bunsui.tools.tool import ChangeInput, Plan, Tool


class StartInput(ChangeInput):
    """What to start."""

    pipelines: Annotated[list[str], Positional("PIPELINE")] = Field(
        description="Name of a registered pipeline, path of its file, or its folder.",
        min_length=1,
        max_length=1,
    )
    params: Annotated[KeyValues, Flag("param")] = Field(
        default={}, description="Values of parameters; lists and objects as JSON text."
    )
    key: str | None = Field(
        default=None,
        description="Business key, such as 2026-11-22; refused while an unfinished session has it.",
        min_length=1,
        max_length=256,
    )
    allow_duplicate: bool = Field(default=False, description="Start although the key is in use.")
    tags: Annotated[KeyValues, Flag("tag")] = Field(
        default={}, description="Tags to find it by.", max_length=20
    )
    dry_run: bool = Field(default=False, description="Only return the plan; nothing is stored or run.")


async def _plan(context: ToolContext, input: StartInput) -> Plan:
    for reference in input.pipelines:
        check_reference(context, reference)
    plan = await plan_start(context.ports, _request(context, input))
    return Plan(
        title=f"Start {', '.join(run.id for run in plan.runs)} in a new session",
        text=plan_text(plan),
        body=plan.model_dump(mode="json"),
    )


async def _start(context: ToolContext, input: StartInput) -> SessionPlanned:
    done = await start(
        context.ports, _request(context, input), by=context.caller.actor, approved=context.plan
    )
    return await planned(context, done.session_id, done.plan)


def _request(context: ToolContext, input: StartInput) -> StartRequest:
    return StartRequest(
        profile=context.profile.name,
        pipelines=tuple(input.pipelines),
        params=input.params,
        key=input.key,
        allow_duplicate=input.allow_duplicate,
        tags=input.tags,
    )


START = Tool(
    name="session_start",
    title="Start a session",
    summary="Start a pipeline in a new session.",
    description="Runs every job of a pipeline with the parameters given and returns at once; go on with "
    "session_wait. To repeat a failed session use session_rerun: it reuses what succeeded.",
    effect=Effect.SPEND,
    input=StartInput,
    output=SessionPlanned,
    handler=_start,
    plan=_plan,
    preview=previewed,
)
