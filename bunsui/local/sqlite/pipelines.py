"""Versions of pipelines: reading."""

from __future__ import annotations

from bunsui.core.models.pipeline_version import PipelineVersion
from bunsui.local.sqlite.database import Database
from bunsui.local.sqlite.rows import many, missing, optional

_NEWEST = "registered = 1 ORDER BY registered_at DESC, rowid DESC LIMIT 1"


class SqlitePipelines:
    """`PipelineRecords` on SQLite."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def version(self, name: str, hash: str | None = None) -> PipelineVersion:
        found = self._newest(name) if hash is None else self._by_hash(name, hash)
        if found is None and hash is None:
            raise missing("pipeline", name, self._names())
        if found is None:
            raise missing("version", f"{name} {hash}", [])
        return found

    async def versions(self, name: str) -> list[PipelineVersion]:
        sql = "SELECT body FROM pipeline_versions WHERE name = ? ORDER BY registered_at DESC, rowid DESC"
        return many(self._database, PipelineVersion, sql, name)

    async def newest(self) -> list[PipelineVersion]:
        found = (self._newest(name) for name in self._names())
        return [version for version in found if version is not None]

    def _newest(self, name: str) -> PipelineVersion | None:
        sql = f"SELECT body FROM pipeline_versions WHERE name = ? AND {_NEWEST}"
        return optional(self._database, PipelineVersion, sql, name)

    def _by_hash(self, name: str, hash: str) -> PipelineVersion | None:
        sql = "SELECT body FROM pipeline_versions WHERE name = ? AND hash = ?"
        return optional(self._database, PipelineVersion, sql, name, hash)

    def _names(self) -> list[str]:
        rows = self._database.all(
            "SELECT DISTINCT name FROM pipeline_versions WHERE registered = 1 ORDER BY name"
        )
        return [str(row[0]) for row in rows]
