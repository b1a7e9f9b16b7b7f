from __future__ import annotations

from typing import Any

import pytest

from bunsui.asl.validation import Code, validate


def go(next: str | None) -> dict[str, Any]:
    return {"Type": "Pass", "Next": next} if next else {"Type": "Pass", "End": True}


def found(states: dict[str, Any], **machine: Any) -> list[tuple[str, str, str]]:
    definition = {"StartAt": "A", "States": states, **machine}
    return [(str(one.severity), one.code, one.location) for one in validate(definition)]


def choose(*targets: str) -> dict[str, Any]:
    return {
        "Type": "Choice",
        "Choices": [{"Variable": "$.x", "IsNull": True, "Next": target} for target in targets],
    }


def test_a_chain_has_no_findings() -> None:
    assert found({"A": go("B"), "B": go(None)}) == []


def test_targets_must_exist() -> None:
    assert found({"A": go("X")}) == [("ERROR", Code.TARGET, "/States/A/Next")]
    assert found({"A": go(None)}, StartAt="X") == [("ERROR", Code.TARGET, "/StartAt")]


def test_a_target_is_looked_for_in_the_same_machine_only() -> None:
    inner = {"StartAt": "I", "States": {"I": go("B")}}
    states = {"A": {"Type": "Parallel", "Branches": [inner], "Next": "B"}, "B": go(None)}
    assert found(states) == [("ERROR", Code.TARGET, "/States/A/Branches/0/States/I/Next")]


def test_states_must_be_reachable() -> None:
    states = {"A": go(None), "B": go("C"), "C": go("B")}
    assert found(states) == [("ERROR", Code.TARGET, "/States/B"), ("ERROR", Code.TARGET, "/States/C")]


def test_choices_defaults_and_catchers_reach_too() -> None:
    task = {"Type": "Task", "Resource": "arn:aws:lambda:us-east-1:123456789012:function:f", "End": True}
    caught = {**task, "Catch": [{"ErrorEquals": ["States.ALL"], "Next": "D"}]}
    states = {"A": {**choose("B"), "Default": "C"}, "B": go(None), "C": caught, "D": {"Type": "Fail"}}
    assert found(states) == []


def test_a_machine_must_be_able_to_end() -> None:
    assert found({"A": go("B"), "B": go("A")}) == [("ERROR", Code.NO_TERMINAL, "/States")]


def test_states_that_lead_nowhere_are_warned_of() -> None:
    states = {"A": choose("B", "C"), "B": go(None), "C": go("D"), "D": go("C")}
    assert found(states) == [
        ("WARNING", Code.NO_WAY_OUT, "/States/C"),
        ("WARNING", Code.NO_WAY_OUT, "/States/D"),
    ]


def test_names_are_unique_in_the_whole_definition() -> None:
    inner = {"StartAt": "A", "States": {"A": go(None)}}
    states = {"A": {"Type": "Parallel", "Branches": [inner], "End": True}}
    assert found(states) == [("ERROR", Code.DUPLICATE_STATE, "/States/A/Branches/0/States/A")]


@pytest.mark.parametrize("name, fits", [("x" * 80, True), ("x" * 81, False), ("", False)])
def test_names_have_up_to_80_characters(name: str, fits: bool) -> None:
    assert validate({"StartAt": name, "States": {name: go(None)}}).ok is fits


def test_slashes_and_tildes_in_names_are_escaped_in_locations() -> None:
    definition = {"StartAt": "a/b~c", "States": {"a/b~c": {"Type": "Pass", "End": 1}}}
    assert [one.location for one in validate(definition)] == ["/States/a~1b~0c/End"]


def test_variables_are_seen_by_inner_scopes_but_not_by_child_executions() -> None:
    def nested(mode: dict[str, str]) -> dict[str, Any]:
        inner = {
            "StartAt": "I",
            "States": {"I": {**go(None), "Parameters": {"x.$": "$v"}}},
            "ProcessorConfig": mode,
        }
        return {
            "A": {"Type": "Pass", "Assign": {"v": 1}, "Next": "B"},
            "B": {"Type": "Map", "ItemProcessor": inner, "Next": "C"},
            "C": {**go(None), "Parameters": {"x.$": "$v"}},
        }

    unseen = "/States/B/ItemProcessor/States/I/Parameters/x.$"
    assert found(nested({"Mode": "INLINE"})) == []
    assert found(nested({"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"})) == [
        ("WARNING", Code.VARIABLE, unseen)
    ]


@pytest.mark.parametrize(
    "definition, messages",
    [
        ({"States": {"A": go(None)}}, ["These fields are required: [StartAt]"]),
        ({"StartAt": "A"}, ["These fields are required: [States]"]),
        ({"StartAt": "A", "States": {}}, ["A state machine must have at least one state"]),
        ({"StartAt": "A", "States": []}, ["Expected an object"]),
        ({"StartAt": "A", "States": {"A": 1}}, ["Expected an object"]),
        ({"StartAt": "A", "States": {"A": {}}}, ["These fields are required: [Type]"]),
        ({"StartAt": "A", "States": {"A": {"Type": "Pause"}}}, ["The field 'Type' should have one of"]),
        ({"StartAt": "A", "States": {"A": go(None)}, "Version": 1.0}, ["The field 'Version' should"]),
        ({"StartAt": "A", "States": {"A": go(None)}, "Name": "x"}, ["Field is not supported"]),
        ({"StartAt": "A", "States": {"A": go(None)}, "TimeoutSeconds": 0}, ["Expected an integer from 1"]),
    ],
)
def test_the_shape_of_a_machine(definition: dict[str, Any], messages: list[str]) -> None:
    found = validate(definition)
    assert all(any(one.message.startswith(text) for one in found) for text in messages)
    assert len(found) <= len(messages)


def test_a_jsonata_machine_cannot_go_back() -> None:
    states = {"A": {**go(None), "QueryLanguage": "JSONPath"}}
    found = validate({"StartAt": "A", "QueryLanguage": "JSONata", "States": states})
    message = "'QueryLanguage' can not be 'JSONPath' if set to 'JSONata' for whole state machine"
    assert [(one.location, one.message) for one in found] == [("/States/A", message)]
