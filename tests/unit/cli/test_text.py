"""Times and durations as people read them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bunsui.cli.text import duration, moment
from tests.properties import FEW


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (None, "-"),
        (0, "0.0s"),
        (0.44, "0.4s"),
        (10, "10s"),
        (59.4, "59s"),
        (59.6, "1m00s"),
        (185, "3m05s"),
        (3_599.7, "1h00m"),
        (7_800, "2h10m"),
        (90_000, "25h00m"),
    ],
)
def test_a_duration_has_two_figures_at_most(seconds: float | None, text: str) -> None:
    assert duration(seconds) == text


@FEW
@given(st.floats(0, 1e7))
def test_no_duration_has_sixty_minutes_or_seconds(seconds: float) -> None:
    assert "60" not in duration(seconds).partition("h")[2]
    assert not duration(seconds).endswith("m60s")


def test_a_moment_is_told_to_the_second() -> None:
    assert moment("2026-11-23T02:15:04.123456Z") == "2026-11-23 02:15:04"
    assert moment(None) == "-"
