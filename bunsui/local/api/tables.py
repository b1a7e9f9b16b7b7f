"""What the API keeps beside the engine's log: its own database in the data directory.

Resources (machines, versions, aliases, activities) are JSON under their ARN. Times are epoch seconds.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from bunsui.local.sqlite.database import Database
from bunsui.local.sqlite.schema import ENGINE

_API = """
CREATE TABLE resources (
    arn TEXT PRIMARY KEY, kind TEXT NOT NULL, parent TEXT NOT NULL, created_at REAL NOT NULL,
    body TEXT NOT NULL
) WITHOUT ROWID;
CREATE INDEX resources_by_kind ON resources (kind, parent, created_at, arn);
CREATE TABLE runs (
    arn TEXT PRIMARY KEY, execution INTEGER NOT NULL UNIQUE, machine TEXT NOT NULL, started_at REAL NOT NULL,
    body TEXT NOT NULL
) WITHOUT ROWID;
CREATE INDEX runs_by_machine ON runs (machine, started_at);
CREATE TABLE map_runs (
    arn TEXT PRIMARY KEY, execution TEXT NOT NULL, started_at REAL NOT NULL, body TEXT NOT NULL
) WITHOUT ROWID;
CREATE INDEX map_runs_by_execution ON map_runs (execution, started_at);
CREATE TABLE children (
    arn TEXT PRIMARY KEY, map_run TEXT NOT NULL, started_at REAL NOT NULL, body TEXT NOT NULL, history BLOB
) WITHOUT ROWID;
CREATE INDEX children_by_map_run ON children (map_run, started_at);
CREATE TABLE handed (
    execution INTEGER NOT NULL, task TEXT NOT NULL, PRIMARY KEY (execution, task)
) WITHOUT ROWID
"""

MIGRATIONS = (f"{ENGINE.strip()};\n{_API.strip()}",)


@dataclass(frozen=True, slots=True)
class Resource:
    """A machine, version, alias or activity. `parent` is the ARN that a version or alias belongs to."""

    arn: str
    kind: str
    parent: str
    created_at: float
    body: dict[str, Any]


class Resources:
    """The table of resources."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def find(self, arn: str, kind: str) -> Resource | None:
        """The resource with that ARN."""
        row = self._database.one(f"{_SELECT} WHERE arn = ? AND kind = ?", (arn, kind))
        return None if row is None else _resource(row)

    def of_kind(self, kind: str, parent: str = "") -> list[Resource]:
        """All of a kind, oldest first."""
        sql = f"{_SELECT} WHERE kind = ? AND parent = ? ORDER BY created_at, arn"
        return [_resource(row) for row in self._database.all(sql, (kind, parent))]

    def put(self, *resources: Resource) -> None:
        """Write resources, new or changed, in one transaction."""
        with self._database.write() as connection:
            for one in resources:
                connection.execute(
                    "INSERT OR REPLACE INTO resources VALUES (?, ?, ?, ?, ?)",
                    (one.arn, one.kind, one.parent, one.created_at, orjson.dumps(one.body).decode()),
                )

    def remove(self, arn: str) -> None:
        """Remove a resource with its versions and aliases."""
        with self._database.write() as connection:
            connection.execute("DELETE FROM resources WHERE arn = ? OR parent = ?", (arn, arn))


_SELECT = "SELECT arn, kind, parent, created_at, body FROM resources"


def _resource(row: tuple[object, ...]) -> Resource:
    arn, kind, parent, created_at, body = row
    return Resource(str(arn), str(kind), str(parent), float(str(created_at)), orjson.loads(str(body)))


@dataclass(frozen=True, slots=True)
class Run:
    """An execution as the API knows it, joined with the engine's record. Times in epoch seconds.

    `body` holds what never changes but for redrives: name, ARNs, input, `redriveCount`, `redriveDate`.
    """

    arn: str
    execution: int
    machine: str
    started_at: float
    body: dict[str, Any]
    status: str
    output: str | None
    error: str | None
    cause: str | None
    ended_at: float | None


_RUNS = (
    "SELECT r.arn, r.execution, r.machine, r.started_at, r.body,"
    " e.status, e.output, e.error, e.cause, e.ended_at FROM runs r JOIN executions e ON e.id = r.execution"
)


class Runs:
    """The tables of executions, map runs and child executions."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def find(self, arn: str) -> Run | None:
        """The execution with that ARN."""
        row = self._database.one(f"{_RUNS} WHERE r.arn = ?", (arn,))
        return None if row is None else _run(row)

    def numbered(self, execution: int) -> Run | None:
        """The execution with that number in the engine."""
        row = self._database.one(f"{_RUNS} WHERE r.execution = ?", (execution,))
        return None if row is None else _run(row)

    def of_machine(self, machine: str) -> list[Run]:
        """The executions of a machine, newest first."""
        sql = f"{_RUNS} WHERE r.machine = ? ORDER BY r.started_at DESC, r.execution DESC"
        return [_run(row) for row in self._database.all(sql, (machine,))]

    def map_run(self, arn: str) -> dict[str, Any] | None:
        """The record of a map run."""
        row = self._database.one("SELECT body FROM map_runs WHERE arn = ?", (arn,))
        return None if row is None else _body(row[0])

    def map_runs(self, execution: str) -> list[dict[str, Any]]:
        """The map runs of an execution, newest first."""
        sql = "SELECT body FROM map_runs WHERE execution = ? ORDER BY started_at DESC, arn"
        return [_body(row[0]) for row in self._database.all(sql, (execution,))]

    def child(self, arn: str) -> dict[str, Any] | None:
        """The record of a child execution."""
        row = self._database.one("SELECT body FROM children WHERE arn = ?", (arn,))
        return None if row is None else _body(row[0])

    def children(self, map_run: str) -> list[dict[str, Any]]:
        """The child executions of a map run, newest first."""
        sql = "SELECT body FROM children WHERE map_run = ? ORDER BY started_at DESC, arn"
        return [_body(row[0]) for row in self._database.all(sql, (map_run,))]

    def child_history(self, arn: str) -> bytes:
        """The encoded history of a child execution; empty while it runs."""
        row = self._database.one("SELECT history FROM children WHERE arn = ?", (arn,))
        return row[0] if row is not None and isinstance(row[0], bytes) else b""

    def handed(self, execution: int, task: str) -> bool:
        """Whether somebody works on a task that waits for its token."""
        sql = "SELECT 1 FROM handed WHERE execution = ? AND task = ?"
        return self._database.one(sql, (execution, task)) is not None


def insert_run(
    connection: sqlite3.Connection, arn: str, execution: int, machine: str, at: float, body: Mapping[str, Any]
) -> None:
    """Write a new execution, in the transaction that writes its start."""
    text = orjson.dumps(dict(body)).decode()
    connection.execute("INSERT INTO runs VALUES (?, ?, ?, ?, ?)", (arn, execution, machine, at, text))


def update_run(connection: sqlite3.Connection, arn: str, body: Mapping[str, Any]) -> None:
    """Write what a redrive changes; the engine's record is open again."""
    text = orjson.dumps(dict(body)).decode()
    connection.execute("UPDATE runs SET body = ? WHERE arn = ?", (text, arn))
    connection.execute(
        "UPDATE executions SET closed = 0 WHERE id = (SELECT execution FROM runs WHERE arn = ?)", (arn,)
    )


def save_map_run(connection: sqlite3.Connection, arn: str, execution: str, at: float, body: Any) -> None:
    """Write the record of a map run."""
    text = orjson.dumps(body).decode()
    connection.execute("INSERT OR REPLACE INTO map_runs VALUES (?, ?, ?, ?)", (arn, execution, at, text))


def save_child(
    connection: sqlite3.Connection, arn: str, map_run: str, at: float, body: Any, history: bytes
) -> None:
    """Write the record of a child execution."""
    text = orjson.dumps(body).decode()
    connection.execute(
        "INSERT OR REPLACE INTO children VALUES (?, ?, ?, ?, ?)", (arn, map_run, at, text, history)
    )


def save_handed(connection: sqlite3.Connection, execution: int, task: str) -> None:
    """Write that somebody works on a task."""
    connection.execute("INSERT OR IGNORE INTO handed VALUES (?, ?)", (execution, task))


def _run(row: tuple[object, ...]) -> Run:
    arn, execution, machine, started_at, body, status, output, error, cause, ended_at = row
    return Run(
        arn=str(arn),
        execution=int(str(execution)),
        machine=str(machine),
        started_at=float(str(started_at)),
        body=_body(body),
        status=str(status),
        output=None if output is None else str(output),
        error=None if error is None else str(error),
        cause=None if cause is None else str(cause),
        ended_at=None if ended_at is None or status == "RUNNING" else int(str(ended_at)) / 1e6,
    )


def _body(text: object) -> dict[str, Any]:
    body: dict[str, Any] = orjson.loads(str(text))
    return body
