"""Memory of running sessions, by sampling; all numbers in MiB."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import psutil

from bunsui.local.runners.process import session_members

INTERVAL = 0.05
MIB = 1024 * 1024


@dataclass(slots=True, kw_only=True)
class Watched:
    """One session under watch: its limit and the highest use seen."""

    pid: int
    limit_mb: int
    exceeded: Callable[[], None]
    count_leader: bool = True
    peak_mb: int = 0


class MemoryWatch:
    """Samples every watched session and calls `exceeded` once for each that is over its limit."""

    def __init__(self, interval: float = INTERVAL) -> None:
        self._interval = interval
        self._watched: dict[int, Watched] = {}
        self._timer: asyncio.TimerHandle | None = None

    def add(self, watched: Watched) -> None:
        """Watch a session from now on."""
        self._watched[watched.pid] = watched
        if self._timer is None:
            self._schedule()

    def remove(self, watched: Watched) -> None:
        """Stop watching a session."""
        self._watched.pop(watched.pid, None)
        if not self._watched and self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _schedule(self) -> None:
        self._timer = asyncio.get_running_loop().call_later(self._interval, self._sample)

    def _sample(self) -> None:
        self._schedule()
        members = session_members(frozenset(self._watched))
        for watched in list(self._watched.values()):
            self._weigh(watched, members[watched.pid])

    def _weigh(self, watched: Watched, pids: list[int]) -> None:
        counted = [pid for pid in pids if watched.count_leader or pid != watched.pid]
        used = resident_mb(counted)
        if used > watched.limit_mb and len(counted) > 1:
            # Forked processes share pages, which the sum counts several times and a container does not.
            used = proportional_mb(counted)
        watched.peak_mb = max(watched.peak_mb, used)
        if used > watched.limit_mb:
            self.remove(watched)
            watched.exceeded()


def resident_mb(pids: Iterable[int]) -> int:
    """Return the sum of the resident memory of these processes."""
    total = 0
    for pid in pids:
        with contextlib.suppress(psutil.Error):
            total += psutil.Process(pid).memory_info().rss
    return -(-total // MIB)


def proportional_mb(pids: Iterable[int]) -> int:
    """Return the memory of these processes with shared pages counted once, where the system tells."""
    total = 0
    for pid in pids:
        with contextlib.suppress(psutil.Error):
            used = psutil.Process(pid).memory_full_info()
            total += getattr(used, "pss", used.rss)
    return -(-total // MIB)
