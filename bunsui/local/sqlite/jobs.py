"""Job runs, item runs and tries: reading."""

from __future__ import annotations

from bunsui.core.models.job import JobRun, Try
from bunsui.core.models.status import BAD_ITEMS, JobStatus
from bunsui.core.ports.store import ItemPlace, ItemQuery
from bunsui.local.sqlite.database import Database
from bunsui.local.sqlite.rows import many, optional, parse

_STATUS = "json_extract(body, '$.status')"
_BAD = ", ".join(f"'{status.value}'" for status in BAD_ITEMS)
_OF_ATTEMPT = "session_id = ? AND run_id = ? AND attempt = ?"


def _rank(query: ItemQuery) -> str:
    return f"{_STATUS} NOT IN ({_BAD})" if query.failed_first else "1"


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

    async def item_page(
        self, session_id: str, run_id: str, attempt: int, job: str, query: ItemQuery
    ) -> list[tuple[ItemPlace, JobRun]]:
        rank, number = query.after or (-1, -1)
        wanted = " AND status = ?" if query.status else ""
        columns = f"body, number, {_STATUS} AS status, {_rank(query)} AS rank"
        sql = (
            f"SELECT body, rank, number FROM (SELECT {columns}"
            f" FROM job_runs WHERE {_OF_ATTEMPT} AND job = ? AND item <> '')"
            f" WHERE (rank, number) > (?, ?){wanted} ORDER BY rank, number LIMIT ?"
        )
        status = (query.status.value,) if query.status else ()
        place = (session_id, run_id, attempt, job, rank, number, *status, query.limit)
        rows = self._database.all(sql, place)
        return [((int(str(r)), int(str(n))), parse(self._database, JobRun, body)) for body, r, n in rows]

    async def item_counts(self, session_id: str, run_id: str, attempt: int, job: str) -> dict[JobStatus, int]:
        of_job = f"{_OF_ATTEMPT} AND job = ? AND item <> ''"
        sql = f"SELECT {_STATUS}, count(*) FROM job_runs WHERE {of_job} GROUP BY 1"
        rows = self._database.all(sql, (session_id, run_id, attempt, job))
        counts = {JobStatus(str(status)): int(str(count)) for status, count in rows}
        return {status: counts[status] for status in JobStatus if status in counts}

    async def open_items(self, session_id: str, run_id: str, attempt: int, job: str, *, limit: int) -> int:
        place = f"{_OF_ATTEMPT} AND job = ? AND open = 1"
        sql = f"SELECT count(*) FROM (SELECT 1 FROM job_runs WHERE {place} LIMIT ?)"
        row = self._database.one(sql, (session_id, run_id, attempt, job, limit))
        return int(str(row[0])) if row else 0

    async def parked(self, session_id: str, run_id: str, attempt: int) -> list[JobRun]:
        where = f"{_OF_ATTEMPT} AND item <> '' AND body ->> '$.token' IS NOT NULL"
        sql = f"SELECT body FROM job_runs WHERE {where} ORDER BY job, number"
        return many(self._database, JobRun, sql, session_id, run_id, attempt)

    async def tries(self, session_id: str, run_id: str, attempt: int, job: str, item: str = "") -> list[Try]:
        sql = (
            f"SELECT body FROM tries WHERE {_OF_ATTEMPT} AND job = ? AND item = ? ORDER BY operation, number"
        )
        return many(self._database, Try, sql, session_id, run_id, attempt, job, item)

    async def cached(self, key: str) -> JobRun | None:
        sql = "SELECT body FROM job_runs WHERE cache_key = ? ORDER BY rowid DESC LIMIT 1"
        return optional(self._database, JobRun, sql, key)
