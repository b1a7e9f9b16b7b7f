"""Where everything that concerns executions arrives: posts, applied in their order by the driver."""

from __future__ import annotations

import asyncio
import sqlite3
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from bunsui.asl.signals import Signal

Write = Callable[[sqlite3.Connection], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Post:
    """A signal for an execution, with what has to be committed beside it, and what may follow the commit."""

    execution: int
    signal: Signal | None = None
    writes: tuple[Write, ...] = ()
    then: Callable[[], None] | None = None


class Mailbox:
    """Posts on their way to the driver. Used in one event loop only."""

    def __init__(self) -> None:
        self._posts: deque[Post] = deque()
        self._woken = False
        self._waiting: asyncio.Future[None] | None = None

    def post(self, post: Post) -> None:
        """Add a post; it is applied in the next cycle."""
        self._posts.append(post)
        self.wake()

    def send(self, execution: int, signal: Signal) -> None:
        """Add a signal that needs nothing beside it."""
        self.post(Post(execution=execution, signal=signal))

    def wake(self) -> None:
        """Let the driver look around now."""
        self._woken = True
        if self._waiting is not None:
            settle(self._waiting)

    def take(self) -> list[Post]:
        """All posts, oldest first."""
        posts = list(self._posts)
        self._posts.clear()
        return posts

    async def wait(self, seconds: float) -> None:
        """Wait for a post or a call of `wake`, at most so long."""
        if self._posts or self._woken:
            await asyncio.sleep(0)
        else:
            await self._idle(seconds)
        self._woken = False

    async def _idle(self, seconds: float) -> None:
        loop = asyncio.get_running_loop()
        self._waiting = loop.create_future()
        timer = loop.call_later(seconds, settle, self._waiting)
        try:
            await self._waiting
        finally:
            timer.cancel()
            self._waiting = None

    def now(self) -> float:
        """The time for a signal, in epoch seconds."""
        return time.time()


def settle(done: asyncio.Future[None]) -> None:
    """Wake whoever waits for a commit and has not been cancelled since."""
    if not done.done():
        done.set_result(None)
