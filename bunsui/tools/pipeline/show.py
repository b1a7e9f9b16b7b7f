"""The tool that shows a pipeline."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import Field

from bunsui.core.models.base import JsonValue, Model
from bunsui.core.models.pipeline import Parameter, ParameterType, Pipeline
from bunsui.core.models.pipeline_version import PipelineVersion
from bunsui.core.models.plan import Effect
from bunsui.core.pipeline import Dag
from bunsui.tools.context import ToolContext
from bunsui.tools.pipeline.source import Reference, load
from bunsui.tools.tool import Input, Output, Tool

VERSIONS = 20


class ShowInput(Input):
    """Which pipeline."""

    pipeline: Reference


class ParameterLine(Model):
    """A parameter. `required`: it has no default."""

    name: str
    type: ParameterType
    description: str
    required: bool
    default: JsonValue


class JobLine(Model):
    """A job with what comes before it and what it calls. `timeout` is in seconds."""

    id: str
    description: str
    needs: tuple[str, ...]
    operations: tuple[str, ...]
    mapped: bool
    when: str | None
    approval: bool
    severity: str
    timeout: int


class VersionLine(Model):
    """A kept version."""

    version: str
    registered: bool
    registered_by: str
    registered_at: datetime
    source: str | None


class PipelineShown(Output):
    """A pipeline, its jobs in the order of their dependencies, and its newest versions."""

    schema_name: Literal["bunsui.pipeline/1"] = Field("bunsui.pipeline/1", alias="schema")
    name: str
    version: str
    description: str
    project: str
    source: str | None
    params: tuple[ParameterLine, ...]
    jobs: tuple[JobLine, ...]
    output: JsonValue
    versions: tuple[VersionLine, ...]
    complete: bool

    @property
    def headline(self) -> str:
        return f"{self.name} {self.version[:12]}: {len(self.jobs)} job(s)"

    @property
    def subject(self) -> str:
        return self.name


async def _show(context: ToolContext, input: ShowInput) -> PipelineShown:
    loaded = await load(context, input.pipeline)
    pipeline, dag = loaded.pipeline, Dag(loaded.pipeline)
    versions = await context.ports.store.pipelines.versions(pipeline.name)
    return PipelineShown(
        name=pipeline.name,
        version=loaded.version,
        description=pipeline.description,
        project=str(loaded.project),
        source=str(loaded.source) if loaded.source else None,
        params=tuple(_parameter(name, one) for name, one in pipeline.params.items()),
        jobs=tuple(_job(pipeline, dag, name) for name in dag.order),
        output=pipeline.output,
        versions=tuple(map(_version, versions[:VERSIONS])),
        complete=len(versions) <= VERSIONS,
    )


def _parameter(name: str, parameter: Parameter) -> ParameterLine:
    return ParameterLine(
        name=name,
        type=parameter.type,
        description=parameter.description,
        required=parameter.default is None,
        default=parameter.default,
    )


def _job(pipeline: Pipeline, dag: Dag, name: str) -> JobLine:
    job = pipeline.jobs[name]
    return JobLine(
        id=name,
        description=job.description,
        needs=tuple(sorted(dag.needs[name])),
        operations=tuple(operation.kind for operation in job.operations),
        mapped=job.map is not None,
        when=job.when,
        approval=job.approval is not None,
        severity=job.severity.value,
        timeout=pipeline.timeout_of(name),
    )


def _version(version: PipelineVersion) -> VersionLine:
    return VersionLine(
        version=version.hash,
        registered=version.registered,
        registered_by=version.registered_by,
        registered_at=version.registered_at,
        source=version.source,
    )


SHOW = Tool(
    name="pipeline_show",
    title="Show a pipeline",
    summary="Show a pipeline: jobs, parameters, versions.",
    description="Parameters with their types and defaults, jobs with their dependencies, kept versions. Use "
    "it before session_start to learn which parameters are required.",
    effect=Effect.READ,
    input=ShowInput,
    output=PipelineShown,
    handler=_show,
)
