"""Which states and branches were gone through: counted once, added up over processes."""

from __future__ import annotations

import json
from typing import Any

import pytest

from bunsui.testing import run
from bunsui.testing.coverage import Coverage, choices, names
from bunsui.testing.report import table

CHOICE: dict[str, Any] = {
    "StartAt": "C",
    "States": {
        "C": {
            "Type": "Choice",
            "Choices": [
                {"Variable": "$.n", "NumericEquals": 1, "Next": "One"},
                {"Variable": "$.n", "NumericEquals": 2, "Next": "M"},
            ],
            "Default": "Rest",
        },
        "One": {"Type": "Succeed"},
        "Rest": {"Type": "Succeed"},
        "M": {
            "Type": "Map",
            "ItemsPath": "$.list",
            "End": True,
            "ItemProcessor": {"StartAt": "I", "States": {"I": {"Type": "Pass", "End": True}}},
        },
    },
}


def covered(*inputs: Any, name: str = "m") -> Coverage:
    coverage = Coverage()
    for given in inputs:
        coverage.add(name, CHOICE, run(CHOICE, given).histories)
    return coverage


def test_states_and_branches_are_found_at_any_depth() -> None:
    assert set(names(CHOICE)) == {"C", "One", "Rest", "M", "I"}
    assert set(choices(CHOICE)) == {("C", "One"), ("C", "M"), ("C", "Rest")}


@pytest.mark.parametrize(
    ("inputs", "missing"),
    [
        ([], {"C", "I", "M", "One", "Rest", "C → M", "C → One", "C → Rest"}),
        ([{"n": 1}], {"I", "M", "Rest", "C → M", "C → Rest"}),
        ([{"n": 1}, {"n": 3}, {"n": 2, "list": [1]}], set()),
        ([{"n": 2, "list": []}], {"I", "One", "Rest", "C → One", "C → Rest"}),
    ],
)
def test_what_no_run_went_through_is_missing(inputs: list[Any], missing: set[str]) -> None:
    coverage = covered(*inputs)
    coverage.add("m", CHOICE, [])
    assert set(coverage.machines["m"].missing) == missing


def test_processes_add_up_in_any_order_and_twice_is_once() -> None:
    first, second = covered({"n": 1}), covered({"n": 3}, {"n": 2, "list": [1]})
    for parts in ([first, second], [second, first, first]):
        merged = Coverage()
        for part in parts:
            merged.merge(json.loads(json.dumps(part.to_json())))
        assert merged.machines["m"].missing == []


def test_two_machines_of_one_name_lose_nothing() -> None:
    coverage = covered({"n": 1})
    other: dict[str, Any] = {"StartAt": "X", "States": {"X": {"Type": "Succeed"}}}
    coverage.add("m", other, run(other, {}).histories)
    assert coverage.machines["m"].states == {"C", "One", "Rest", "M", "I", "X"}
    assert {"One", "X"} <= coverage.machines["m"].seen_states


def test_a_machine_without_a_name_has_one_of_its_content() -> None:
    coverage = covered({"n": 1}, name="")
    (name,) = coverage.machines
    assert name.startswith("C (")


def test_the_table_has_a_line_a_machine_and_a_total() -> None:
    head, one, total = table(covered({"n": 1}))
    assert head.split() == ["machine", "states", "branches", "missing"]
    assert "2/5  40%" in one
    assert "1/3  33%" in one
    assert total.startswith("TOTAL")
