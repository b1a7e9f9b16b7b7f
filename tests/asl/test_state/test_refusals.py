"""What TestState refuses, with AWS's codes and words."""

from __future__ import annotations

from typing import Any

import pytest

from bunsui.asl import test_state as api

PASS = {"Type": "Pass", "End": True}
TASK = {"Type": "Task", "Resource": "arn:aws:states:::lambda:invoke", "End": True}
INNER = {"StartAt": "In", "States": {"In": PASS}}
MAP = {"Type": "Map", "ItemProcessor": INNER, "End": True}
WRITER = {"Resource": "arn:aws:states:::s3:putObject", "Parameters": {"Bucket": "b"}}
ERROR = {"errorOutput": {"error": "E", "cause": "c"}}
RESULT = {"result": "{}"}


def refused(state: Any, **request: Any) -> api.TestStateError:
    with pytest.raises(api.TestStateError) as caught:
        api.test_state(state, request)
    return caught.value


@pytest.mark.parametrize(
    "state, request_, message",
    [
        (TASK, {}, "RoleArn must be specified when testing a Task state"),
        (TASK, {"roleArn": "arn"}, "A Task state can only be tested with a mock here"),
        (TASK, {"mock": {**RESULT, **ERROR}}, "A test mock should have only one of the following fields: "),
        (TASK, {"mock": {}}, "A test mock should have one of"),
        (TASK, {"mock": RESULT, "revealSecrets": True}, "does not support RevealSecrets when a mock is"),
        (TASK, {"mock": {"result": "{"}}, "Invalid JSON in 'mock.result'"),
        (TASK, {"mock": {**RESULT, "fieldValidationMode": "x"}}, "enum value set: [STRICT, PRESENT, NONE]"),
        (PASS, {"mock": RESULT}, "State type 'Pass' is not supported when a mock is specified"),
        (PASS, {"context": "{}"}, "TestState does not support Context when a mock is not specified."),
        (PASS, {"inspectionLevel": "ALL"}, "enum value set: [INFO, DEBUG, TRACE]"),
        (PASS, {"variables": "[]"}, "'variables' must be a JSON object"),
        (PASS, {"stateConfiguration": {"retrierRetryCount": 1}}, "does not support RetrierRetryCount"),
        (MAP, {"stateConfiguration": {"mapIterationFailureCount": 0}},
         "TestState does not support MapIterationFailureCount when a mock is not specified."),
        (MAP, {"mock": ERROR, "stateConfiguration": {"errorCausedByState": "Out"}}, "of errorCausedByState"),
        (MAP, {}, "State type 'Map' is not supported when a mock is not specified"),
        (MAP, {"mock": RESULT}, "Mocked result must be an array."),
        ({**MAP, "ResultWriter": WRITER}, {"mock": {"result": "[]"}}, "Mocked result must be a JSON object."),
        ({"StartAt": "In", "States": {"In": PASS}}, {"stateName": "Out"}, "State not found in definition"),
    ],
)  # fmt: skip
def test_requests_that_do_not_fit(state: Any, request_: dict[str, Any], message: str) -> None:
    error = refused(state, **request_)
    assert error.code == "ValidationException"
    assert message in error.message


def test_an_input_that_is_no_json() -> None:
    assert refused(PASS, input="{").code == "InvalidExecutionInput"


@pytest.mark.parametrize(
    "definition, request_, message",
    [
        ({"Type": "Parallel", "Branches": [], "End": True}, {"mock": {"result": "[]"}},
         ": 'SCHEMA_VALIDATION_FAILED: Value cannot be empty at /States/StateName/Branches'"),
        ("{", {}, "Invalid State Machine Definition: 'INVALID_JSON_DESCRIPTION: "),
        ({"Type": "Pass"}, {}, "[Next, End] at /States/StateName'"),
        ({"Type": "Parallel", "Branches": [{"StartAt": "X", "States": {"In": PASS}}], "End": True}, {},
         "Missing 'Next' target: X at /States/StateName/Branches/0/StartAt"),
        (PASS, {"stateName": "In"}, "These fields are required: [StartAt, States] at /"),
    ],
)  # fmt: skip
def test_definitions_that_are_none(definition: Any, request_: dict[str, Any], message: str) -> None:
    error = refused(definition, **request_)
    assert error.code == "InvalidDefinition"
    assert message in error.message


def test_where_a_state_goes_on_need_not_exist() -> None:
    assert api.test_state({"Type": "Pass", "Next": "Anywhere"}, {})["nextState"] == "Anywhere"
