"""Times as Step Functions writes and reads them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bunsui.asl.clock import iso, parse_nanoseconds, parse_timestamp
from tests.properties import FEW


@FEW
@given(st.integers(0, 4_000_000_000_000))
def test_what_was_written_is_read_to_the_millisecond(millis: int) -> None:
    assert parse_nanoseconds(iso(millis / 1000)) == millis * 1_000_000


@FEW
@given(st.integers(0, 10**18), st.integers(0, 10**18))
def test_later_times_have_later_texts(one: int, other: int) -> None:
    first, second = sorted((one % 4_000_000_000, other % 4_000_000_000))
    assert iso(first) <= iso(second)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("1970-01-01T00:00:00Z", 0),
        ("2016-03-14T01:59:00Z", 1457920740),
        ("2016-03-14T01:59:00.5Z", 1457920740.5),
        ("2016-03-14T10:59:00+09:00", 1457920740),
        ("2016-03-13T18:29:00-07:30", 1457920740),
        ("1969-12-31T23:59:59.25Z", -0.75),
    ],
)
def test_a_time_with_an_offset_is_the_same_moment(text: str, seconds: float) -> None:
    assert parse_timestamp(text) == seconds


@pytest.mark.parametrize(
    "value",
    [
        "2016-03-14",
        "2016-03-14T01:59:00",
        "2016-03-14t01:59:00Z",
        "2016-03-14T01:59:00z",
        "2016-03-14 01:59:00Z",
        "2016-02-30T00:00:00Z",
        "2016-03-14T24:00:00Z",
        "2016-03-14T01:59:60Z",
        "٢٠١٦-03-14T01:59:00Z",
        "2016-03-14T01:59:00Z ",
        "0000-01-01T00:00:00Z",
        1457920740,
        None,
    ],
)
def test_anything_else_is_no_time(value: object) -> None:
    assert parse_timestamp(value) is None


def test_a_microsecond_is_told_apart() -> None:
    one, other = (parse_nanoseconds(f"2026-01-01T00:00:00.00000{digit}Z") for digit in "12")
    assert one is not None
    assert other is not None
    assert other - one == 1_000
