"""Timers in virtual time: in order of their due times, then of their making; cancelled ones never."""

from __future__ import annotations

from functools import partial

from hypothesis import given
from hypothesis import strategies as st

from bunsui.asl.timers import Timers
from tests.properties import FEW


def fired(timers: Timers, now: float) -> int:
    count = 0
    while (action := timers.pop(now)) is not None:
        action()
        count += 1
    return count


@FEW
@given(st.lists(st.tuples(st.integers(0, 5), st.booleans())), st.integers(0, 6))
def test_what_is_due_fires_once_and_in_order(made: list[tuple[int, bool]], now: int) -> None:
    timers, seen = Timers(), list[tuple[int, int]]()
    kept = [timers.add(due, partial(seen.append, (due, n))) for n, (due, _) in enumerate(made)]
    for timer, (_, cancelled) in zip(kept, made, strict=True):
        if cancelled:
            timer.cancel()
    left = sorted((due, n) for n, (due, cancelled) in enumerate(made) if not cancelled)
    fired(timers, now)
    assert seen == [one for one in left if one[0] <= now]
    assert timers.next_due == next((due for due, _ in left if due > now), None)
    fired(timers, 9)
    assert seen == left


def test_without_timers_nothing_is_due() -> None:
    assert Timers().next_due is None
    assert Timers().pop(1e12) is None


def test_cancelling_twice_or_after_the_end_does_no_harm() -> None:
    timers = Timers()
    timer = timers.add(1, lambda: None)
    timer.cancel()
    timer.cancel()
    other = timers.add(2, lambda: None)
    assert fired(timers, 2) == 1
    other.cancel()
    assert timers.next_due is None


def test_a_timer_made_while_one_fires_waits_for_its_turn() -> None:
    timers, seen = Timers(), list[str]()

    def first() -> None:
        seen.append("first")
        timers.add(1, lambda: seen.append("third"))

    timers.add(1, first)
    timers.add(1, lambda: seen.append("second"))
    assert fired(timers, 1) == 3
    assert seen == ["first", "second", "third"]
