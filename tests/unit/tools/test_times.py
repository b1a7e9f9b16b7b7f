"""Points in time as people write them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bunsui.errors import UsageError
from bunsui.tools.times import since
from tests.properties import FEW

NOW = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("90m", NOW - timedelta(minutes=90)),
        (" 7D ", NOW - timedelta(days=7)),
        ("2 w", NOW - timedelta(weeks=2)),
        ("0s", NOW),
        ("2026-11-22", datetime(2026, 11, 22, tzinfo=UTC)),
        ("2026-11-22T08:00", NOW),
        ("2026-11-22T08:00Z", NOW),
        ("2026-11-22T17:00+09:00", NOW),
    ],
)
def test_a_date_a_time_or_an_age(text: str, moment: datetime) -> None:
    assert since(text, NOW) == moment


@pytest.mark.parametrize(
    "text", ["", "yesterday", "7", "7y", "-1d", "1.5h", "2026-13-01", "999999999w", "0001-01-01T00:00+09:00"]
)
def test_what_is_no_time_is_refused_with_examples(text: str) -> None:
    with pytest.raises(UsageError, match="is no time") as caught:
        since(text, NOW)
    assert "24h" in caught.value.next_steps[0]
    assert caught.value.details == {"field": "since"}


@FEW
@given(st.text(max_size=50))
def test_any_text_is_a_moment_in_utc_or_refused(text: str) -> None:
    try:
        found = since(text, NOW)
    except UsageError:
        return
    assert found.utcoffset() == timedelta(0)


@FEW
@given(st.integers(0, 10_000), st.integers(0, 10_000))
def test_a_greater_age_is_earlier(one: int, other: int) -> None:
    assert (since(f"{one}h", NOW) > since(f"{other}h", NOW)) is (one < other)
