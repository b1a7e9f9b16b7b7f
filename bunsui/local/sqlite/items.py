"""Items of map jobs: their beginning, and reading them by pages."""

from __future__ import annotations

import sqlite3

from bunsui.core.models.job import JobRun, Try
from bunsui.core.models.status import JobStatus
from bunsui.core.session.reducer import JobEvent, job_after
from bunsui.local.sqlite.tables import put

_ONE = "session_id = ? AND run_id = ? AND attempt = ? AND job = ? AND item = ?"


def begin_item(connection: sqlite3.Connection, try_: Try) -> None:
    """Record, inside a transaction, that an item runs whose call begins; what has begun stays as it is."""
    place = (try_.session_id, try_.run_id, try_.attempt, try_.job, try_.item)
    row = connection.execute(f"SELECT body FROM job_runs WHERE {_ONE}", place).fetchone()
    item = None if row is None else JobRun.model_validate_json(row[0])
    if item is not None and item.status is JobStatus.QUEUED:
        put(connection, job_after(item, JobEvent.STARTED, try_.started_at))
