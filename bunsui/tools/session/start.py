"""The tool that starts a session."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from bunsui.core.models.plan import Effect, SessionPlan
from bunsui.core.session.maintenance import check_maintenance
from bunsui.core.session.requests import StartRequest
from bunsui.core.session.start import plan_start, start
from bunsui.tools.context import ToolContext
from bunsui.tools.fields import Flag, KeyValues, Positional
from bunsui.tools.pipeline.source import check_reference
from bunsui.tools.session.document import SessionPlanned, plan_text, planned, previewed
from bunsui.tools.tool import ChangeInput, Plan, Tool

NAMED = 5


class StartInput(ChangeInput):
    """What to start."""

    pipelines: Annotated[list[str], Positional("PIPELINE")] = Field(
        description="Name of a registered pipeline, path of its file, or its folder.",
        min_length=1,
        max_length=50,
    )
    params: Annotated[KeyValues, Flag("param")] = Field(
        default={},
        description="Values of parameters, by NAME for every run that declares it, or RUN/NAME for one; "
        "lists and objects as JSON text.",
    )
    each: KeyValues = Field(
        default={},
        description="One run per value of a parameter: NAME=v1,v2, or a range of months or days such as "
        "2026-01..2026-03. The runs are called PIPELINE@VALUE.",
        max_length=1,
    )
    max_concurrent_runs: Annotated[int, Flag("max-runs")] = Field(
        default=8, description="Most runs of the session at once.", ge=1, le=1_000
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
    force: bool = Field(default=False, description="Run jobs although a cached result is at hand.")
    dry_run: bool = Field(default=False, description="Only return the plan; nothing is stored or run.")


async def _plan(context: ToolContext, input: StartInput) -> Plan:
    for reference in input.pipelines:
        check_reference(context, reference)
    if not input.dry_run:
        await check_maintenance(context.ports.store, context.profile.name)
    plan = await plan_start(context.ports, _request(context, input))
    return Plan(
        title=f"Start {_named(plan)} in a new session",
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
        force=input.force,
        each=input.each,
        max_concurrent_runs=input.max_concurrent_runs,
    )


def _named(plan: SessionPlan) -> str:
    """The runs of a plan, in a title."""
    names = [run.id for run in plan.runs]
    return ", ".join(names) if len(names) <= NAMED else f"{len(names)} runs ({names[0]} … {names[-1]})"


START = Tool(
    name="session_start",
    title="Start a session",
    summary="Start pipelines in a new session.",
    description="Runs every job of one or several pipelines with the parameters given, or of one pipeline "
    "over many values with `each`, and returns at once; go on with session_wait. To repeat a failed session "
    "use session_rerun: it reuses what succeeded.",
    effect=Effect.SPEND,
    input=StartInput,
    output=SessionPlanned,
    handler=_start,
    plan=_plan,
    preview=previewed,
)
