"""The tool that lists sessions."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import Field

from bunsui.core.models.base import Model
from bunsui.core.models.plan import Effect
from bunsui.core.models.session import Session
from bunsui.core.models.status import Status
from bunsui.core.ports.store import SessionQuery
from bunsui.tools.context import ToolContext
from bunsui.tools.fields import Cursor, Limit, Tags
from bunsui.tools.times import since as moment
from bunsui.tools.tool import Input, Output, Tool


class ListInput(Input):
    """Filters of the list, all of them required together."""

    status: Status | None = Field(default=None, description="Only sessions in this status.")
    pipeline: str | None = Field(default=None, description="Only sessions that ran it.", max_length=100)
    key: str | None = Field(default=None, description="Only sessions with this business key.", max_length=256)
    tags: Tags = Field(default={}, max_length=20)
    since: str | None = Field(
        default=None, description="Only sessions created since: date, time or age (24h).", max_length=40
    )
    limit: Limit = 50
    cursor: Cursor = None


class SessionLine(Model):
    """A session in a list."""

    id: str
    status: Status
    key: str | None
    tags: dict[str, str]
    pipelines: tuple[str, ...]
    warnings: int
    stale: bool
    created_by: str
    created_at: datetime
    finished_at: datetime | None


class SessionList(Output):
    """Sessions, newest first. `cursor` gets the rest."""

    schema_name: Literal["bunsui.sessions/1"] = Field("bunsui.sessions/1", alias="schema")
    sessions: tuple[SessionLine, ...]
    complete: bool
    cursor: str | None

    @property
    def headline(self) -> str:
        return f"{len(self.sessions)} session(s){'' if self.complete else ', and more'}"


async def _list(context: ToolContext, input: ListInput) -> SessionList:
    query = SessionQuery(
        profile=context.profile.name,
        status=input.status,
        pipeline=input.pipeline,
        key=input.key,
        tags=input.tags,
        since=None if input.since is None else moment(input.since, context.ports.clock.now()),
        limit=input.limit,
        cursor=input.cursor,
    )
    page = await context.ports.store.sessions.find(query)
    return SessionList(
        sessions=tuple(map(_line, page.items)), complete=page.cursor is None, cursor=page.cursor
    )


def _line(session: Session) -> SessionLine:
    return SessionLine(
        id=session.id,
        status=session.status,
        key=session.key,
        tags=session.tags,
        pipelines=session.pipelines,
        warnings=session.warnings,
        stale=session.stale,
        created_by=session.created_by,
        created_at=session.created_at,
        finished_at=session.finished_at,
    )


LIST = Tool(
    name="session_list",
    title="List sessions",
    summary="List sessions, newest first.",
    description="Sessions with status, key and tags. Use it to find a session, or with `status=failed` and "
    "`since=24h` what failed lately; for the cause go on with session_show.",
    effect=Effect.READ,
    input=ListInput,
    output=SessionList,
    handler=_list,
)
