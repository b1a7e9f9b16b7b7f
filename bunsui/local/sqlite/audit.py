"""The audit trail: a hash chain."""

from __future__ import annotations

from bunsui.core.models.audit import GENESIS, AuditEntry, sealed
from bunsui.local.sqlite.database import Database
from bunsui.local.sqlite.rows import many
from bunsui.local.sqlite.tables import SCHEMA_VERSION

_PLAN = "body ->> '$.plan_id'"
_ABOUT = f"(subject = ?2 OR {_PLAN} IN (SELECT {_PLAN} FROM audit WHERE subject = ?2))"


class SqliteAudit:
    """`AuditRecords` on SQLite."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def append(self, entry: AuditEntry) -> AuditEntry:
        with self._database.write() as connection:
            head = connection.execute("SELECT seq, hash FROM audit ORDER BY seq DESC LIMIT 1").fetchone()
            seq, previous = head or (0, GENESIS)
            placed = sealed(entry, seq=int(seq) + 1, previous=str(previous))
            connection.execute(
                "INSERT INTO audit (seq, tool, subject, hash, schema_version, body)"
                " VALUES (?, ?, ?, ?, ?, ?)",
                (
                    placed.seq,
                    placed.tool,
                    placed.subject,
                    placed.hash,
                    SCHEMA_VERSION,
                    placed.model_dump_json(),
                ),
            )
        return placed

    async def entries(
        self, *, after: int = 0, limit: int = 100, subject: str | None = None, tool: str | None = None
    ) -> list[AuditEntry]:
        given = {"seq > ?1": after, "tool = ?3": tool, _ABOUT: subject}
        where = " AND ".join(condition for condition, value in given.items() if value is not None)
        sql = f"SELECT body FROM audit WHERE {where} ORDER BY seq LIMIT ?4"
        return many(self._database, AuditEntry, sql, after, subject, tool, limit)
