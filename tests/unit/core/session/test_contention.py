"""Optimistic versions: who loses a race tries again, not for ever."""

from __future__ import annotations

import pytest

from bunsui.core.session.contention import retried
from bunsui.errors import Conflict, NotFound


class Race:
    """A step that loses a number of times before it gets through."""

    def __init__(self, losses: int, error: type[Exception] = Conflict) -> None:
        self.losses, self.error, self.calls = losses, error, 0

    async def step(self) -> str:
        self.calls += 1
        if self.calls <= self.losses:
            raise self.error(f"lost {self.calls}")
        return "done"


@pytest.mark.parametrize("losses", [0, 1, 4])
async def test_a_lost_race_is_run_again(losses: int) -> None:
    race = Race(losses)
    assert await retried(race.step, tries=5) == "done"
    assert race.calls == losses + 1


async def test_the_last_conflict_is_raised_when_there_is_no_getting_through() -> None:
    race = Race(99)
    with pytest.raises(Conflict, match="lost 5"):
        await retried(race.step, tries=5)
    assert race.calls == 5


async def test_any_other_error_is_raised_at_once() -> None:
    race = Race(1, NotFound)
    with pytest.raises(NotFound):
        await retried(race.step)
    assert race.calls == 1
