"""The log of an execution: its signals, which are the truth, and its history, which follows from them.

Both are stored in batches: a row holds `count` entries from number `first` (from 0) on.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass

from bunsui.asl.effects import StartTask
from bunsui.asl.exact import dump_exact, load_exact
from bunsui.asl.history import History
from bunsui.asl.signals import Signal
from bunsui.core.models.base import JsonValue
from bunsui.local.sqlite.database import Database


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """How an execution ended. `at` is in microseconds; `output` is None unless it succeeded."""

    status: str
    output: JsonValue
    error: str | None
    cause: str | None
    at: int


@dataclass(slots=True, kw_only=True)
class Delta:
    """What one execution adds to its log in one commit."""

    execution: int
    first_signal: int
    signals: Sequence[Signal]
    first_event: int
    events: int
    history: bytes
    opened: Sequence[StartTask] = ()
    answered: Sequence[str] = ()
    ending: Ending | None = None


class Journal:
    """Signals and history of executions."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def signals(self, execution: int) -> list[Signal]:
        """All signals in their order."""
        rows = self._database.all("SELECT body FROM signals WHERE execution = ? ORDER BY first", (execution,))
        return [Signal.from_json(entry) for row in rows for entry in load_exact(_bytes(row[0]))]

    def history(self, execution: int) -> list[tuple[int, int, bytes]]:
        """The stored history as (first, count, encoded events)."""
        rows = self._database.all(
            "SELECT first, count, body FROM history WHERE execution = ? ORDER BY first", (execution,)
        )
        return [(int(str(first)), int(str(count)), _bytes(body)) for first, count, body in rows]

    def events(self, execution: int) -> History:
        """The stored history, for reading."""
        return History.decode(*(body for _, _, body in self.history(execution)))


def append(connection: sqlite3.Connection, delta: Delta) -> None:
    """Write a delta, inside a transaction."""
    if delta.signals:
        body = dump_exact([signal.to_json() for signal in delta.signals])
        connection.execute(
            "INSERT INTO signals VALUES (?, ?, ?, ?)",
            (delta.execution, delta.first_signal, len(delta.signals), body),
        )
    if delta.events:
        connection.execute(
            "INSERT INTO history VALUES (?, ?, ?, ?)",
            (delta.execution, delta.first_event, delta.events, delta.history),
        )
    _append_tokens(connection, delta)
    if delta.ending is not None:
        end(connection, delta.execution, delta.ending)


def _append_tokens(connection: sqlite3.Connection, delta: Delta) -> None:
    opened = [(task.token, delta.execution, task.task_id) for task in delta.opened if task.token is not None]
    connection.executemany("INSERT OR REPLACE INTO tokens VALUES (?, ?, ?)", opened)
    answered = [(delta.execution, task_id) for task_id in delta.answered]
    connection.executemany("DELETE FROM tokens WHERE execution = ? AND task = ?", answered)


def end(connection: sqlite3.Connection, execution: int, ending: Ending) -> None:
    """Record how an execution ended, inside a transaction."""
    output = dump_exact(ending.output).decode() if ending.status == "SUCCEEDED" else None
    connection.execute(
        "UPDATE executions SET status = ?, output = ?, error = ?, cause = ?, ended_at = ? WHERE id = ?",
        (ending.status, output, ending.error, ending.cause, ending.at, execution),
    )
    connection.execute("DELETE FROM tokens WHERE execution = ?", (execution,))
    connection.execute("DELETE FROM commands WHERE execution = ?", (execution,))


def _bytes(value: object) -> bytes:
    return value if isinstance(value, bytes) else str(value).encode()
