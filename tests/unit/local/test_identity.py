"""New identities: with the day in front, and never the same."""

from __future__ import annotations

import re
from datetime import UTC

from bunsui.local.identity import RandomIds, SystemClock
from bunsui.testing.memory import FakeClock


def test_a_session_begins_with_its_day_so_that_names_sort_by_age() -> None:
    clock = FakeClock()
    ids = RandomIds(clock)
    first = ids.session()
    clock.advance(86_400)
    assert re.fullmatch(r"20260101-[0-9a-hjkmnp-tv-z]{6}", first)
    assert ids.session() > first


def test_plans_cannot_be_guessed() -> None:
    made = {RandomIds(FakeClock()).plan() for _ in range(200)}
    assert len(made) == 200
    assert all(re.fullmatch(r"p-[0-9a-hjkmnp-tv-z]{16}", one) for one in made)


def test_the_clock_tells_utc() -> None:
    assert SystemClock().now().tzinfo is UTC
