"""Pools and maintenance: reading."""

from __future__ import annotations

from bunsui.core.models.limit import Maintenance, Pool
from bunsui.local.sqlite.database import Database
from bunsui.local.sqlite.rows import many, optional


class SqliteLimits:
    """`LimitRecords` on SQLite."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def pools(self, profile: str) -> list[Pool]:
        sql = "SELECT body FROM pools WHERE profile = ? ORDER BY name"
        return many(self._database, Pool, sql, profile)

    async def maintenance(self, profile: str) -> Maintenance | None:
        sql = "SELECT body FROM maintenance WHERE profile = ?"
        return optional(self._database, Maintenance, sql, profile)
