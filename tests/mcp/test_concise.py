"""Documents for models: nothing that says something is lost, nothing hidden is left."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bunsui_mcp.concise import FOREIGN, cleaned, concise, foreign, printed
from tests.properties import FEW

JSON: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["id", "cause", "schema", "stale", "at"]), inner, max_size=4)
    ),
    max_leaves=12,
)


def numbers(value: Any) -> list[int]:
    if isinstance(value, dict):
        return [n for key, part in value.items() if key != "schema" for n in numbers(part)]
    if isinstance(value, list):
        return [n for part in value for n in numbers(part)]
    return [value] if isinstance(value, int) and not isinstance(value, bool) else []


@FEW
@given(JSON)
def test_what_says_something_stays_and_again_changes_nothing(value: Any) -> None:
    once = concise(value)
    assert numbers(once) == numbers(value)
    assert concise(once) == once


@pytest.mark.parametrize(
    ("field", "value", "kept"),
    [
        ("rows", 0, True),
        ("found", False, True),
        ("stale", False, False),
        ("stale", True, True),
        ("note", "", False),
        ("items", [], False),
        ("schema", "bunsui.x/1", False),
        ("inner", {"digest": "d"}, False),
    ],
)
def test_empty_is_left_out_and_no_is_an_answer(field: str, value: Any, kept: bool) -> None:
    assert (field in dict(concise({field: value, "id": 1}))) is kept  # type: ignore[arg-type]


def test_a_cause_keeps_its_head_and_a_log_its_end() -> None:
    shown: Any = concise({"cause": "first" + "x" * 5_000, "log_tail": "a\n" * 50 + "x" * 5_000 + "last"})
    assert shown["cause"].startswith("first")
    assert shown["log_tail"].endswith("last")
    assert max(map(len, shown.values())) <= 1_201


def test_times_lose_their_fractions_only() -> None:
    shown: Any = concise({"created_at": "2026-01-01T00:00:00.123456Z", "at": "2026-01-01T00:00:00.5Z"})
    assert shown == {"created_at": "2026-01-01T00:00:00Z", "at": "2026-01-01T00:00:00.5Z"}


def test_nothing_unseen_is_left_in_texts_or_names() -> None:
    hidden = "a\u200bb\x1b[2Jc\u202e"
    assert cleaned({hidden: [hidden, 1, None]}) == {"abc": ["abc", 1, None]}


def test_fields_with_foreign_text_are_named_wherever_they_stand() -> None:
    value: Any = {"jobs": [{"cause": "x", "log_tail": ""}], "id": 1, "tags": {"error": "y"}}
    assert foreign(value) == ["cause", "error", "tags"]
    assert printed(foreign(value)) == ["cause"]
    assert foreign({"cause": None, "output": {}}) == []
    assert len(set(FOREIGN)) == len(FOREIGN)
