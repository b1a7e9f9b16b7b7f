"""Which record lies in which table, and the writing of them."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from operator import attrgetter
from typing import Any, TypeVar

from bunsui.core.models.base import Record
from bunsui.core.models.job import JobRun, Try
from bunsui.core.models.limit import Maintenance, Pool
from bunsui.core.models.pipeline_version import PipelineVersion
from bunsui.core.models.plan import StoredPlan
from bunsui.core.models.session import Attempt, KeyClaim, Run, Session
from bunsui.core.models.status import JobStatus
from bunsui.errors import Conflict, InternalError
from bunsui.local.sqlite.removal import remove_session

RecordT = TypeVar("RecordT", bound=Record)
SqlValue = None | int | float | str | bytes

SCHEMA_VERSION = 1


def micros(at: datetime) -> int:
    """Microseconds since the epoch: exact, unlike a float of seconds."""
    delta = at.astimezone(UTC) - _EPOCH
    return (delta.days * 86_400 + delta.seconds) * 1_000_000 + delta.microseconds


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Table:
    """One table: the fields that identify a record, and the columns beside them for queries.

    Those that are `fixed` stay as they were when the record was new: to write them again would cost their
    indexes as much as the record itself.
    """

    name: str
    key: tuple[str, ...]
    columns: Mapping[str, Callable[[Any], SqlValue]] = field(default_factory=dict)
    fixed: Mapping[str, Callable[[Any], SqlValue]] = field(default_factory=dict)

    @property
    def where_key(self) -> str:
        """The condition that finds one record by its key."""
        return " AND ".join(f"{name} = ?" for name in self.key)

    def identity(self, record: Record) -> tuple[SqlValue, ...]:
        """The values of the key."""
        return self._key_of(record)

    def row(self, record: Record) -> tuple[SqlValue, ...]:
        """The values of the columns that change, in the order of `written`."""
        extra = [value(record) for value in self.columns.values()]
        return (*extra, record.version, SCHEMA_VERSION, record.model_dump_json())

    def whole(self, record: Record) -> tuple[SqlValue, ...]:
        """The values of all columns, in the order of `insert`."""
        fixed = [value(record) for value in self.fixed.values()]
        return (*self.identity(record), *fixed, *self.row(record))

    @cached_property
    def _key_of(self) -> Callable[[Record], tuple[SqlValue, ...]]:
        if len(self.key) == 1:
            (name,) = self.key
            return lambda record: (getattr(record, name),)
        return attrgetter(*self.key)

    @property
    def written(self) -> tuple[str, ...]:
        """The columns that change."""
        return (*self.columns, "version", "schema_version", "body")

    @cached_property
    def insert(self) -> str:
        """The statement that takes what is `whole`."""
        names = (*self.key, *self.fixed, *self.written)
        return f"INSERT INTO {self.name} ({', '.join(names)}) VALUES ({', '.join('?' * len(names))})"

    @cached_property
    def update(self) -> str:
        """The statement that takes `row`, `identity` and the version that is stored."""
        assignments = ", ".join(f"{name} = ?" for name in self.written)
        return f"UPDATE {self.name} SET {assignments} WHERE {self.where_key} AND version = ?"


TABLES: Mapping[type[Record], Table] = {
    Session: Table(
        "sessions",
        ("id",),
        {
            "profile": lambda s: s.profile,
            "key": lambda s: s.key,
            "status": lambda s: s.status.value,
            "created_at": lambda s: micros(s.created_at),
        },
    ),
    KeyClaim: Table("key_claims", ("profile", "key"), {"session_id": lambda c: c.session_id}),
    Run: Table("runs", ("session_id", "id")),
    Attempt: Table("attempts", ("session_id", "run_id", "number")),
    JobRun: Table(
        "job_runs",
        ("session_id", "run_id", "attempt", "job", "item"),
        {
            "open": lambda j: 1 if j.item and not j.status.ended else None,
            "cache_key": lambda j: j.cache_key if j.status is JobStatus.SUCCEEDED else None,
        },
        fixed={"position": lambda j: j.position, "number": lambda j: j.index},
    ),
    Try: Table("tries", ("session_id", "run_id", "attempt", "job", "item", "operation", "number")),
    PipelineVersion: Table(
        "pipeline_versions",
        ("name", "hash"),
        {"registered": lambda v: int(v.registered), "registered_at": lambda v: micros(v.registered_at)},
    ),
    StoredPlan: Table(
        "plans", ("id",), {"state": lambda p: p.state.value, "created_at": lambda p: micros(p.created_at)}
    ),
    Pool: Table("pools", ("profile", "name")),
    Maintenance: Table("maintenance", ("profile",)),
}


def put(connection: sqlite3.Connection, record: Record) -> None:
    """Write a record that carries its new version. Raises Conflict when another one is stored."""
    table = _table_of(record)
    if record.version == 1:
        _insert(connection, table, record)
    else:
        _update(connection, table, record)
    if isinstance(record, Session):
        _put_terms(connection, record)


def delete(connection: sqlite3.Connection, record: Record) -> None:
    """Remove a record, with a session all that is its. Raises Conflict unless that version is stored."""
    table = _table_of(record)
    sql = f"DELETE FROM {table.name} WHERE {table.where_key} AND version = ?"
    if connection.execute(sql, (*table.identity(record), record.version)).rowcount != 1:
        raise _conflict(connection, table, record, expected=record.version)
    if isinstance(record, Session):
        remove_session(connection, record.id)


def session_terms(pipelines: tuple[str, ...], tags: Mapping[str, str]) -> list[str]:
    """The index terms of a session."""
    return [f"pipeline:{name}" for name in pipelines] + [
        f"tag:{name}={value}" for name, value in tags.items()
    ]


def _table_of(record: Record) -> Table:
    try:
        return TABLES[type(record)]
    except KeyError:
        raise InternalError(f"No table holds records of the kind {type(record).__name__}") from None


def _insert(connection: sqlite3.Connection, table: Table, record: Record) -> None:
    try:
        connection.execute(table.insert, table.whole(record))
    except sqlite3.IntegrityError:
        raise _conflict(connection, table, record, expected=0) from None


def _update(connection: sqlite3.Connection, table: Table, record: Record) -> None:
    values = (*table.row(record), *table.identity(record), record.version - 1)
    if connection.execute(table.update, values).rowcount != 1:
        raise _conflict(connection, table, record, expected=record.version - 1)


def _put_terms(connection: sqlite3.Connection, session: Session) -> None:
    rows = [
        (term, micros(session.created_at), session.id)
        for term in session_terms(session.pipelines, session.tags)
    ]
    if session.version > 1:
        connection.execute("DELETE FROM session_terms WHERE session_id = ?", (session.id,))
    connection.executemany("INSERT OR IGNORE INTO session_terms VALUES (?, ?, ?)", rows)


def _conflict(connection: sqlite3.Connection, table: Table, record: Record, *, expected: int) -> Conflict:
    sql = f"SELECT version FROM {table.name} WHERE {table.where_key}"
    row = connection.execute(sql, table.identity(record)).fetchone()
    stored = int(row[0]) if row else 0
    name = " ".join(str(part) for part in table.identity(record) if part != "")
    return Conflict(
        f"{type(record).__name__} {name} was changed by another caller: "
        f"version {stored} is stored where {expected} was expected",
        next_steps=["Look at its state now, then decide again"],
        details={"kind": type(record).__name__, "record": name, "stored": stored, "expected": expected},
    )
