"""The tool that lists pipelines."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import Field

from bunsui.core.models.base import Model
from bunsui.core.models.pipeline_version import PipelineVersion
from bunsui.core.models.plan import Effect
from bunsui.tools.context import ToolContext
from bunsui.tools.cursor import pack, unpack
from bunsui.tools.fields import Cursor, Limit
from bunsui.tools.tool import Input, Output, Tool


class ListInput(Input):
    """Filters of the list."""

    search: str | None = Field(
        default=None, description="Only pipelines whose name holds this text.", max_length=100
    )
    limit: Limit = 100
    cursor: Cursor = None


class PipelineLine(Model):
    """A pipeline in a list, in its newest registered version."""

    name: str
    version: str
    project: str
    source: str | None
    registered_by: str
    registered_at: datetime


class PipelineList(Output):
    """Registered pipelines by name. `cursor` gets the rest."""

    schema_name: Literal["bunsui.pipelines/1"] = Field("bunsui.pipelines/1", alias="schema")
    pipelines: tuple[PipelineLine, ...]
    complete: bool
    cursor: str | None

    @property
    def headline(self) -> str:
        return f"{len(self.pipelines)} pipeline(s){'' if self.complete else ', and more'}"


async def _list(context: ToolContext, input: ListInput) -> PipelineList:
    after = "" if input.cursor is None else str(unpack("pipelines", input.cursor, (str,))[0])
    newest = await context.ports.store.pipelines.newest()
    wanted = (input.search or "").casefold()
    found = [one for one in newest if one.name > after and wanted in one.name.casefold()]
    page, complete = found[: input.limit], len(found) <= input.limit
    return PipelineList(
        pipelines=tuple(map(_line, page)),
        complete=complete,
        cursor=None if complete else pack("pipelines", page[-1].name),
    )


def _line(version: PipelineVersion) -> PipelineLine:
    return PipelineLine(
        name=version.name,
        version=version.hash,
        project=version.project,
        source=version.source,
        registered_by=version.registered_by,
        registered_at=version.registered_at,
    )


LIST = Tool(
    name="pipeline_list",
    title="List pipelines",
    summary="List registered pipelines.",
    description="Pipelines that can be started by name, each in its newest version. Pipelines in files need "
    "no registration: a path may stand wherever a name may.",
    effect=Effect.READ,
    input=ListInput,
    output=PipelineList,
    handler=_list,
)
