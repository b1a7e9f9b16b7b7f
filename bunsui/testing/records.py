"""Records by identity, with optimistic versions: the heart of the store in memory."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TypeVar

from bunsui.core.models.base import Record
from bunsui.core.models.job import JobRun, Try
from bunsui.core.models.limit import Maintenance, Pool
from bunsui.core.models.pipeline_version import PipelineVersion
from bunsui.core.models.plan import StoredPlan
from bunsui.core.models.session import Attempt, KeyClaim, Run, Session
from bunsui.core.ports.store import Transaction
from bunsui.errors import Conflict

R = TypeVar("R", bound=Record)
Identity = tuple[str | int, ...]

_IDENTITY: dict[type[Record], tuple[str, ...]] = {
    Session: ("id",),
    KeyClaim: ("profile", "key"),
    Run: ("session_id", "id"),
    Attempt: ("session_id", "run_id", "number"),
    JobRun: ("session_id", "run_id", "attempt", "job", "item"),
    Try: ("session_id", "run_id", "attempt", "job", "item", "operation", "number"),
    PipelineVersion: ("name", "hash"),
    StoredPlan: ("id",),
    Pool: ("profile", "name"),
    Maintenance: ("profile",),
}


def identity(record: Record) -> Identity:
    """What tells a record from all others of its type."""
    return tuple(getattr(record, name) for name in _IDENTITY[type(record)])


class Records:
    """Records of every type, by identity, in the order in which they came."""

    def __init__(self) -> None:
        self._tables: dict[type[Record], dict[Identity, Record]] = {kind: {} for kind in _IDENTITY}

    def get(self, kind: type[R], *key: str | int) -> R | None:
        """The record, or None."""
        found = self._tables[kind].get(key)
        return found if isinstance(found, kind) else None

    def all(self, kind: type[R], where: Callable[[R], bool] = lambda _: True) -> Iterator[R]:
        """Records of a type that match."""
        found = self._tables[kind].values()
        return (record for record in found if isinstance(record, kind) and where(record))

    def apply(self, transaction: Transaction) -> None:
        """Check every version, then change everything. Raises Conflict before anything is changed."""
        for record in transaction.put:
            self._expect(record, record.version - 1)
        for record in transaction.delete:
            self._expect(record, record.version)
        self._check_references(transaction)
        for record in transaction.put:
            self._tables[type(record)][identity(record)] = record
        for record in transaction.delete:
            del self._tables[type(record)][identity(record)]
            if isinstance(record, Session):
                self._forget(record.id)

    def _check_references(self, transaction: Transaction) -> None:
        """A version of a pipeline is there when an attempt comes that runs it, and as long as one stays."""
        for version in transaction.present:
            if self.get(PipelineVersion, version.name, version.hash) is None:
                raise _conflict(version, "has just been deleted")
        gone = {one.id for one in transaction.delete if isinstance(one, Session)}
        put = [one for one in transaction.put if isinstance(one, Attempt)]
        stays = (one for one in (*put, *self.all(Attempt)) if one.session_id not in gone)
        ran = {one.definition for one in stays}
        for record in transaction.delete:
            if isinstance(record, PipelineVersion) and record.hash in ran:
                raise _conflict(record, "is run by a session that has just begun")

    def _forget(self, session_id: str) -> None:
        """Remove what belongs to a session."""
        for table in self._tables.values():
            own = [key for key, one in table.items() if getattr(one, "session_id", None) == session_id]
            for key in own:
                del table[key]

    def _expect(self, record: Record, version: int) -> None:
        stored = self._tables[type(record)].get(identity(record))
        found = stored.version if stored else 0
        if found != version:
            name = f"{type(record).__name__} {'/'.join(map(str, identity(record)))}"
            raise Conflict(
                f"{name} is at version {found}, not at {version}: another caller was first.",
                next_steps=["Look at the state again and repeat the call."],
                details={"record": name, "expected": version, "found": found},
            )


def _conflict(version: PipelineVersion, why: str) -> Conflict:
    return Conflict(
        f"Version {version.hash[:12]} of pipeline {version.name} {why}",
        next_steps=["Look at the state again and repeat the call."],
        details={"pipeline": version.name, "version": version.hash},
    )
