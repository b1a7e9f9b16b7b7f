"""The events of sessions, and waiting for new commits."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Iterable

from bunsui.core.models.event import SessionEvent
from bunsui.local.sqlite.database import Database
from bunsui.local.sqlite.rows import many
from bunsui.local.sqlite.tables import SCHEMA_VERSION

POLL_SECONDS = 0.02


class SqliteEvents:
    """`EventRecords` on SQLite."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._seen: tuple[int, int] | None = None

    async def events(self, session_id: str, *, after: int = 0, limit: int = 1000) -> list[SessionEvent]:
        sql = "SELECT body FROM events WHERE session_id = ? AND seq > ? ORDER BY seq LIMIT ?"
        return many(self._database, SessionEvent, sql, session_id, after, limit)

    async def changed(self, *, timeout: float) -> bool:
        """As the port. What was committed since the last call (at first: since opening) counts."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + timeout
        while not self._moved_on():
            left = deadline - loop.time()
            if left <= 0:
                return False
            await asyncio.sleep(min(POLL_SECONDS, left))
        return True

    def _moved_on(self) -> bool:
        now = self._state()
        before, self._seen = self._seen or (self._database.version_at_opening, 0), now
        return before != now

    def _state(self) -> tuple[int, int]:
        return self._database.data_version(), self._database.commits


def put_events(connection: sqlite3.Connection, events: Iterable[SessionEvent]) -> None:
    """Append events, each with the next sequence number of its session."""
    heads: dict[str, int] = {}
    for event in events:
        seq = heads.get(event.session_id) or _head(connection, event.session_id)
        heads[event.session_id] = seq + 1
        numbered = event.model_copy(update={"seq": seq + 1})
        connection.execute(
            "INSERT INTO events (session_id, seq, schema_version, body) VALUES (?, ?, ?, ?)",
            (event.session_id, seq + 1, SCHEMA_VERSION, numbered.model_dump_json()),
        )


def _head(connection: sqlite3.Connection, session_id: str) -> int:
    row = connection.execute("SELECT max(seq) FROM events WHERE session_id = ?", (session_id,)).fetchone()
    return int(row[0] or 0)
