"""Job runs, item runs and tries: reading."""

from __future__ import annotations

from bunsui.core.models.job import JobRun, Try
from bunsui.core.models.session import Attempt
from bunsui.local.sqlite.database import Database
from bunsui.local.sqlite.rows import many, optional

_OF_ATTEMPT = "session_id = ? AND run_id = ? AND attempt = ?"


class SqliteJobs:
    """`JobRecords` on SQLite."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def job_runs(self, session_id: str, run_id: str, attempt: int) -> list[JobRun]:
        sql = f"SELECT body FROM job_runs WHERE {_OF_ATTEMPT} AND item = '' ORDER BY rowid"
        found = many(self._database, JobRun, sql, session_id, run_id, attempt)
        place = self._places(session_id, run_id, attempt)
        return sorted(found, key=lambda job_run: place.get(job_run.job, len(place)))

    async def job_run(
        self, session_id: str, run_id: str, attempt: int, job: str, item: str = ""
    ) -> JobRun | None:
        sql = f"SELECT body FROM job_runs WHERE {_OF_ATTEMPT} AND job = ? AND item = ?"
        return optional(self._database, JobRun, sql, session_id, run_id, attempt, job, item)

    async def items(self, session_id: str, run_id: str, attempt: int, job: str) -> list[JobRun]:
        sql = (
            f"SELECT body FROM job_runs WHERE {_OF_ATTEMPT} AND job = ? AND item <> ''"
            " ORDER BY position, item"
        )
        return many(self._database, JobRun, sql, session_id, run_id, attempt, job)

    async def tries(self, session_id: str, run_id: str, attempt: int, job: str, item: str = "") -> list[Try]:
        sql = (
            f"SELECT body FROM tries WHERE {_OF_ATTEMPT} AND job = ? AND item = ? ORDER BY operation, number"
        )
        return many(self._database, Try, sql, session_id, run_id, attempt, job, item)

    def _places(self, session_id: str, run_id: str, attempt: int) -> dict[str, int]:
        sql = "SELECT body FROM attempts WHERE session_id = ? AND run_id = ? AND number = ?"
        found = optional(self._database, Attempt, sql, session_id, run_id, attempt)
        return {job: index for index, job in enumerate(found.jobs)} if found else {}
