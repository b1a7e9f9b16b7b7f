"""Executions: their start records and how they ended."""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass, field

import orjson

from bunsui.asl.exact import dump_exact, load_exact
from bunsui.core.models.base import JsonValue, canonical_json
from bunsui.core.models.payload import Failure
from bunsui.core.ports.engine import EngineExecution
from bunsui.errors import Conflict
from bunsui.local.sqlite.database import Database

RUNNING = "RUNNING"


@dataclass(frozen=True, slots=True, kw_only=True)
class Owner:
    """The attempt that an execution belongs to."""

    session_id: str
    run_id: str
    attempt: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """Settings that hold for one execution for as long as it runs: those of the caller that started it."""

    python: str | None = None
    endpoint: str | None = None
    mocks: str | None = None

    def to_json(self) -> str:
        """The stored form."""
        return orjson.dumps(self).decode()


@dataclass(frozen=True, slots=True, kw_only=True)
class NewExecution:
    """What starting takes. `start` holds the fields of the engine's start record."""

    name: str
    definition: JsonValue
    start: Mapping[str, JsonValue]
    created_at: int
    type: str = "STANDARD"
    owner: Owner | None = None
    options: Options = field(default_factory=Options)


@dataclass(frozen=True, slots=True, kw_only=True)
class ExecutionRecord:
    """An execution as it is stored."""

    id: int
    name: str
    machine: str
    start: dict[str, JsonValue]
    owner: Owner | None
    options: Options
    status: str
    error: str | None
    cause: str | None


_COLUMNS = "id, name, machine, start, session_id, run_id, attempt, options, status, error, cause"


class Executions:
    """The table of executions. `created` counts those that this instance has made."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self.created = 0

    def create(self, new: NewExecution) -> int:
        """Commit the start, once per name. Raises Conflict for a known name with another machine or input."""
        with self._database.write() as connection:
            number = create(connection, new)
        self.created += 1
        return number

    def by_name(self, name: str) -> ExecutionRecord | None:
        """The execution with that name."""
        row = self._database.one(f"SELECT {_COLUMNS} FROM executions WHERE name = ?", (name,))
        return None if row is None else _record(row)

    def by_id(self, execution_id: int) -> ExecutionRecord | None:
        """The execution with that number."""
        row = self._database.one(f"SELECT {_COLUMNS} FROM executions WHERE id = ?", (execution_id,))
        return None if row is None else _record(row)

    def describe(self, name: str) -> EngineExecution | None:
        """The state of an execution, as the engine port tells it."""
        found = self.by_name(name)
        if found is None:
            return None
        failure = Failure(error=found.error or found.status, cause=found.cause or "")
        bad = found.status not in {RUNNING, "SUCCEEDED"}
        return EngineExecution(name=name, status=found.status, failure=failure if bad else None)

    def open_after(self, execution_id: int) -> list[ExecutionRecord]:
        """Executions with a higher number that run, or whose end has not been dealt with."""
        sql = f"SELECT {_COLUMNS} FROM executions WHERE closed = 0 AND id > ? ORDER BY id"
        return [_record(row) for row in self._database.all(sql, (execution_id,))]

    def newest_options(self) -> Options:
        """The settings of the newest execution: what a start that its caller could not make goes by."""
        row = self._database.one("SELECT options FROM executions ORDER BY id DESC LIMIT 1")
        return Options(**orjson.loads(str(row[0]))) if row else Options()

    def any_open(self) -> bool:
        """Whether there is work for a worker."""
        return self._database.one("SELECT 1 FROM executions WHERE closed = 0 LIMIT 1") is not None

    def machine(self, key: str) -> tuple[str, JsonValue]:
        """Type and definition of a machine."""
        row = self._database.one("SELECT body FROM machines WHERE digest = ?", (key,))
        body = orjson.loads(str(row[0])) if row else {}
        return str(body["type"]), body["definition"]

    def output(self, execution_id: int) -> JsonValue:
        """The output of an execution that succeeded."""
        row = self._database.one("SELECT output FROM executions WHERE id = ?", (execution_id,))
        value: JsonValue = load_exact(str(row[0])) if row and row[0] is not None else None
        return value


def close(connection: sqlite3.Connection, *, execution: int) -> None:
    """Record, inside a transaction, that the end of an execution has been dealt with."""
    connection.execute("UPDATE executions SET closed = 1 WHERE id = ?", (execution,))


def create(connection: sqlite3.Connection, new: NewExecution) -> int:
    """Write a start, inside a transaction; gives its number. Raises Conflict as `Executions.create`."""
    known = connection.execute(f"SELECT {_COLUMNS} FROM executions WHERE name = ?", (new.name,)).fetchone()
    if known is not None:
        return same(_record(known), new)
    body = _machine(new)
    key = hashlib.sha256(body).hexdigest()
    connection.execute("INSERT OR IGNORE INTO machines VALUES (?, ?)", (key, body.decode()))
    return _insert(connection, new, key)


def same(known: ExecutionRecord, new: NewExecution) -> int:
    """The number of a known execution, if the new one is the same. Raises Conflict."""
    machine = hashlib.sha256(_machine(new)).hexdigest()
    if known.machine != machine or known.start["input"] != new.start["input"]:
        raise Conflict(
            f"An execution {new.name} exists already, with another definition or input",
            next_steps=["Look at it, or start with another name"],
        )
    return known.id


def _machine(new: NewExecution) -> bytes:
    return canonical_json({"type": new.type, "definition": new.definition})


def _insert(connection: sqlite3.Connection, new: NewExecution, machine: str) -> int:
    owner = (new.owner.session_id, new.owner.run_id, new.owner.attempt) if new.owner else (None, None, None)
    start = dump_exact(dict(new.start)).decode()
    cursor = connection.execute(
        "INSERT INTO executions"
        " (name, machine, start, session_id, run_id, attempt, options, status, created_at)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (new.name, machine, start, *owner, new.options.to_json(), RUNNING, new.created_at),
    )
    return int(cursor.lastrowid or 0)


def _record(row: tuple[object, ...]) -> ExecutionRecord:
    identity, name, machine, start, session_id, run_id, attempt, options, status, error, cause = row
    owner = (
        Owner(session_id=str(session_id), run_id=str(run_id), attempt=int(str(attempt)))
        if session_id
        else None
    )
    return ExecutionRecord(
        id=int(str(identity)),
        name=str(name),
        machine=str(machine),
        start=load_exact(str(start)),
        owner=owner,
        options=Options(**orjson.loads(str(options))),
        status=str(status),
        error=None if error is None else str(error),
        cause=None if cause is None else str(cause),
    )
