"""The tool that shows what a start would run."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from bunsui.core.models.plan import Effect
from bunsui.core.pipeline import Dag
from bunsui.core.session.requests import StartRequest
from bunsui.core.session.start import plan_start
from bunsui.core.session.view import plan_view
from bunsui.core.session.views import PlanView
from bunsui.tools.context import ToolContext
from bunsui.tools.fields import Flag, KeyValues
from bunsui.tools.pipeline.durations import median_seconds
from bunsui.tools.pipeline.source import Reference, load
from bunsui.tools.tool import Input, Output, Tool


class PlanInput(Input):
    """What would be started."""

    pipeline: Reference
    params: Annotated[KeyValues, Flag("param")] = Field(
        default={}, description="Values of parameters; lists and objects as JSON text."
    )


class PipelinePlanned(Output):
    """What a start would run, and how long that takes by the medians of the last sessions.

    `seconds` has the jobs that were seen; `expected_seconds` is the length of the critical path, None
    while a job on it was never seen (the path is then by number of jobs).
    """

    schema_name: Literal["bunsui.pipeline_plan/1"] = Field("bunsui.pipeline_plan/1", alias="schema")
    plan: PlanView
    order: tuple[str, ...]
    critical_path: tuple[str, ...]
    seconds: dict[str, float]
    expected_seconds: float | None

    @property
    def headline(self) -> str:
        time = "" if self.expected_seconds is None else f", about {self.expected_seconds:.0f} s"
        return f"{len(self.order)} job(s), {len(self.critical_path)} on the critical path{time}"


async def _plan(context: ToolContext, input: PlanInput) -> PipelinePlanned:
    loaded = await load(context, input.pipeline)
    request = StartRequest(profile=context.profile.name, pipelines=(input.pipeline,), params=input.params)
    plan = await plan_start(context.ports, request)
    seen = await median_seconds(context.ports.store, context.profile.name, loaded.pipeline.name)
    dag = Dag(loaded.pipeline)
    known = all(job in seen for job in dag.order)
    length, path = dag.critical_path(seen if known else dict.fromkeys(dag.order, 1.0))
    return PipelinePlanned(
        plan=plan_view(plan),
        order=dag.order,
        critical_path=path,
        seconds={job: round(seen[job], 3) for job in dag.order if job in seen},
        expected_seconds=round(length, 3) if known else None,
    )


PLAN = Tool(
    name="pipeline_plan",
    title="Plan a pipeline",
    summary="Show what a start would run.",
    description="Checks definition, parameters and handlers as a start would, and shows the jobs in order, "
    "the critical path and the time it is expected to take. It starts nothing; session_start does.",
    effect=Effect.READ,
    input=PlanInput,
    output=PipelinePlanned,
    handler=_plan,
)
