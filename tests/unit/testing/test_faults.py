"""Faults in front of mocks: which calls they strike, and that chance is the same for the same seed."""

from __future__ import annotations

from typing import Any

import pytest

from bunsui.testing import delay, fail, in_turn, never, returns, run, throws, time_out
from bunsui.testing.faults import Fault

INVOKE = "arn:aws:states:::lambda:invoke"


def counting(calls: int, **fields: Any) -> dict[str, Any]:
    """A machine that calls `work` so many times, one after the other, and goes on whatever happens."""
    states: dict[str, Any] = {}
    for n in range(calls):
        following = f"C{n + 1}"
        caught = [{"ErrorEquals": ["States.ALL"], "Next": following}]
        call = {"Type": "Task", "Resource": INVOKE, "Parameters": {"FunctionName": "work"}, **fields}
        states[f"C{n}"] = {**call, "Catch": caught, "Next": following}
    return {"StartAt": "C0", "States": {**states, f"C{calls}": {"Type": "Succeed"}}}


def struck(*faults: Fault, calls: int = 5, seed: str = "s", **fields: Any) -> list[int]:
    """The numbers of the calls that did not return."""
    done = run(counting(calls, **fields), {}, mocks={"work": returns(1)}, faults=faults, seed=seed)
    return [n for n, call in enumerate(done.calls, 1) if call.reply.kind != "return"]


@pytest.mark.parametrize(
    ("on", "numbers"), [(1, [1]), (3, [3]), ((2, 4), [2, 4]), (None, [1, 2, 3, 4, 5]), ((), []), (9, [])]
)
def test_a_fault_strikes_the_calls_that_it_names(on: Any, numbers: list[int]) -> None:
    assert struck(fail("work", on=on)) == numbers


def test_calls_are_counted_for_each_fault_over_all_states() -> None:
    assert struck(fail("C3"), fail("work", on=2)) == [2, 4]


def test_chance_is_the_same_for_the_same_seed() -> None:
    some = fail("work", on=None, chance=0.5)
    first = struck(some, calls=20)
    assert struck(some, calls=20) == first
    assert 0 < len(first) < 20
    assert any(struck(some, calls=20, seed=seed) != first for seed in "abc")
    assert struck(fail("work", on=None, chance=0.0)) == []


def test_a_delay_is_added_to_the_answer_and_to_another_fault() -> None:
    slow = run(counting(1), {}, mocks={"work": returns(1, after=2)}, faults=[delay("work", 5)])
    assert slow.duration == 7
    both = run(counting(1), {}, mocks={"work": returns(1)}, faults=[delay("work", 5), fail("work")])
    assert both.duration == 5


def test_a_mock_is_not_asked_where_a_fault_answers() -> None:
    asked: list[Any] = []
    run(counting(2), {}, mocks={"work": asked.append}, faults=[fail("work", on=1)])
    assert len(asked) == 1


def test_a_timeout_waits_for_the_state_to_give_up() -> None:
    done = run(counting(1, TimeoutSeconds=30), {}, mocks={"work": returns(1)}, faults=[time_out("work")])
    assert done.duration == 30


def test_mocks_in_turn_stay_with_the_last_and_nobody_answers_for_ever() -> None:
    retry = [{"ErrorEquals": ["E"], "MaxAttempts": 5}]
    done = run(counting(1, Retry=retry), {}, mocks={"work": in_turn(returns(1), throws("E"), returns(2))})
    assert [call.reply.kind for call in done.calls] == ["return"]
    failing = run(counting(1, Retry=retry), {}, mocks={"work": in_turn(throws("E"), throws("E"), returns(2))})
    assert [call.reply.kind for call in failing.calls] == ["throw", "throw", "return"]
    silent = run(counting(1, TimeoutSeconds=5), {}, mocks={"work": never()})
    assert silent.duration == 5
    with pytest.raises(ValueError, match="at least one"):
        in_turn()
