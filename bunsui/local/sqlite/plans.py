"""Stored plans: reading."""

from __future__ import annotations

from bunsui.core.models.plan import PlanState, StoredPlan
from bunsui.local.sqlite.database import Database
from bunsui.local.sqlite.rows import many, missing, optional


class SqlitePlans:
    """`PlanRecords` on SQLite."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def plan(self, plan_id: str) -> StoredPlan:
        found = optional(self._database, StoredPlan, "SELECT body FROM plans WHERE id = ?", plan_id)
        if found is None:
            rows = self._database.all("SELECT id FROM plans ORDER BY created_at DESC LIMIT 200")
            raise missing("plan", plan_id, [str(row[0]) for row in rows])
        return found

    async def plans(self, state: PlanState | None = None, *, limit: int = 100) -> list[StoredPlan]:
        order = "ORDER BY created_at DESC, rowid DESC LIMIT ?"
        if state is None:
            return many(self._database, StoredPlan, f"SELECT body FROM plans {order}", limit)
        sql = f"SELECT body FROM plans WHERE state = ? {order}"
        return many(self._database, StoredPlan, sql, state.value, limit)
