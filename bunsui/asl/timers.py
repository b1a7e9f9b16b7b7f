"""Timers in virtual time: a heap of due times with cheap cancellation."""

from __future__ import annotations

from collections.abc import Callable
from heapq import heappop, heappush


class Timer:
    """One timer; :meth:`cancel` makes it fire never."""

    __slots__ = ("action", "due")

    def __init__(self, due: float, action: Callable[[], None]) -> None:
        self.due = due
        self.action: Callable[[], None] | None = action

    def cancel(self) -> None:
        """Fire never; cancelling twice does no harm."""
        self.action = None


class Timers:
    """All timers of one execution. Timers that are due at the same time fire in the order of their making."""

    __slots__ = ("_heap", "_made")

    def __init__(self) -> None:
        self._heap: list[tuple[float, int, Timer]] = []
        self._made = 0

    def add(self, due: float, action: Callable[[], None]) -> Timer:
        """Call ``action`` when the time ``due`` (epoch seconds) is reached."""
        timer = Timer(due, action)
        self._made += 1
        heappush(self._heap, (due, self._made, timer))
        return timer

    @property
    def next_due(self) -> float | None:
        """The earliest due time."""
        heap = self._heap
        # Cancelled timers stay in the heap until they come to its top: cancelling costs nothing.
        while heap and heap[0][2].action is None:
            heappop(heap)
        return heap[0][0] if heap else None

    def pop(self, now: float) -> Callable[[], None] | None:
        """The action of the earliest timer that is due at ``now``; it is removed."""
        due = self.next_due
        if due is None or due > now:
            return None
        timer = heappop(self._heap)[2]
        action, timer.action = timer.action, None
        return action
