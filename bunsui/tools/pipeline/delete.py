"""The tool that deletes a pipeline."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from bunsui.core.models.base import Model, Record
from bunsui.core.models.pipeline_version import PipelineVersion
from bunsui.core.models.plan import Effect
from bunsui.core.ports.store import SessionQuery, Transaction
from bunsui.core.session.confirm import used
from bunsui.errors import NotFound
from bunsui.tools.context import ToolContext
from bunsui.tools.fields import Positional
from bunsui.tools.tool import ChangeInput, Output, Plan, Tool

PAGE = 200


class DeleteInput(ChangeInput):
    """What to delete."""

    pipeline: Annotated[
        str, Field(description="Name of the pipeline.", max_length=100), Positional("PIPELINE")
    ]
    dry_run: bool = Field(default=False, description="Only return what would go; nothing is deleted.")


class Deletion(Model):
    """Versions that go, and versions that sessions ran: those stay, without the name."""

    name: str
    deleted: dict[str, int]
    unregistered: dict[str, int]


class Deleted(Output):
    """What is gone, or would be. `kept` versions cannot be started then, but their sessions can be rerun."""

    schema_name: Literal["bunsui.deleted/1"] = Field("bunsui.deleted/1", alias="schema")
    dry_run: bool
    name: str
    deleted: tuple[str, ...]
    kept: tuple[str, ...]

    @property
    def headline(self) -> str:
        verb = "to delete" if self.dry_run else "deleted"
        return f"{self.name}: {len(self.deleted)} version(s) {verb}, {len(self.kept)} kept for sessions"

    @property
    def subject(self) -> str:
        return self.name


async def _plan(context: ToolContext, input: DeleteInput) -> Plan:
    _, change = await _change(context, input.pipeline)
    return Plan(
        title=f"Delete pipeline {change.name}",
        text=(
            f"{len(change.deleted)} version(s) that no session ran are deleted",
            f"{len(change.unregistered)} version(s) that sessions ran stay, but cannot be started by name",
        ),
        body=change.model_dump(mode="json"),
        subject=change.name,
    )


async def _delete(context: ToolContext, input: DeleteInput) -> Deleted:
    versions, change = await _change(context, input.pipeline)
    put: list[Record] = [one.next(registered=False) for one in versions if one.hash in change.unregistered]
    gone = [one for one in versions if one.hash in change.deleted]
    spent = used(context.plan, change, context.ports.clock.now())
    await context.ports.store.commit(Transaction(put=[*put, *spent], delete=gone))
    return _deleted(change, dry_run=False)


def _previewed(plan: Plan, _digest: str) -> Deleted:
    return _deleted(Deletion.model_validate(plan.body), dry_run=True)


def _deleted(change: Deletion, *, dry_run: bool) -> Deleted:
    gone, kept = tuple(change.deleted), tuple(change.unregistered)
    return Deleted(dry_run=dry_run, name=change.name, deleted=gone, kept=kept)


async def _change(context: ToolContext, name: str) -> tuple[list[PipelineVersion], Deletion]:
    versions = await context.ports.store.pipelines.versions(name)
    if not versions:
        await context.ports.store.pipelines.version(name)
    if not any(one.registered for one in versions):
        raise NotFound(f"pipeline {name[:100]} is not registered", next_steps=["bunsui pipeline list"])
    needed = await _ran(context, name)
    return versions, Deletion(
        name=name,
        deleted={one.hash: one.version for one in versions if one.hash not in needed},
        unregistered={one.hash: one.version for one in versions if one.hash in needed},
    )


async def _ran(context: ToolContext, name: str) -> set[str]:
    """Hashes of the versions that any session of any profile ran."""
    sessions, found, cursor = context.ports.store.sessions, set[str](), None
    while True:
        page = await sessions.find(SessionQuery(pipeline=name, limit=PAGE, cursor=cursor))
        for session in page.items:
            for run in await sessions.runs(session.id):
                found |= {one.definition for one in await sessions.attempts(session.id, run.id)}
        if (cursor := page.cursor) is None:
            return found


DELETE = Tool(
    name="pipeline_delete",
    title="Delete a pipeline",
    summary="Delete a pipeline's versions.",
    description="Removes the name and all versions that no session ran. Sessions, results and files stay. "
    "Always asks a person. To replace a pipeline register the new version instead.",
    effect=Effect.DESTROY,
    input=DeleteInput,
    output=Deleted,
    handler=_delete,
    plan=_plan,
    preview=_previewed,
)
