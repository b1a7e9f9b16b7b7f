"""Sessions, runs and attempts: reading and searching."""

from __future__ import annotations

from collections.abc import Sequence

from bunsui.core.models.session import Attempt, KeyClaim, Run, Session
from bunsui.core.ports.store import Page, SessionQuery
from bunsui.local.sqlite.cursor import decode, encode
from bunsui.local.sqlite.database import Database
from bunsui.local.sqlite.rows import many, missing, optional
from bunsui.local.sqlite.tables import micros, session_terms

_NEAR = 500


class SqliteSessions:
    """`SessionRecords` on SQLite."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def session(self, session_id: str) -> Session:
        found = optional(self._database, Session, "SELECT body FROM sessions WHERE id = ?", session_id)
        if found is None:
            raise missing("session", session_id, self._recent_ids())
        return found

    async def find(self, query: SessionQuery) -> Page[Session]:
        sql, parameters = _search(query)
        found = many(self._database, Session, sql, *parameters)
        items = tuple(found[: query.limit])
        more = len(found) > query.limit
        return Page(items, encode(micros(items[-1].created_at), items[-1].id) if more and items else None)

    async def active(self) -> list[Session]:
        sql = f"SELECT body FROM sessions WHERE status IN {_ACTIVE} ORDER BY created_at, id"
        return many(self._database, Session, sql)

    async def claim(self, profile: str, key: str) -> KeyClaim | None:
        sql = "SELECT body FROM key_claims WHERE profile = ? AND key = ?"
        return optional(self._database, KeyClaim, sql, profile, key)

    async def runs(self, session_id: str) -> list[Run]:
        session = await self.session(session_id)
        runs = many(self._database, Run, "SELECT body FROM runs WHERE session_id = ?", session_id)
        place = {run_id: index for index, run_id in enumerate(session.run_ids)}
        return sorted(runs, key=lambda run: place.get(run.id, len(place)))

    async def run(self, session_id: str, run_id: str) -> Run:
        sql = "SELECT body FROM runs WHERE session_id = ? AND id = ?"
        found = optional(self._database, Run, sql, session_id, run_id)
        if found is None:
            rows = self._database.all("SELECT id FROM runs WHERE session_id = ?", (session_id,))
            raise missing("run", f"{session_id}/{run_id}", [f"{session_id}/{row[0]}" for row in rows])
        return found

    async def attempts(self, session_id: str, run_id: str) -> list[Attempt]:
        sql = "SELECT body FROM attempts WHERE session_id = ? AND run_id = ? ORDER BY number"
        return many(self._database, Attempt, sql, session_id, run_id)

    async def attempt(self, session_id: str, run_id: str, number: int) -> Attempt:
        sql = "SELECT body FROM attempts WHERE session_id = ? AND run_id = ? AND number = ?"
        found = optional(self._database, Attempt, sql, session_id, run_id, number)
        if found is None:
            raise missing("attempt", f"{session_id}/{run_id} {number}", [])
        return found

    def _recent_ids(self) -> list[str]:
        rows = self._database.all(f"SELECT id FROM sessions ORDER BY created_at DESC LIMIT {_NEAR}")
        return [str(row[0]) for row in rows]


# The same list as in the partial index, in the same order: SQLite then uses that index.
_ACTIVE = "('created', 'running', 'paused', 'waiting_approval')"


def _search(query: SessionQuery) -> tuple[str, tuple[object, ...]]:
    """The query for a page: walked along one index in the order shown: it costs the same in any store."""
    terms = session_terms((query.pipeline,) if query.pipeline else (), query.tags)
    source, order = "sessions s", "s.created_at DESC, s.id DESC"
    conditions, parameters = _conditions(query, terms[1:])
    if terms:
        source = "session_terms t CROSS JOIN sessions s ON s.id = t.session_id"
        order = "t.created_at DESC, t.session_id DESC"
        conditions, parameters = ["t.term = ?", *conditions], [terms[0], *parameters]
    if query.cursor is not None:
        left = "(t.created_at, t.session_id)" if terms else "(s.created_at, s.id)"
        conditions, parameters = [*conditions, f"{left} < (?, ?)"], [*parameters, *decode(query.cursor)]
    where = f"WHERE {' AND '.join(conditions)}" if conditions else ""
    sql = f"SELECT s.body FROM {source} {where} ORDER BY {order} LIMIT ?"
    return sql, (*parameters, query.limit + 1)


def _conditions(query: SessionQuery, terms: Sequence[str]) -> tuple[list[str], list[object]]:
    since = micros(query.since) if query.since is not None else None
    wanted: list[tuple[str, object]] = [
        ("s.profile = ?", query.profile),
        ("s.status = ?", query.status.value if query.status is not None else None),
        ("s.key = ?", query.key),
        ("s.created_at >= ?", since),
        *((_HAS_TERM, term) for term in terms),
    ]
    given = [(condition, value) for condition, value in wanted if value is not None]
    return [condition for condition, _ in given], [value for _, value in given]


_HAS_TERM = (
    "EXISTS (SELECT 1 FROM session_terms x"
    " WHERE x.term = ? AND x.created_at = s.created_at AND x.session_id = s.id)"
)
