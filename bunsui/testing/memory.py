"""The ports in memory, with the semantics of the real ones."""

from __future__ import annotations

import asyncio
import hashlib
from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from difflib import get_close_matches
from typing import NoReturn

from bunsui.core.models.audit import GENESIS, AuditEntry, sealed
from bunsui.core.models.base import JsonValue
from bunsui.core.models.event import SessionEvent
from bunsui.core.models.job import JobRun, Try
from bunsui.core.models.limit import Maintenance, Pool
from bunsui.core.models.pipeline_version import PipelineVersion
from bunsui.core.models.plan import PlanState, StoredPlan
from bunsui.core.models.session import Attempt, KeyClaim, Run, Session
from bunsui.core.models.status import BAD_ITEMS, JobStatus
from bunsui.core.ports.exchange import Slot
from bunsui.core.ports.logs import LogChunk
from bunsui.core.ports.storage import Leftovers
from bunsui.core.ports.store import (
    AuditRecords,
    EventRecords,
    ItemPlace,
    ItemQuery,
    JobRecords,
    LimitRecords,
    Page,
    PipelineRecords,
    PlanRecords,
    SessionQuery,
    SessionRecords,
    Transaction,
)
from bunsui.errors import NotFound, UsageError
from bunsui.testing.records import Records

_EPOCH = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass(slots=True)
class FakeClock:
    """A clock that stands still until it is told to move."""

    at: datetime = _EPOCH

    def now(self) -> datetime:
        return self.at

    def advance(self, seconds: float = 1.0) -> datetime:
        """Move on and return the new time."""
        self.at += timedelta(seconds=seconds)
        return self.at


@dataclass(slots=True)
class SeqIds:
    """Identities that count up."""

    count: int = 0

    def session(self) -> str:
        self.count += 1
        return f"20260101-{self.count:06d}"

    def plan(self) -> str:
        self.count += 1
        return f"p-{self.count:016d}"


@dataclass(slots=True)
class MemoryBlobs:
    """Content-addressed bytes."""

    data: dict[str, bytes] = field(default_factory=dict)

    async def put(self, data: bytes) -> str:
        key = hashlib.sha256(data).hexdigest()
        self.data[key] = data
        return key

    async def get(self, key: str) -> bytes:
        if key not in self.data:
            raise NotFound(f"There is no blob {key}.")
        return self.data[key]

    def location(self, key: str) -> tuple[str, str]:
        return "bunsui-blobs", key

    async def has(self, key: str) -> bool:
        return key in self.data


class MemoryStorage:
    """Nothing lies around in memory."""

    async def survey(self, gone: Collection[str] = ()) -> list[Leftovers]:
        return []

    async def sweep(self) -> list[Leftovers]:
        return []


@dataclass(slots=True)
class MemoryLogs:
    """Logs that a test writes with `write`."""

    data: dict[str, bytes] = field(default_factory=dict)

    def write(self, key: str, data: bytes) -> None:
        """Add to a log."""
        self.data[key] = self.data.get(key, b"") + data

    async def read(self, key: str, *, offset: int = 0, limit: int = 1 << 20) -> LogChunk:
        whole = self.data.get(key, b"")
        start = min(offset, len(whole)) if offset >= 0 else max(0, len(whole) + offset)
        part = whole[start : start + limit]
        return LogChunk(part, start, start + len(part))


@dataclass(slots=True)
class MemoryExchange:
    """Inputs and outputs of containers; a test sets `outputs`. `forgotten`: checkpoints of finished work."""

    inputs: dict[Slot, JsonValue] = field(default_factory=dict)
    outputs: dict[Slot, JsonValue] = field(default_factory=dict)
    forgotten: list[str] = field(default_factory=list)

    async def put_input(self, slot: Slot, value: JsonValue) -> str:
        self.inputs[slot] = value
        return f"memory://input/{_path(slot)}"

    def output_location(self, slot: Slot) -> str:
        return f"memory://output/{_path(slot)}"

    async def get_output(self, slot: Slot) -> JsonValue:
        return self.outputs.get(slot)

    def checkpoints(self, session_id: str, key: str) -> str:
        return f"memory://checkpoints/{session_id}/{key}"

    async def forget_checkpoints(self, session_id: str, key: str) -> None:
        self.forgotten.append(key)


def _path(slot: Slot) -> str:
    parts = (slot.session_id, slot.run_id, slot.attempt, slot.job, slot.item, slot.operation)
    return "/".join(map(str, parts))


class MemorySessions:
    """Sessions, runs and attempts."""

    def __init__(self, records: Records) -> None:
        self._records = records

    async def session(self, session_id: str) -> Session:
        found = self._records.get(Session, session_id)
        known = (session.id for session in self._records.all(Session))
        return found or _missing("session", session_id, known)

    async def find(self, query: SessionQuery) -> Page[Session]:
        after = _cursor(query.cursor)
        matching = sorted(
            (s for s in self._records.all(Session) if _matches(s, query)),
            key=_position,
            reverse=True,
        )
        rest = [s for s in matching if after is None or _position(s) < after]
        page = rest[: query.limit]
        more = len(rest) > len(page)
        return Page(tuple(page), "|".join(_position(page[-1])) if more and page else None)

    async def active(self) -> list[Session]:
        return list(self._records.all(Session, lambda session: not session.status.ended))

    async def claim(self, profile: str, key: str) -> KeyClaim | None:
        return self._records.get(KeyClaim, profile, key)

    async def runs(self, session_id: str) -> list[Run]:
        order = (await self.session(session_id)).run_ids
        found = (self._records.get(Run, session_id, run_id) for run_id in order)
        return [run for run in found if run is not None]

    async def run(self, session_id: str, run_id: str) -> Run:
        known = (run.id for run in self._records.all(Run, lambda run: run.session_id == session_id))
        return self._records.get(Run, session_id, run_id) or _missing("run", run_id, known)

    async def attempts(self, session_id: str, run_id: str) -> list[Attempt]:
        found = self._records.all(Attempt, lambda a: (a.session_id, a.run_id) == (session_id, run_id))
        return sorted(found, key=lambda attempt: attempt.number)

    async def attempt(self, session_id: str, run_id: str, number: int) -> Attempt:
        found = self._records.get(Attempt, session_id, run_id, number)
        return found or _missing("attempt", f"{run_id}/{number}", ())


class MemoryJobs:
    """Job runs, item runs and tries."""

    def __init__(self, records: Records) -> None:
        self._records = records

    async def job_runs(self, session_id: str, run_id: str, attempt: int) -> list[JobRun]:
        of = (session_id, run_id, attempt)
        found = self._records.all(JobRun, lambda j: (j.session_id, j.run_id, j.attempt) == of and not j.item)
        return sorted(found, key=lambda job: job.position)

    async def job_run(
        self, session_id: str, run_id: str, attempt: int, job: str, item: str = ""
    ) -> JobRun | None:
        return self._records.get(JobRun, session_id, run_id, attempt, job, item)

    async def items(self, session_id: str, run_id: str, attempt: int, job: str) -> list[JobRun]:
        of = (session_id, run_id, attempt, job)
        found = self._records.all(
            JobRun, lambda j: (j.session_id, j.run_id, j.attempt, j.job) == of and bool(j.item)
        )
        return sorted(found, key=lambda item: item.index or 0)

    async def item_page(
        self, session_id: str, run_id: str, attempt: int, job: str, query: ItemQuery
    ) -> list[tuple[ItemPlace, JobRun]]:
        rows = await self.items(session_id, run_id, attempt, job)
        wanted = [row for row in rows if query.status in (None, row.status)]
        first = query.failed_first
        placed = [((int(not first or row.status not in BAD_ITEMS), row.index or 0), row) for row in wanted]
        placed.sort(key=lambda one: one[0])
        return [one for one in placed if one[0] > (query.after or (-1, -1))][: query.limit]

    async def item_counts(self, session_id: str, run_id: str, attempt: int, job: str) -> dict[JobStatus, int]:
        counts = Counter(row.status for row in await self.items(session_id, run_id, attempt, job))
        return {status: counts[status] for status in JobStatus if status in counts}

    async def open_items(self, session_id: str, run_id: str, attempt: int, job: str, *, limit: int) -> int:
        rows = await self.items(session_id, run_id, attempt, job)
        return min(limit, sum(not row.status.ended for row in rows))

    async def parked(self, session_id: str, run_id: str, attempt: int) -> list[JobRun]:
        of = (session_id, run_id, attempt)
        found = self._records.all(
            JobRun,
            lambda j: (j.session_id, j.run_id, j.attempt) == of and bool(j.item) and j.token is not None,
        )
        return sorted(found, key=lambda item: (item.job, item.index or 0))

    async def tries(self, session_id: str, run_id: str, attempt: int, job: str, item: str = "") -> list[Try]:
        of = (session_id, run_id, attempt, job, item)
        found = self._records.all(Try, lambda t: (t.session_id, t.run_id, t.attempt, t.job, t.item) == of)
        return sorted(found, key=lambda try_: (try_.operation, try_.number))

    async def cached(self, key: str) -> JobRun | None:
        found = self._records.all(
            JobRun, lambda j: j.cache_key == key and j.status is JobStatus.SUCCEEDED and not j.item
        )
        return max(found, key=lambda j: (j.finished_at is not None, j.finished_at), default=None)


class MemoryPipelines:
    """Versions of pipelines."""

    def __init__(self, records: Records) -> None:
        self._records = records

    async def version(self, name: str, hash: str | None = None) -> PipelineVersion:
        kept = await self.versions(name)
        for version in kept:
            if version.registered if hash is None else version.hash == hash:
                return version
        names = (version.name for version in self._records.all(PipelineVersion))
        return _missing("pipeline version", f"{name} {hash}" if hash else name, names)

    async def versions(self, name: str) -> list[PipelineVersion]:
        found = self._records.all(PipelineVersion, lambda version: version.name == name)
        return sorted(found, key=lambda version: (version.registered_at, version.hash), reverse=True)

    async def newest(self) -> list[PipelineVersion]:
        names = sorted({v.name for v in self._records.all(PipelineVersion, lambda v: v.registered)})
        return [await self.version(name) for name in names]


class MemoryPlans:
    """Stored plans."""

    def __init__(self, records: Records) -> None:
        self._records = records

    async def plan(self, plan_id: str) -> StoredPlan:
        known = (plan.id for plan in self._records.all(StoredPlan))
        return self._records.get(StoredPlan, plan_id) or _missing("plan", plan_id, known)

    async def plans(self, state: PlanState | None = None, *, limit: int = 100) -> list[StoredPlan]:
        found = self._records.all(StoredPlan, lambda plan: state is None or plan.state is state)
        return sorted(found, key=lambda plan: (plan.created_at, plan.id), reverse=True)[:limit]


class MemoryLimits:
    """Pools and maintenance."""

    def __init__(self, records: Records) -> None:
        self._records = records

    async def pools(self, profile: str) -> list[Pool]:
        found = self._records.all(Pool, lambda pool: pool.profile == profile)
        return sorted(found, key=lambda pool: pool.name)

    async def maintenance(self, profile: str) -> Maintenance | None:
        return self._records.get(Maintenance, profile)


class MemoryAudit:
    """The audit trail: every entry covers the hash of the one before."""

    def __init__(self) -> None:
        self._entries: list[AuditEntry] = []

    async def append(self, entry: AuditEntry) -> AuditEntry:
        previous = self._entries[-1].hash if self._entries else GENESIS
        kept = sealed(entry, seq=len(self._entries) + 1, previous=previous)
        self._entries.append(kept)
        return kept

    async def entries(
        self, *, after: int = 0, limit: int = 100, subject: str | None = None, tool: str | None = None
    ) -> list[AuditEntry]:
        plans = {entry.plan_id for entry in self._entries if entry.plan_id and entry.subject == subject}
        found = [
            entry
            for entry in self._entries[after:]
            if (subject in (None, entry.subject) or entry.plan_id in plans) and tool in (None, entry.tool)
        ]
        return found[:limit]


class MemoryEvents:
    """Events of sessions, and a bell that every commit rings."""

    def __init__(self) -> None:
        self._events: dict[str, list[SessionEvent]] = {}
        self._waiting: set[asyncio.Event] = set()

    def add(self, events: Iterable[SessionEvent]) -> None:
        """Keep events, giving each its number, and wake whoever waits."""
        for event in events:
            kept = self._events.setdefault(event.session_id, [])
            kept.append(event.model_copy(update={"seq": len(kept) + 1}))
        for bell in self._waiting:
            bell.set()

    async def events(self, session_id: str, *, after: int = 0, limit: int = 1000) -> list[SessionEvent]:
        return self._events.get(session_id, [])[after : after + limit]

    async def changed(self, *, timeout: float) -> bool:
        bell = asyncio.Event()
        self._waiting.add(bell)
        try:
            async with asyncio.timeout(timeout):
                return await bell.wait()
        except TimeoutError:
            return False
        finally:
            self._waiting.discard(bell)


class MemoryStore:
    """All records, for as long as the object lives."""

    def __init__(self) -> None:
        records = Records()
        self._records = records
        self._events = MemoryEvents()
        self.sessions: SessionRecords = MemorySessions(records)
        self.jobs: JobRecords = MemoryJobs(records)
        self.pipelines: PipelineRecords = MemoryPipelines(records)
        self.plans: PlanRecords = MemoryPlans(records)
        self.limits: LimitRecords = MemoryLimits(records)
        self.audit: AuditRecords = MemoryAudit()
        self.events: EventRecords = self._events

    async def commit(self, transaction: Transaction) -> None:
        """Commit all of it or nothing. Raises Conflict when a version is not the one expected."""
        self._records.apply(transaction)
        self._events.add(transaction.events)

    async def close(self) -> None:
        """Nothing is held."""


def _matches(session: Session, query: SessionQuery) -> bool:
    return (
        query.profile in (None, session.profile)
        and query.status in (None, session.status)
        and (query.pipeline is None or query.pipeline in session.pipelines)
        and query.key in (None, session.key)
        and query.tags.items() <= session.tags.items()
        and (query.since is None or session.created_at >= query.since)
    )


def _position(session: Session) -> tuple[str, str]:
    return session.created_at.isoformat(timespec="microseconds"), session.id


def _cursor(text: str | None) -> tuple[str, str] | None:
    if text is None:
        return None
    at, separator, session_id = text.partition("|")
    if not separator:
        raise UsageError(f"{text!r} is no cursor of a list of sessions.")
    return at, session_id


def _missing(noun: str, name: str, known: Iterable[str]) -> NoReturn:
    near = get_close_matches(name, sorted(set(known)), n=3, cutoff=0.5)
    raise NotFound(
        f"There is no {noun} {name}.",
        next_steps=[f"Did you mean {other}?" for other in near],
    )
