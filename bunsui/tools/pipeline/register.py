"""The tool that registers a pipeline."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from bunsui.core.models.base import Model
from bunsui.core.models.pipeline_version import PipelineVersion
from bunsui.core.models.plan import Effect
from bunsui.core.pipeline import LoadedPipeline, canonical
from bunsui.core.ports.store import Transaction
from bunsui.core.session.confirm import used
from bunsui.errors import NotFound
from bunsui.tools.context import ToolContext
from bunsui.tools.pipeline.source import Reference, load
from bunsui.tools.tool import ChangeInput, Output, Plan, Tool


class RegisterInput(ChangeInput):
    """What to register."""

    pipeline: Reference


class Registration(Model):
    """What a registration changes: the version that the name stands for, before and after."""

    name: str
    version: str
    project: str
    source: str | None
    before: str | None
    stored: int


class Registered(Output):
    """The version that can be started by name now. `changed`: it was another one before."""

    schema_name: Literal["bunsui.registered/1"] = Field("bunsui.registered/1", alias="schema")
    name: str
    version: str
    before: str | None
    changed: bool

    @property
    def headline(self) -> str:
        return f"{self.name} is {self.version[:12]}{'' if self.changed else ', as before'}"

    @property
    def subject(self) -> str:
        return self.name


async def _plan(context: ToolContext, input: RegisterInput) -> Plan:
    loaded, kept, change = await _change(context, input.pipeline)
    same = kept is not None and kept.registered and change.before == change.version
    title = f"Register {change.name} {change.version[:12]}"
    return Plan(
        title=title,
        text=_text(change),
        body=change.model_dump(mode="json"),
        subject=change.name,
        empty=same and kept is not None and kept.project == str(loaded.project),
    )


def _text(change: Registration) -> tuple[str, ...]:
    before = change.before[:12] if change.before else "nothing"
    return (f"{change.name} stands for {before} now", f"it will stand for {change.version[:12]}")


async def _register(context: ToolContext, input: RegisterInput) -> Registered:
    loaded, kept, change = await _change(context, input.pipeline)
    if context.plan is not None:
        now = context.ports.clock.now()
        version = _version(context, loaded, kept)
        records = [version, *used(context.plan, change, now)]
        await context.ports.store.commit(Transaction(put=records))
    return Registered(
        name=change.name,
        version=change.version,
        before=change.before,
        changed=change.before != change.version,
    )


async def _change(
    context: ToolContext, reference: str
) -> tuple[LoadedPipeline, PipelineVersion | None, Registration]:
    loaded = await load(context, reference)
    name = loaded.pipeline.name
    kept = await context.ports.store.pipelines.versions(name)
    mine = next((one for one in kept if one.hash == loaded.version), None)
    change = Registration(
        name=name,
        version=loaded.version,
        project=str(loaded.project),
        source=str(loaded.source) if loaded.source else None,
        before=await _newest(context, name),
        stored=mine.version if mine else 0,
    )
    return loaded, mine, change


async def _newest(context: ToolContext, name: str) -> str | None:
    try:
        return (await context.ports.store.pipelines.version(name)).hash
    except NotFound:
        return None


def _version(context: ToolContext, loaded: LoadedPipeline, kept: PipelineVersion | None) -> PipelineVersion:
    version = PipelineVersion(
        name=loaded.pipeline.name,
        hash=loaded.version,
        definition=canonical(loaded.pipeline),
        project=str(loaded.project),
        source=str(loaded.source) if loaded.source else None,
        registered=True,
        registered_by=context.caller.actor,
        registered_at=context.ports.clock.now(),
    )
    return version if kept is None else version.model_copy(update={"version": kept.version + 1})


REGISTER = Tool(
    name="pipeline_register",
    title="Register a pipeline",
    summary="Register a pipeline under its name.",
    description="Keeps the definition as a version and lets its name stand for it, so that it can be started "
    "from anywhere. Not needed to start from a file. Handler code is not copied.",
    effect=Effect.WRITE,
    input=RegisterInput,
    output=Registered,
    handler=_register,
    plan=_plan,
)
