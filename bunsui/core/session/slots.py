"""Units of pools: who has them, who waits, and who may have them next. Pure, over the records read."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from types import MappingProxyType

from bunsui.core.models.limit import Hold, Pool

Owner = tuple[str, str, int]
"""An attempt: session, run, number."""


_NOTHING: Mapping[str, int] = MappingProxyType({})


class Desk:
    """The pools of a profile while one attempt takes and gives back units; `changed` is to be committed.

    Whoever waits is served in order of coming, but nobody waits for one who cannot be served yet: units
    are never idle while a job that wants them could go.
    """

    def __init__(self, pools: Iterable[Pool], owner: Owner) -> None:
        self._owner = owner
        self._before = {pool.name: pool for pool in pools}
        self._pools = dict(self._before)
        self._came: dict[tuple[str, str, bool], datetime] = {}

    def lacking(self, units: Mapping[str, int]) -> str:
        """The pool that could never give that many units, an empty string if all could."""
        sizes = {name: pool.size for name, pool in self._pools.items()}
        return next((name for name, count in units.items() if sizes.get(name, 0) < count), "")

    def leave(self) -> None:
        """Nothing of the attempt waits any more; what asks again keeps its place."""
        for pool in self._pools.values():
            for hold in pool.waiting:
                if hold.owner == self._owner:
                    self._came.setdefault((hold.job, hold.item, hold.more), hold.since)
        for name, pool in self._pools.items():
            kept = tuple(hold for hold in pool.waiting if hold.owner != self._owner)
            if len(kept) < len(pool.waiting):
                self._pools[name] = pool.model_copy(update={"waiting": kept})

    def take(self, job: str, units: Mapping[str, int], at: datetime, item: str = "") -> bool:
        """Take units, or wait for them: whether they were taken. No units are always there."""
        if not units:
            return True
        hold = self._hold(job, item, units, at)
        fits = _fits(units, self._free_before(hold))
        self._put(hold, fits=fits)
        return fits

    def widen(
        self,
        job: str,
        units: Mapping[str, int],
        places: int,
        times: int,
        at: datetime,
        *,
        left: Mapping[str, int] = _NOTHING,
    ) -> int:
        """Let a map job that has `places` have units for up to `times` more: how many of those it got.

        It leaves the units that are to be `left`. Where it got fewer places it waits in line for another.
        """
        if not units:
            return times
        hold = self._hold(job, "", units, at, more=True)
        free = self._free_before(hold)
        fit = ((free[name] - left.get(name, 0)) // count for name, count in units.items())
        got = max(0, min([times, *fit]))
        if got:
            self.keep(job, units, places + got)
        if got < times:
            # Who was served asks anew, behind those who came meanwhile.
            self._put(hold.model_copy(update={"since": at}) if got else hold, fits=False)
        return got

    def keep(self, job: str, units: Mapping[str, int], places: int) -> None:
        """Let a map job have units for so many places, no matter how many it had."""
        mine, kept = (*self._owner, job, "", False), {name: count * places for name, count in units.items()}
        for name in units:
            pool = self._pools[name]
            held = tuple(
                hold.model_copy(update={"units": kept}) if hold.identity == mine else hold
                for hold in pool.holding
            )
            self._pools[name] = pool.model_copy(update={"holding": held})

    def release(self, job: str, item: str = "") -> None:
        """Give back what a job or item has."""
        mine = (*self._owner, job, item, False)
        for name, pool in self._pools.items():
            kept = tuple(hold for hold in pool.holding if hold.identity != mine)
            if len(kept) < len(pool.holding):
                self._pools[name] = pool.model_copy(update={"holding": kept})

    @property
    def changed(self) -> list[Pool]:
        """Pools that differ from what is stored, at their next versions."""
        pairs = ((pool, self._before[name]) for name, pool in self._pools.items())
        return [pool.model_copy(update={"version": was.version + 1}) for pool, was in pairs if pool != was]

    @property
    def freed(self) -> bool:
        """Whether others may go now who could not before: units came back, or somebody left the line."""
        pairs = [(pool, self._before[name]) for name, pool in self._pools.items()]
        return any(pool.free > was.free or _left(pool, was) for pool, was in pairs)

    def _hold(
        self, job: str, item: str, units: Mapping[str, int], at: datetime, *, more: bool = False
    ) -> Hold:
        session, run, attempt = self._owner
        return Hold(
            session_id=session,
            run_id=run,
            attempt=attempt,
            job=job,
            item=item,
            units=dict(units),
            since=self._came.get((job, item, more), at),
            more=more,
        )

    def _put(self, hold: Hold, *, fits: bool) -> None:
        for name in hold.units:
            pool = self._pools[name]
            self._pools[name] = pool.model_copy(update=_with(pool, hold, fits=fits))

    def _free_before(self, hold: Hold) -> dict[str, int]:
        """What is left when everybody is served who came before."""
        free = {name: pool.free for name, pool in self._pools.items()}
        for other in waiting_in(self._pools.values()):
            if _order(other) < _order(hold) and _fits(other.units, free):
                _subtract(other.units, free)
        return free


def waiting_in(pools: Iterable[Pool]) -> list[Hold]:
    """Everybody who waits, each once, in order of coming."""
    found = {hold.identity: hold for pool in pools for hold in pool.waiting}
    return sorted(found.values(), key=_order)


def served(pools: Iterable[Pool]) -> Iterator[Hold]:
    """Who could be served now, in order."""
    kept = list(pools)
    free = {pool.name: pool.free for pool in kept}
    for hold in waiting_in(kept):
        if _fits(hold.units, free):
            _subtract(hold.units, free)
            yield hold


def without(pools: Iterable[Pool], owner: Owner) -> list[Pool]:
    """The pools that change, at their next versions, when an attempt has ended however it did."""
    found: list[Pool] = []
    for pool in pools:
        holding = tuple(hold for hold in pool.holding if hold.owner != owner)
        waiting = tuple(hold for hold in pool.waiting if hold.owner != owner)
        if (holding, waiting) != (pool.holding, pool.waiting):
            found.append(pool.next(holding=holding, waiting=waiting))
    return found


def _left(pool: Pool, was: Pool) -> bool:
    """Whether somebody waited and neither waits nor was served."""
    here = {hold.identity for hold in (*pool.waiting, *pool.holding)}
    return any(hold.identity not in here for hold in was.waiting)


def _with(pool: Pool, hold: Hold, *, fits: bool) -> dict[str, tuple[Hold, ...]]:
    """The list that changes; in one order, so that who asks again in vain changes nothing."""
    if fits:
        return {"holding": (*pool.holding, hold)}
    return {"waiting": tuple(sorted((*pool.waiting, hold), key=_order))}


def _order(hold: Hold) -> tuple[datetime, tuple[str, str, int, str, str, bool]]:
    return hold.since, hold.identity


def _fits(units: Mapping[str, int], free: Mapping[str, int]) -> bool:
    return all(free.get(name, 0) >= count for name, count in units.items())


def _subtract(units: Mapping[str, int], free: dict[str, int]) -> None:
    for name, count in units.items():
        free[name] = free.get(name, 0) - count
