"""How long sessions are kept, and what goes when they are removed."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass
from datetime import datetime

from bunsui.core.models.base import Model
from bunsui.core.models.plan import StoredPlan
from bunsui.core.models.session import Session
from bunsui.core.ports.storage import Leftovers, Storage
from bunsui.core.ports.store import SessionQuery, Store, Transaction
from bunsui.core.session.confirm import used
from bunsui.core.session.ports import SessionPorts
from bunsui.errors import Conflict

__all__ = ["RemovalPlan", "Retention", "plan_collect", "plan_delete", "remove"]

PAGE = 500
_DAY = 86_400.0
TOGETHER = 100
"""Sessions that are removed in one transaction: others want to write too."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Retention:
    """Which ended sessions are kept: those that ended within `days`, and the newest `sessions`.

    None keeps all; a session goes that either of the two does not keep.
    """

    days: float | None = None
    sessions: int | None = None

    def over(self, place: int, session: Session, now: datetime) -> bool:
        """Whether an ended session goes, that is number `place` (from 0) from the newest ended one."""
        since = session.finished_at or session.updated_at
        aged = self.days is not None and (now - since).total_seconds() > self.days * _DAY
        return aged or (self.sessions is not None and place >= self.sessions)


class RemovalPlan(Model):
    """Sessions to be removed, with the versions seen, and what nothing refers to then."""

    sessions: dict[str, int]
    leftovers: tuple[Leftovers, ...]

    @property
    def empty(self) -> bool:
        """Whether there is nothing to remove."""
        return not self.sessions and not self.leftovers

    @property
    def bytes(self) -> int:
        """Of the files; the database keeps its size and uses the room again."""
        return sum(one.bytes for one in self.leftovers)


async def plan_delete(ports: SessionPorts, storage: Storage, session_id: str) -> RemovalPlan:
    """What the removal of one session takes. Raises NotFound, Conflict for one that has not ended."""
    session = await ports.store.sessions.session(session_id)
    if not session.status.ended:
        raise Conflict(
            f"Session {session_id} is {session.status.value}: only what has ended can be deleted.",
            next_steps=[f"bunsui session stop {session_id}"],
            details={"session": session_id, "status": session.status.value},
        )
    found = await storage.survey([session_id])
    return RemovalPlan(sessions={session_id: session.version}, leftovers=tuple(found))


async def plan_collect(
    ports: SessionPorts, storage: Storage, profile: str, retention: Retention
) -> RemovalPlan:
    """What the retention of a profile no longer keeps, and what nothing refers to anyway."""
    now = ports.clock.now()
    gone = {
        session.id: session.version
        async for place, session in _ended(ports.store, profile, retention)
        if retention.over(place, session, now)
    }
    return RemovalPlan(sessions=gone, leftovers=tuple(await storage.survey(gone)))


async def remove(
    ports: SessionPorts, storage: Storage, plan: RemovalPlan, *, approved: StoredPlan | None = None
) -> list[Leftovers]:
    """Remove the sessions of a plan (the approved one, if there is one), and then what nothing refers to.

    A session that was rerun meanwhile is not removed: Conflict, with those before it gone. Cut short, the
    rest is left for the next time. Returns what was cleared. Raises as `used`.
    """
    shown = RemovalPlan.model_validate(approved.body) if approved else plan
    spent = used(approved, shown, ports.clock.now())
    sessions = [await ports.store.sessions.session(one) for one in shown.sessions]
    as_seen = [one.model_copy(update={"version": shown.sessions[one.id]}) for one in sessions]
    groups = list(_groups(as_seen)) or [[]]
    await ports.store.commit(Transaction(put=spent, delete=groups[0]))
    for group in groups[1:]:
        await ports.store.commit(Transaction(delete=group))
    return await storage.sweep()


def _groups(sessions: list[Session]) -> Iterable[list[Session]]:
    return (sessions[start : start + TOGETHER] for start in range(0, len(sessions), TOGETHER))


async def _ended(store: Store, profile: str, retention: Retention) -> AsyncIterator[tuple[int, Session]]:
    """Ended sessions with their places, newest first; none where all are kept."""
    if retention == Retention():
        return
    place, cursor = 0, None
    while True:
        page = await store.sessions.find(SessionQuery(profile=profile, limit=PAGE, cursor=cursor))
        for session in page.items:
            if session.status.ended:
                yield place, session
                place += 1
        if (cursor := page.cursor) is None:
            return
