"""Choice rules in JSONPath: a value of another type is false, never an error."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bunsui.asl.comparison import COMPARISONS, TYPE_TESTS, pattern
from tests.properties import FEW

VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-2, 2),
    st.sampled_from([0.5, "", "a", "1", "2026-01-01T00:00:00Z", "2026-01-01T09:00:00+09:00", [], {}, [1]]),
)


@FEW
@given(st.sampled_from(sorted(COMPARISONS)), VALUES, VALUES)
def test_any_two_values_compare_to_true_or_false(name: str, left: Any, right: Any) -> None:
    assert COMPARISONS[name](left, right) in (True, False)


@FEW
@given(st.sampled_from(["String", "Numeric", "Timestamp"]), VALUES, VALUES)
def test_the_five_orderings_agree(kind: str, left: Any, right: Any) -> None:
    less, equal, greater = (
        COMPARISONS[kind + name](left, right) for name in ("LessThan", "Equals", "GreaterThan")
    )
    assert [less, equal, greater].count(True) <= 1
    assert COMPARISONS[f"{kind}LessThanEquals"](left, right) is (less or equal)
    assert COMPARISONS[f"{kind}GreaterThanEquals"](left, right) is (greater or equal)
    assert COMPARISONS[f"{kind}GreaterThan"](right, left) is less


@pytest.mark.parametrize(
    ("name", "left", "right", "holds"),
    [
        ("NumericEquals", True, 1, False),
        ("NumericEquals", 1, 1.0, True),
        ("BooleanEquals", 1, True, False),
        ("StringEquals", "a", "A", False),
        ("StringLessThan", "B", "a", True),
        ("TimestampEquals", "2026-01-01T00:00:00Z", "2026-01-01T09:00:00+09:00", True),
        ("TimestampLessThan", "2026-01-01T00:00:00.000000001Z", "2026-01-01T00:00:00.000000002Z", True),
        ("TimestampEquals", "2026-01-01", "2026-01-01", False),
        ("StringMatches", 1, "*", False),
    ],
)
def test_edges(name: str, left: Any, right: Any, holds: bool) -> None:
    assert COMPARISONS[name](left, right) is holds


@FEW
@given(VALUES)
def test_a_value_is_of_one_scalar_type_at_most(value: Any) -> None:
    scalar = [TYPE_TESTS[name](value) for name in ("IsNull", "IsNumeric", "IsString", "IsBoolean")]
    assert scalar.count(True) <= 1
    assert not TYPE_TESTS["IsTimestamp"](value) or TYPE_TESTS["IsString"](value)


def stars(text: str, wanted: str) -> bool:
    """StringMatches, said in the plainest way."""
    if not wanted:
        return not text
    if wanted[0] == "*":
        return any(stars(text[skipped:], wanted[1:]) for skipped in range(len(text) + 1))
    if wanted[:2] in {"\\*", "\\\\"}:
        return text[:1] == wanted[1] and stars(text[1:], wanted[2:])
    return text[:1] == wanted[0] and stars(text[1:], wanted[1:])


@FEW
@given(st.text("ab*\\\n.", max_size=8), st.text("ab*\\\n.", max_size=6))
def test_stars_stand_for_any_characters_and_nothing_else_is_special(text: str, wanted: str) -> None:
    assert (pattern(wanted).fullmatch(text) is not None) is stars(text, wanted)


def test_many_stars_take_no_time() -> None:
    assert pattern("a*" * 50 + "b").fullmatch("a" * 5_000) is None
