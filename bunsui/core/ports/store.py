"""Records: what happened, who decided, what is registered.

One transaction commits records of any kind with optimistic versions. Reads speak domain objects and
are consistent with what has been committed. Times have microseconds and are UTC.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Generic, Protocol, TypeVar

from bunsui.core.models.audit import AuditEntry
from bunsui.core.models.base import Record
from bunsui.core.models.event import SessionEvent
from bunsui.core.models.job import JobRun, Try
from bunsui.core.models.limit import Maintenance, Pool
from bunsui.core.models.pipeline_version import PipelineVersion
from bunsui.core.models.plan import PlanState, StoredPlan
from bunsui.core.models.session import Attempt, KeyClaim, Run, Session
from bunsui.core.models.status import JobStatus, Status

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """Part of a list. `cursor` gets the rest; None says that the list is complete."""

    items: tuple[T, ...]
    cursor: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionQuery:
    """Filter of sessions; newest first. Tags are all required. `since` is by creation."""

    profile: str | None = None
    status: Status | None = None
    pipeline: str | None = None
    key: str | None = None
    tags: Mapping[str, str] = field(default_factory=dict)
    since: datetime | None = None
    limit: int = 50
    cursor: str | None = None


class SessionRecords(Protocol):
    """Sessions, runs and attempts."""

    async def session(self, session_id: str) -> Session:
        """The session. Raises NotFound, with the nearest ids in `next_steps`."""
        ...

    async def find(self, query: SessionQuery) -> Page[Session]:
        """Sessions that match, newest first. Raises UsageError for a cursor that is not ours."""
        ...

    async def active(self) -> list[Session]:
        """All sessions that have not ended."""
        ...

    async def claim(self, profile: str, key: str) -> KeyClaim | None:
        """Who holds the business key."""
        ...

    async def runs(self, session_id: str) -> list[Run]:
        """The runs of a session, in the order of `run_ids`."""
        ...

    async def run(self, session_id: str, run_id: str) -> Run:
        """One run. Raises NotFound."""
        ...

    async def attempts(self, session_id: str, run_id: str) -> list[Attempt]:
        """The attempts at a run, oldest first."""
        ...

    async def attempt(self, session_id: str, run_id: str, number: int) -> Attempt:
        """One attempt. Raises NotFound."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemQuery:
    """Which items of a map job: those behind `after`, the place of the last one seen.

    `failed_first` puts those that ended badly before the others; within both the order is that of the list.
    """

    status: JobStatus | None = None
    failed_first: bool = False
    limit: int = 50
    after: ItemPlace | None = None


ItemPlace = tuple[int, int]
"""Place of an item in a list: 0 where it failed and those come first, else 1; and its index."""


class JobRecords(Protocol):
    """Job runs, item runs and tries."""

    async def job_runs(self, session_id: str, run_id: str, attempt: int) -> list[JobRun]:
        """The job runs of an attempt (not the item runs), in definition order."""
        ...

    async def job_run(
        self, session_id: str, run_id: str, attempt: int, job: str, item: str = ""
    ) -> JobRun | None:
        """One job run or item run."""
        ...

    async def items(self, session_id: str, run_id: str, attempt: int, job: str) -> list[JobRun]:
        """The item runs of a map job, by index."""
        ...

    async def item_page(
        self, session_id: str, run_id: str, attempt: int, job: str, query: ItemQuery
    ) -> list[tuple[ItemPlace, JobRun]]:
        """Items that match, with their places; at most `query.limit`."""
        ...

    async def item_counts(self, session_id: str, run_id: str, attempt: int, job: str) -> dict[JobStatus, int]:
        """How many items of a map job have which status."""
        ...

    async def open_items(self, session_id: str, run_id: str, attempt: int, job: str, *, limit: int) -> int:
        """How many items of a map job have not ended. Counting stops at `limit`, and costs no more."""
        ...

    async def parked(self, session_id: str, run_id: str, attempt: int) -> list[JobRun]:
        """The item runs of an attempt that keep a callback token."""
        ...

    async def tries(self, session_id: str, run_id: str, attempt: int, job: str, item: str = "") -> list[Try]:
        """The tries of a job or item in one attempt, oldest first."""
        ...

    async def cached(self, key: str) -> JobRun | None:
        """The newest job run that succeeded with that cache key."""
        ...


class PipelineRecords(Protocol):
    """Versions of pipelines."""

    async def version(self, name: str, hash: str | None = None) -> PipelineVersion:
        """The version, or the newest registered one. Raises NotFound."""
        ...

    async def versions(self, name: str) -> list[PipelineVersion]:
        """All kept versions of a pipeline, newest first."""
        ...

    async def newest(self) -> list[PipelineVersion]:
        """The newest registered version of every pipeline, by name."""
        ...


class PlanRecords(Protocol):
    """Stored plans and the decisions on them."""

    async def plan(self, plan_id: str) -> StoredPlan:
        """The plan. Raises NotFound."""
        ...

    async def plans(self, state: PlanState | None = None, *, limit: int = 100) -> list[StoredPlan]:
        """Plans, newest first."""
        ...


class LimitRecords(Protocol):
    """What holds work back across the sessions of a profile."""

    async def pools(self, profile: str) -> list[Pool]:
        """All pools that jobs have asked for so far, by name."""
        ...

    async def maintenance(self, profile: str) -> Maintenance | None:
        """The last that was said about maintenance, None if never anything."""
        ...


class AuditRecords(Protocol):
    """The audit trail."""

    async def append(self, entry: AuditEntry) -> AuditEntry:
        """Add an entry; the store gives it `seq`, `previous` and `hash`, atomically with the chain's head."""
        ...

    async def entries(
        self, *, after: int = 0, limit: int = 100, subject: str | None = None, tool: str | None = None
    ) -> list[AuditEntry]:
        """Entries after a sequence number, oldest first.

        Those of a subject are its own, and all others of the plans that these name: who was asked about a
        start, and who allowed it, was recorded before there was a session to name.
        """
        ...


class EventRecords(Protocol):
    """The events of sessions."""

    async def events(self, session_id: str, *, after: int = 0, limit: int = 1000) -> list[SessionEvent]:
        """Events after a sequence number, oldest first."""
        ...

    async def changed(self, *, timeout: float) -> bool:
        """Wait until any process has committed something, at most `timeout` seconds."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Transaction:
    """What is committed together: all of it or nothing.

    `put` records carry their new version; `delete` records the version that is stored. With a session all
    goes that belongs to it: its key, runs, attempts, job runs, tries and events. `present` are pipeline
    versions that have to be stored, whatever their record's version: attempts that are put run them. One
    that an attempt of any session runs is not deleted.
    """

    put: Sequence[Record] = ()
    delete: Sequence[Record] = ()
    present: Sequence[PipelineVersion] = ()
    events: Sequence[SessionEvent] = ()


class Store(Protocol):
    """All records of one data directory or account."""

    sessions: SessionRecords
    jobs: JobRecords
    pipelines: PipelineRecords
    plans: PlanRecords
    limits: LimitRecords
    audit: AuditRecords
    events: EventRecords

    async def commit(self, transaction: Transaction) -> None:
        """Commit durably.

        Raises Conflict when a stored version is not the one expected, a pipeline version that has to be
        present is not, or one that is to go is run (nothing is changed then); StoreFull when no space is
        left, StoreError otherwise.
        """
        ...

    async def close(self) -> None:
        """Release files and connections."""
        ...
