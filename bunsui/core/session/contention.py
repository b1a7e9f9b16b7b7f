"""Optimistic versions: who loses a race reads again and tries again."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeVar

from bunsui.errors import Conflict

T = TypeVar("T")

TRIES = 50


async def retried(step: Callable[[], Awaitable[T]], *, tries: int = TRIES) -> T:
    """What the step gives once its commit is taken. It must read everything anew each time.

    Raises the Conflict of the last try when there is no getting through.
    """
    for _ in range(tries - 1):
        try:
            return await step()
        except Conflict:
            continue
    return await step()
