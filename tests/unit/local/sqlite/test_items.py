"""Reading the items of wide maps: what is asked often is answered from an index."""

from __future__ import annotations

from pathlib import Path

from bunsui.core.models.job import JobRun
from bunsui.core.models.status import Action, JobStatus, Reason
from bunsui.core.ports.store import Transaction
from bunsui.local.sqlite.database import Database
from bunsui.local.sqlite.schema import MIGRATIONS
from bunsui.local.sqlite.store import SqliteStore


def item(index: int, status: JobStatus) -> JobRun:
    return JobRun(
        session_id="s",
        run_id="r",
        attempt=1,
        job="each",
        item=f"k{index}",
        index=index,
        status=status,
        action=Action.RUN,
        reason=Reason.NEW,
        origin=1,
    )


async def test_open_items_are_counted_along_their_own_index(tmp_path: Path) -> None:
    database = Database(tmp_path / "bunsui.db")
    store = SqliteStore(database)
    ended = [item(index, JobStatus.SUCCEEDED) for index in range(50)]
    await store.commit(Transaction(put=[*ended, item(50, JobStatus.RUNNING)]))
    asked: list[str] = []
    database.connection.set_trace_callback(asked.append)
    assert await store.jobs.open_items("s", "r", 1, "each", limit=8) == 1
    database.connection.set_trace_callback(None)
    [sql] = asked
    plan = " ".join(str(row[3]) for row in database.all(f"EXPLAIN QUERY PLAN {sql}"))
    assert "job_runs_open" in plan
    assert "session_id=? AND run_id=? AND attempt=? AND job=?" in plan
    await store.close()


async def test_items_of_an_older_database_are_open_as_they_were(tmp_path: Path) -> None:
    path = tmp_path / "bunsui.db"
    before = MIGRATIONS[: next(at for at, step in enumerate(MIGRATIONS) if "job_runs_open" in step)]
    older = Database(path, migrations=before)
    with older.write() as connection:
        for index, status in enumerate(JobStatus):
            row = item(index, status)
            place = (row.session_id, row.run_id, row.attempt, row.job, row.item, 0, index, 1, 1)
            connection.execute(
                "INSERT INTO job_runs (session_id, run_id, attempt, job, item, position, number, version,"
                " schema_version, body) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (*place, row.model_dump_json()),
            )
    older.close()
    store = SqliteStore(Database(path))
    found = await store.jobs.open_items("s", "r", 1, "each", limit=100)
    assert found == sum(not status.ended for status in JobStatus)
    await store.close()
