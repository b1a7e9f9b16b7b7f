"""Calls in flight: a runner stands ready, and nobody has recorded its result."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass

import orjson

from bunsui.local.sqlite.database import Database


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """A call of a task. `lost` counts the calls before it whose runners died without a result.

    `number` is that of its try. `pid` is None between two calls: nothing runs then. `memory` is in
    MiB, times are epoch seconds.
    """

    execution: int
    task: str
    kind: str
    id: str
    number: int = 1
    lost: int = 0
    pid: int | None = None
    create_time: float = 0.0
    deadline: float = 0.0
    timeout: float = 0.0
    memory: int = 0
    log: str = ""
    spool: str = ""


class Calls:
    """The table of calls."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def find(self, execution: int, task: str) -> Call | None:
        """The call of a task."""
        row = self._database.one("SELECT body FROM calls WHERE execution = ? AND task = ?", (execution, task))
        return None if row is None else Call(**orjson.loads(str(row[0])))

    def all(self) -> list[Call]:
        """All calls in flight."""
        rows = self._database.all("SELECT body FROM calls")
        return [Call(**orjson.loads(str(row[0]))) for row in rows]


def save(connection: sqlite3.Connection, call: Call) -> None:
    """Write a call, inside a transaction."""
    body = orjson.dumps(call).decode()
    connection.execute(
        "INSERT OR REPLACE INTO calls VALUES (?, ?, ?, ?)", (call.execution, call.task, call.lost, body)
    )


def forget(connection: sqlite3.Connection, call: Call) -> None:
    """Remove a call whose result is recorded in the same transaction."""
    connection.execute("DELETE FROM calls WHERE execution = ? AND task = ?", (call.execution, call.task))
