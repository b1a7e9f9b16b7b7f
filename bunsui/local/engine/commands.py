"""What clients ask of running executions: rows, so that nothing is lost whoever dies."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass

from bunsui.asl.exact import dump_exact, load_exact
from bunsui.core.models.base import JsonValue
from bunsui.errors import Conflict
from bunsui.local.sqlite.database import Database


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """One request.

    `body` has `kind` (`stop`, `succeeded`, `failed`, `update_map_run`) and what belongs to it.
    """

    seq: int
    execution: int
    body: dict[str, JsonValue]


class Commands:
    """The table of commands."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def stop(self, execution: int, error: str, cause: str) -> None:
        """Ask for an abort."""
        self._add(execution, {"kind": "stop", "error": error, "cause": cause})

    def update_map_run(self, execution: int, state: str, max_concurrency: int) -> None:
        """Ask for another concurrency of a distributed Map."""
        body: dict[str, JsonValue] = {"state": state, "max_concurrency": max_concurrency}
        self._add(execution, {"kind": "update_map_run", **body})

    def answer(self, token: str, body: dict[str, JsonValue]) -> None:
        """Answer a callback token, once. Raises Conflict when it has expired or was answered."""
        with self._database.write() as connection:
            row = connection.execute(
                "SELECT execution, task FROM tokens WHERE token = ?", (token,)
            ).fetchone()
            if row is None:
                raise expired_token()
            connection.execute("DELETE FROM tokens WHERE token = ?", (token,))
            connection.execute(_INSERT, (row[0], dump_exact({**body, "task": row[1]}).decode()))

    def after(self, seq: int) -> list[Command]:
        """Commands with a higher number, in order."""
        rows = self._database.all(
            "SELECT seq, execution, body FROM commands WHERE seq > ? ORDER BY seq", (seq,)
        )
        return [
            Command(seq=int(str(number)), execution=int(str(execution)), body=load_exact(str(body)))
            for number, execution, body in rows
        ]

    def _add(self, execution: int, body: dict[str, JsonValue]) -> None:
        with self._database.write() as connection:
            connection.execute(_INSERT, (execution, dump_exact(body).decode()))


def remove(connection: sqlite3.Connection, *, seq: int) -> None:
    """Remove a command, in the transaction that records what it gave."""
    connection.execute("DELETE FROM commands WHERE seq = ?", (seq,))


_INSERT = "INSERT INTO commands (execution, body) VALUES (?, ?)"


def expired_token() -> Conflict:
    """The error for a token that nobody waits for any more."""
    return Conflict(
        "The callback token has expired or was answered already",
        next_steps=["Look at the state of the job that waited for it"],
    )


def no_map_run(execution: str, state: str) -> Conflict:
    """The error for a Map of an execution that does not run."""
    return Conflict(
        f"Execution {execution} runs no Map {state}",
        next_steps=["Look at the state of the session"],
    )
