"""Plans of stop and accept, in words, and when they are empty."""

from __future__ import annotations

from bunsui.core.session.outcomes import AcceptPlan, StopPlan


def test_a_stop_says_what_it_ends_attempt_by_attempt() -> None:
    plan = StopPlan(session_id="s", attempts={"r/1": ("a", "b"), "q/2": ("c",)})
    assert plan.lines == ("r/1: ends a, b", "q/2: ends c")
    assert not plan.empty


def test_giving_up_is_something_to_do_and_says_that_the_key_is_free() -> None:
    plan = StopPlan(session_id="s", attempts={}, gives_up=True)
    assert not plan.empty
    assert "key free" in plan.lines[-1]


def test_with_nothing_open_a_stop_is_empty() -> None:
    plan = StopPlan(session_id="s", attempts={})
    assert plan.empty
    assert plan.lines == ()


def test_accepting_nothing_is_empty() -> None:
    assert AcceptPlan(session_id="s", jobs=(), reason="fine").empty
    assert not AcceptPlan(session_id="s", jobs=("r/a",), reason="fine").empty
