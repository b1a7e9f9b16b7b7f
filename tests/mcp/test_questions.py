"""The question that a person reads: our own words, and of the caller's only plain ones."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bunsui.core.session.outcomes import StopPlan
from bunsui_mcp.questions import LINES, SHOWN, text
from tests.properties import FEW
from tests.unit.core.records import stored_plan

BODY = StopPlan(session_id="s", attempts={})


def asked(*lines: str, **arguments: Any) -> str:
    return text(stored_plan(BODY, title="Stop session s", text=lines, arguments=arguments))


def test_it_begins_with_what_happens_and_ends_with_the_plan() -> None:
    first, *middle, last = asked("r/1: ends a", session="s").splitlines()
    assert first == "Stop session s?"
    assert middle == ["- r/1: ends a", "- with session s"]
    assert last == "(session_rerun, spend, profile local, plan p-1, until 00:10 UTC)"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"session": "20260101-abc"}, "session 20260101-abc"),
        ({"jobs": ["a", "r/b"]}, "jobs a r/b"),
        ({"max_runs": 3}, "max_runs 3"),
        ({"params": {"month": "2026-01"}}, "params month=2026-01"),
        ({"params": {"who": "ann"}}, "params who=(text, not shown here)"),
        ({"reason": "please"}, "reason (text, not shown here)"),
        ({"tags": {"team": "5"}}, "tags (text, not shown here)=5"),
        ({"session": "x" * 33}, "session (text, not shown here)"),
    ],
)
def test_ids_and_numbers_are_shown_and_free_text_is_not(arguments: dict[str, Any], words: str) -> None:
    assert f"- with {words}" in asked(**arguments).splitlines()


@FEW
@given(st.sampled_from(["session", "reason", "params", "tags", "jobs"]), st.text(min_size=1))
def test_no_argument_adds_a_line_or_a_sentence(name: str, value: str) -> None:
    given_: Any = {value: value} if name in {"params", "tags"} else [value] if name == "jobs" else value
    shown = asked("ends a", **{name: given_}).splitlines()
    assert len(shown) == 4
    assert " " not in value or value not in shown[2]


def test_a_long_plan_says_how_much_is_not_shown() -> None:
    shown = asked(*(f"line {n}" for n in range(LINES + 7)))
    assert f"- line {LINES - 1}\n" in shown
    assert f"line {LINES}\n" not in shown
    assert "and 7 more lines: bunsui approval show p-1" in shown


def test_a_long_list_is_cut() -> None:
    shown = asked(jobs=[f"j{n}" for n in range(SHOWN + 5)])
    assert f"j{SHOWN - 1}" in shown
    assert f"j{SHOWN}" not in shown
