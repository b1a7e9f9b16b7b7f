"""Choice: the first rule that holds decides, and what a rule assigns is its own."""

from __future__ import annotations

from typing import Any

import pytest

from tests.asl.harness import Drive, machine


def chosen(state: dict[str, Any], given: Any, **fields: Any) -> Drive:
    ends = {name: {"Type": "Pass", "End": True} for name in ("A", "B", "D")}
    return Drive(machine({"C": {"Type": "Choice", **state}, **ends}, **fields), given).run()


def rule(to: str, **test: Any) -> dict[str, Any]:
    return {"Variable": "$.n", "Next": to, **test}


RULES = [rule("A", NumericGreaterThan=5), rule("B", NumericGreaterThan=1)]


@pytest.mark.parametrize(("n", "state"), [(9, "A"), (3, "B"), (0, "D")])
def test_the_first_rule_that_holds_decides_and_else_the_default(n: int, state: str) -> None:
    done = chosen({"Choices": RULES, "Default": "D"}, {"n": n})
    assert [one["name"] for one in done.details("PassStateEntered")] == [state]
    assert done.execution.output == {"n": n}


def test_without_a_default_nothing_that_holds_is_an_error() -> None:
    done = chosen({"Choices": RULES}, {"n": 0})
    assert (done.execution.status, done.execution.error) == ("FAILED", "States.NoChoiceMatched")


@pytest.mark.parametrize(
    ("test", "holds"),
    [
        ({"And": [{"Variable": "$.n", "IsNumeric": True}, {"Variable": "$.n", "NumericEquals": 1}]}, True),
        ({"Or": [{"Variable": "$.n", "IsNull": True}, {"Variable": "$.n", "NumericEquals": 1}]}, True),
        ({"Not": {"Variable": "$.n", "NumericEquals": 1}}, False),
        ({"Variable": "$.gone", "IsPresent": False}, True),
        ({"Variable": "$.n", "NumericEqualsPath": "$.m"}, True),
    ],
)
def test_tests_are_combined_as_they_say(test: dict[str, Any], holds: bool) -> None:
    done = chosen({"Choices": [{**test, "Next": "A"}], "Default": "D"}, {"n": 1, "m": 1})
    assert done.details("PassStateEntered")[0]["name"] == ("A" if holds else "D")


def test_a_path_that_selects_nothing_fails_the_state() -> None:
    done = chosen({"Choices": [rule("A", NumericEquals=1)], "Default": "D"}, {})
    assert done.execution.error == "States.Runtime"
    assert "Invalid path '$.n'" in str(done.execution.cause)


@pytest.mark.parametrize(("n", "assigned"), [(9, "rule"), (0, "state")])
def test_what_the_state_assigns_counts_for_the_default_only(n: int, assigned: str) -> None:
    choices = [{"Condition": "{% $states.input.n > 5 %}", "Next": "A", "Assign": {"v": "rule"}}]
    shown = {"Type": "Pass", "Output": "{% $v %}", "End": True}
    state = {"Type": "Choice", "Choices": choices, "Default": "A", "Assign": {"v": "state"}}
    done = Drive(machine({"C": state, "A": shown}, QueryLanguage="JSONata"), {"n": n}).run()
    assert done.execution.output == assigned


def test_a_condition_that_is_no_boolean_is_an_error() -> None:
    choices = [{"Condition": "{% $states.input.n %}", "Next": "A"}]
    done = chosen({"Choices": choices, "Default": "D"}, {"n": 1}, QueryLanguage="JSONata")
    assert done.execution.error == "States.QueryEvaluationError"
    assert "Expected 'boolean'" in str(done.execution.cause)
