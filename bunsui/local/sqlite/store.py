"""The store port on one SQLite file."""

from __future__ import annotations

from bunsui.core.ports.store import (
    AuditRecords,
    EventRecords,
    JobRecords,
    LimitRecords,
    PipelineRecords,
    PlanRecords,
    SessionRecords,
    Transaction,
)
from bunsui.local.sqlite.audit import SqliteAudit
from bunsui.local.sqlite.database import Database
from bunsui.local.sqlite.events import SqliteEvents, put_events
from bunsui.local.sqlite.jobs import SqliteJobs
from bunsui.local.sqlite.limits import SqliteLimits
from bunsui.local.sqlite.pipelines import SqlitePipelines
from bunsui.local.sqlite.plans import SqlitePlans
from bunsui.local.sqlite.references import check_references
from bunsui.local.sqlite.sessions import SqliteSessions
from bunsui.local.sqlite.tables import delete, put


class SqliteStore:
    """All records of a data directory. One instance serves one thread."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self.sessions: SessionRecords = SqliteSessions(database)
        self.jobs: JobRecords = SqliteJobs(database)
        self.pipelines: PipelineRecords = SqlitePipelines(database)
        self.plans: PlanRecords = SqlitePlans(database)
        self.limits: LimitRecords = SqliteLimits(database)
        self.audit: AuditRecords = SqliteAudit(database)
        self.events: EventRecords = SqliteEvents(database)

    async def commit(self, transaction: Transaction) -> None:
        """Commit durably, as the port says. Raises Conflict, StoreFull, StoreError."""
        with self._database.write() as connection:
            for record in transaction.delete:
                delete(connection, record)
            for record in transaction.put:
                put(connection, record)
            check_references(connection, transaction)
            put_events(connection, transaction.events)

    async def close(self) -> None:
        """Close the file."""
        self._database.close()
