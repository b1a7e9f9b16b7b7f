"""Job runs, item runs and tries: reading."""

from __future__ import annotations

from bunsui.core.models.job import JobRun, Try
from bunsui.local.sqlite.database import Database
from bunsui.local.sqlite.rows import many, optional

_OF_ATTEMPT = "session_id = ? AND run_id = ? AND attempt = ?"


class SqliteJobs:
    """`JobRecords` on SQLite."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def job_runs(self, session_id: str, run_id: str, attempt: int) -> list[JobRun]:
        sql = f"SELECT body FROM job_runs WHERE {_OF_ATTEMPT} AND item = '' ORDER BY position, job"
        return many(self._database, JobRun, sql, session_id, run_id, attempt)

    async def job_run(
        self, session_id: str, run_id: str, attempt: int, job: str, item: str = ""
    ) -> JobRun | None:
        sql = f"SELECT body FROM job_runs WHERE {_OF_ATTEMPT} AND job = ? AND item = ?"
        return optional(self._database, JobRun, sql, session_id, run_id, attempt, job, item)

    async def items(self, session_id: str, run_id: str, attempt: int, job: str) -> list[JobRun]:
        sql = (
            f"SELECT body FROM job_runs WHERE {_OF_ATTEMPT} AND job = ? AND item <> '' ORDER BY number, item"
        )
        return many(self._database, JobRun, sql, session_id, run_id, attempt, job)

    async def tries(self, session_id: str, run_id: str, attempt: int, job: str, item: str = "") -> list[Try]:
        sql = (
            f"SELECT body FROM tries WHERE {_OF_ATTEMPT} AND job = ? AND item = ? ORDER BY operation, number"
        )
        return many(self._database, Try, sql, session_id, run_id, attempt, job, item)

    async def cached(self, key: str) -> JobRun | None:
        sql = "SELECT body FROM job_runs WHERE cache_key = ? ORDER BY rowid DESC LIMIT 1"
        return optional(self._database, JobRun, sql, key)
