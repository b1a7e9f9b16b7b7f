"""Memory of running sessions: told once, of the right processes, and of none that is gone."""

from __future__ import annotations

import asyncio
import os
import subprocess
from collections.abc import Iterator

import pytest

from bunsui.local.runners.memory import MemoryWatch, Watched, proportional_mb, resident_mb

GONE = 2**22 + 1
"""Above the highest number that a process can have."""


@pytest.fixture
def leader() -> Iterator[int]:
    """A session that does nothing until it is ended."""
    process = subprocess.Popen(["cat"], stdin=subprocess.PIPE, start_new_session=True)
    yield process.pid
    process.communicate()


def test_memory_is_counted_in_whole_mib_and_shared_pages_once() -> None:
    own = os.getpid()
    assert 0 < proportional_mb([own]) <= resident_mb([own])
    assert resident_mb([own, own]) >= 2 * resident_mb([own]) - 1


def test_who_is_gone_uses_nothing() -> None:
    assert resident_mb([GONE]) == 0
    assert proportional_mb([GONE]) == 0
    assert resident_mb([]) == 0


async def test_who_is_over_the_limit_is_told_once(leader: int) -> None:
    watch, told = MemoryWatch(interval=0.001), list[int]()
    over = asyncio.Event()

    def exceeded() -> None:
        told.append(watched.peak_mb)
        over.set()

    watched = Watched(pid=leader, limit_mb=0, exceeded=exceeded)
    watch.add(watched)
    other, calm = asyncio.Event(), Watched(pid=leader + 1, limit_mb=0, exceeded=lambda: None)
    watch.add(calm)
    async with asyncio.timeout(20):
        await over.wait()
    assert not other.is_set()
    assert len(told) == 1
    assert told[0] > 0
    watch.remove(calm)


async def test_a_leader_that_is_not_counted_uses_nothing(leader: int) -> None:
    watch, sampled = MemoryWatch(interval=0.001), asyncio.Event()
    shim = Watched(pid=leader, limit_mb=0, exceeded=sampled.set, count_leader=False)
    beside = Watched(pid=os.getsid(0), limit_mb=0, exceeded=sampled.set)
    watch.add(shim)
    watch.add(beside)
    async with asyncio.timeout(20):
        await sampled.wait()
    assert shim.peak_mb == 0
    watch.remove(shim)
    watch.remove(beside)
