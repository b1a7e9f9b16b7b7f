"""The tool that reruns a session."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from bunsui.core.models.plan import Effect
from bunsui.core.session.maintenance import check_maintenance
from bunsui.core.session.requests import DefinitionChoice, RerunRequest, Strategy
from bunsui.core.session.rerun import plan_session_rerun, rerun
from bunsui.tools.context import ToolContext
from bunsui.tools.fields import Flag, KeyValues, SessionId
from bunsui.tools.pipeline.source import check_reference
from bunsui.tools.session.document import SessionPlanned, plan_text, planned, previewed
from bunsui.tools.tool import ChangeInput, Plan, Tool


class RerunInput(ChangeInput):
    """What to rerun, and with what."""

    session: SessionId
    strategy: Strategy | None = Field(
        default=None,
        description="failed: what did not succeed, and downstream. from: named jobs and downstream (default "
        "when jobs are named). only: named jobs alone. changed: whose code, definition, parameters or inputs "
        "differ. all.",
    )
    jobs: Annotated[list[str], Flag("job")] = Field(
        default=[], description="Jobs to begin with, each [RUN/]JOB.", max_length=300
    )
    items: Annotated[list[str], Flag("item")] = Field(
        default=[], description="Items of map jobs to run, each [RUN/]JOB:KEY.", max_length=1_000
    )
    downstream: bool = Field(default=True, description="Also run what depends on them; else it gets stale.")
    overrides: Annotated[KeyValues, Flag("override")] = Field(
        default={}, description="Resources by [RUN/]JOB.memory (MiB), .cpu (units) or .timeout (seconds)."
    )
    params: Annotated[KeyValues, Flag("param")] = Field(
        default={}, description="Parameters to replace, by [RUN/]NAME."
    )
    definition: DefinitionChoice = Field(
        default=DefinitionChoice.CURRENT,
        description="current: the file or newest registered version; original: that of the last attempt.",
    )
    force: bool = Field(default=False, description="Run selected jobs that would be reused or are cached.")
    dry_run: bool = Field(default=False, description="Only return the plan; nothing is stored or run.")


async def _plan(context: ToolContext, input: RerunInput) -> Plan:
    await _check_sources(context, input)
    if not input.dry_run:
        await check_maintenance(context.ports.store, context.profile.name)
    plan = await plan_session_rerun(context.ports, _request(input))
    return Plan(
        title=f"Rerun session {input.session}",
        text=plan_text(plan),
        body=plan.model_dump(mode="json"),
        subject=input.session,
        empty=plan.empty,
    )


async def _rerun(context: ToolContext, input: RerunInput) -> SessionPlanned:
    approved, by = context.plan, context.caller.actor
    request = _request(input)
    done = await rerun(context.ports, request, by=by, approved=approved, nothing=approved is None)
    return await planned(context, done.session_id, done.plan)


async def _check_sources(context: ToolContext, input: RerunInput) -> None:
    """The current definition of a pipeline in Python is code, which planning would execute."""
    if input.definition is DefinitionChoice.CURRENT:
        for run in await context.ports.store.sessions.runs(input.session):
            check_reference(context, run.source or "")


def _request(input: RerunInput) -> RerunRequest:
    return RerunRequest(
        session_id=input.session,
        strategy=input.strategy,
        jobs=tuple(input.jobs),
        items=tuple(input.items),
        downstream=input.downstream,
        overrides=input.overrides,
        params=input.params,
        definition=input.definition,
        force=input.force,
    )


RERUN = Tool(
    name="session_rerun",
    title="Rerun a session",
    summary="Rerun the jobs of a session that need it.",
    description="Makes a new attempt after a failure or a fix: reuses what is still good and runs the rest. "
    "Look first with dry_run: it names every job's action and reason. An empty plan changes nothing.",
    effect=Effect.SPEND,
    input=RerunInput,
    output=SessionPlanned,
    handler=_rerun,
    plan=_plan,
    preview=previewed,
)
