"""Find a process that an earlier worker started, and watch one until it ends or has to be ended."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass

from bunsui.local.runners.memory import MemoryWatch, Watched
from bunsui.local.runners.process import SessionProcess, is_running, kill_leftovers
from bunsui.local.runners.specs import InFlight


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What to do with a process at its deadline and above its memory."""

    expired: Callable[[], None]
    exceeded: Callable[[], None]
    count_leader: bool = True


def find(call: InFlight) -> SessionProcess | None:
    """Return the process of a call if it is alive and the same that was recorded.

    If it is not, what it left running is killed: its work may be about to begin again. The process of another
    data directory is left alone.
    """
    if call.foreign:
        return None
    pid, create_time = call.started.pid, call.started.create_time
    if not is_running(pid, create_time):
        kill_leftovers(pid)
        return None
    process = SessionProcess(pid, create_time)
    # The watch was opened by number: look again, now that the number cannot change hands unseen.
    if is_running(pid, create_time):
        return process
    process.detach()
    return None


async def watch(process: SessionProcess, call: InFlight, memory: MemoryWatch, limits: Limits) -> int:
    """Wait for the end of a process, within its limits, and return the highest memory seen, in MiB."""
    watched = Watched(
        pid=process.pid, limit_mb=call.memory_mb, exceeded=limits.exceeded, count_leader=limits.count_leader
    )
    memory.add(watched)
    remaining = max(0.0, call.started.deadline - time.time())
    timer = asyncio.get_running_loop().call_later(remaining, limits.expired)
    try:
        await asyncio.shield(process.exited)
    except asyncio.CancelledError:
        process.detach()
        raise
    finally:
        timer.cancel()
        memory.remove(watched)
    return watched.peak_mb
