"""One fault in a definition that is valid without it: what is found, and where."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from bunsui.asl.validation import Code, Diagnostic, validate

LAMBDA = "arn:aws:lambda:us-east-1:123456789012:function:work"
ITEMS: dict[str, Any] = {"StartAt": "Item", "States": {"Item": {"Type": "Pass", "End": True}}}
DISTRIBUTED = {**ITEMS, "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}}
STATES: dict[str, dict[str, Any]] = {
    "Pass": {"Type": "Pass", "End": True},
    "Task": {"Type": "Task", "Resource": LAMBDA, "End": True},
    "Wait": {"Type": "Wait", "Seconds": 1, "End": True},
    "Choice": {
        "Type": "Choice",
        "Choices": [{"Variable": "$.a", "IsNull": True, "Next": "Done"}],
        "Default": "Done",
    },
    "Succeed": {"Type": "Succeed"},
    "Fail": {"Type": "Fail"},
    "Parallel": {"Type": "Parallel", "Branches": [ITEMS], "End": True},
    "Map": {"Type": "Map", "ItemProcessor": ITEMS, "End": True},
    "Distributed": {"Type": "Map", "ItemProcessor": DISTRIBUTED, "End": True},
    "JSONata": {"Type": "Pass", "QueryLanguage": "JSONata", "End": True},
    "JSONata Task": {"Type": "Task", "QueryLanguage": "JSONata", "Resource": LAMBDA, "End": True},
    "JSONata Map": {"Type": "Map", "QueryLanguage": "JSONata", "ItemProcessor": ITEMS, "End": True},
    "JSONata Choice": {
        "Type": "Choice",
        "QueryLanguage": "JSONata",
        "Choices": [{"Condition": True, "Next": "Done"}],
    },
}


def machine(state: dict[str, Any]) -> dict[str, Any]:
    states: dict[str, Any] = {"S": state}
    if state["Type"] == "Choice":
        states["Done"] = {"Type": "Succeed"}
    return {"StartAt": "S", "States": states}


def changed(kind: str, changes: dict[str, Any]) -> dict[str, Any]:
    state = copy.deepcopy(STATES[kind])
    state.update(changes)
    return machine({key: value for key, value in state.items() if value != "-"})


def only(definition: dict[str, Any], type: str = "STANDARD") -> Diagnostic:
    found = validate(definition, type=type)
    assert len(found) == 1, [str(one) for one in found]
    return found[0]


@pytest.mark.parametrize("kind", STATES)
def test_the_plain_state_is_valid(kind: str) -> None:
    assert list(validate(machine(STATES[kind]))) == []


@pytest.mark.parametrize(
    "kind, changes, place, words",
    [
        ("Pass", {"End": "-"}, "", "[Next, End] "),
        ("Pass", {"Next": "S"}, "/End", "Only one of"),
        ("Pass", {"End": 1}, "/End", "true or false"),
        ("Pass", {"ResultSelector": {}}, "/ResultSelector", "not supported"),
        ("Pass", {"Resultpath": "$"}, "/Resultpath", "did you mean 'ResultPath'?"),
        ("Pass", {"InputPath": 1}, "/InputPath", "JSONPath"),
        ("Pass", {"InputPath": "States.Format('x')"}, "/InputPath", "JSONPath"),
        ("Pass", {"InputPath": "$.a["}, "/InputPath", "JSONPath"),
        ("Pass", {"ResultPath": "$.a[*]"}, "/ResultPath", "Reference Path"),
        ("Pass", {"ResultPath": "$v"}, "/ResultPath", "Reference Path"),
        ("Pass", {"ResultPath": "$$.a"}, "/ResultPath", "Reference Path"),
        ("Pass", {"Output": 1}, "/Output", "not supported when QueryLanguage is 'JSONPath'"),
        ("Pass", {"Parameters": {"x.$": 23}}, "/Parameters/x.$", "'x.$' must be a valid JSONPath"),
        ("Pass", {"Parameters": {"x.$": "a"}}, "/Parameters/x.$", "must be a valid JSONPath"),
        ("Pass", {"Parameters": {"x.$": " $.a"}}, "/Parameters/x.$", "must be a valid JSONPath"),
        ("Pass", {"Parameters": [{"x.$": "States.No()"}]}, "/Parameters/0/x.$", "Unknown intrinsic function"),
        ("Pass", {"Parameters": {"x.$": "States.UUID(1)"}}, "/Parameters/x.$", "does not take 1"),
        ("Pass", {"Parameters": {"x.$": r"States.Format('a \"b\"')"}}, "/Parameters/x.$", "Illegal escape"),
        ("Pass", {"Assign": {"a-b": 1}}, "/Assign/a-b", "variable's name"),
        ("Pass", {"Assign": {"states": 1}}, "/Assign/states", "reserved"),
        ("Pass", {"Assign": {"x" * 81: 1}}, "/Assign/" + "x" * 81, "80"),
        ("Pass", {"QueryLanguage": "XPath"}, "/QueryLanguage", "one of these values: [JSONPath, JSONata]"),
        ("Pass", {"Comment": 1}, "/Comment", "string"),
        ("Task", {"Resource": "-"}, "", "These fields are required: [Resource]"),
        ("Task", {"Resource": "${Arn"}, "/Resource", "valid resource ARN"),
        ("Task", {"Resource": "not-an-arn"}, "/Resource", "valid resource ARN"),
        ("Task", {"Resource": "lambda:invoke"}, "/Resource", "valid resource ARN"),
        ("Task", {"Resource": ""}, "/Resource", "valid resource ARN"),
        ("Task", {"Resource": "arn:aws:lambda"}, "/Resource", "valid resource ARN"),
        ("Task", {"Resource": LAMBDA + ":"}, "/Resource", "function, version or alias"),
        ("Task", {"Resource": LAMBDA + ":$*"}, "/Resource", "function, version or alias"),
        ("Task", {"Resource": "arn:aws:states:::dynamodb:query"}, "/Resource", "is not recognized"),
        ("Task", {"Resource": "arn:aws:states:::dynamodb:getItem.sync"}, "/Resource", "is not recognized"),
        ("Task", {"Resource": "arn:aws:states:::aws-sdk:s3:getObject.sync"}, "/Resource", "SDK integration"),
        ("Task", {"Resource": "arn:aws:states:us-east-1:123456789012:activity:a b"}, "/Resource", "ARN"),
        ("Task", {"TimeoutSeconds": 0}, "/TimeoutSeconds", "integer from 1"),
        ("Task", {"TimeoutSeconds": 2, "TimeoutSecondsPath": "$.t"}, "/TimeoutSecondsPath", "Only one of"),
        ("Task", {"TimeoutSeconds": 2, "HeartbeatSeconds": 3}, "/HeartbeatSeconds", "larger than"),
        ("Task", {"TimeoutSeconds": "{% 1 %}"}, "/TimeoutSeconds", "integer"),
        ("Task", {"Credentials": {}}, "/Credentials", "The field 'RoleArn' is required but was missing"),
        ("Task", {"Credentials": None}, "/Credentials", "The field 'RoleArn' is required but was missing"),
        ("Task", {"Retry": {}}, "/Retry", "list of Retriers"),
        ("Task", {"Retry": [{"ErrorEquals": []}]}, "/Retry/0/ErrorEquals", "Value cannot be empty"),
        ("Task", {"Retry": [{"ErrorEquals": ["A"], "MaxAttempts": -1}]}, "/Retry/0/MaxAttempts", "from 0"),
        (
            "Task",
            {"Retry": [{"ErrorEquals": ["A"], "BackoffRate": 0.5}]},
            "/Retry/0/BackoffRate",
            "at least 1",
        ),
        (
            "Task",
            {"Retry": [{"ErrorEquals": ["A"], "JitterStrategy": "x"}]},
            "/Retry/0/JitterStrategy",
            "FULL",
        ),
        ("Task", {"Retry": [{"ErrorEquals": ["A", "States.ALL"]}]}, "/Retry/0/ErrorEquals", "alone"),
        (
            "Task",
            {"Retry": [{"ErrorEquals": ["States.ALL"]}, {"ErrorEquals": ["A"]}]},
            "/Retry/0/ErrorEquals",
            "in the last Retrier",
        ),
        ("Task", {"Catch": [{"ErrorEquals": ["A"]}]}, "/Catch/0", "required: [Next]"),
        (
            "Task",
            {"Catch": [{"ErrorEquals": ["A"], "Next": "X"}]},
            "/Catch/0/Next",
            "Missing 'Next' target: X",
        ),
        ("Wait", {"Seconds": "-"}, "", "One of these fields is required: [Seconds, SecondsPath, Timestamp"),
        ("Wait", {"SecondsPath": "$.s"}, "/SecondsPath", "Only one of"),
        ("Wait", {"Seconds": -1}, "/Seconds", "integer from 0"),
        ("Wait", {"Seconds": True}, "/Seconds", "integer"),
        ("Wait", {"Seconds": "-", "Timestamp": "2016-13-05T21:29:29Z"}, "/Timestamp", "RFC 3339"),
        ("Wait", {"Seconds": "-", "Timestamp": "2016-12-05 21:29:29Z"}, "/Timestamp", "RFC 3339"),
        ("Wait", {"Seconds": "-", "Timestamp": "2016-12-05T21:29:29"}, "/Timestamp", "RFC 3339"),
        ("Choice", {"Choices": []}, "/Choices", "Value cannot be empty"),
        ("Choice", {"Default": "X"}, "/Default", "Missing 'Default' target: X"),
        (
            "Choice",
            {"Choices": [{"Variable": "$.a", "Next": "Done"}]},
            "/Choices/0",
            "exactly one comparison",
        ),
        ("Choice", {"Choices": [{"IsNull": True, "Next": "Done"}]}, "/Choices/0", "required: [Variable]"),
        (
            "Choice",
            {"Choices": [{"Variable": "$.a", "IsNull": 1, "Next": "Done"}]},
            "/Choices/0/IsNull",
            "true or",
        ),
        (
            "Choice",
            {"Choices": [{"Variable": "$.a", "StringEqualsPath": "x", "Next": "Done"}]},
            "/Choices/0/StringEqualsPath",
            "JSONPath",
        ),
        (
            "Choice",
            {"Choices": [{"Not": {"Variable": "$.a", "IsNull": True, "Next": "Done"}, "Next": "Done"}]},
            "/Choices/0/Not/Next",
            "outermost",
        ),
        ("Choice", {"Choices": [{"And": [], "Next": "Done"}]}, "/Choices/0/And", "Value cannot be empty"),
        (
            "Choice",
            {"Choices": [{"Variable": "$.a", "Exists": True, "IsNull": True, "Next": "Done"}]},
            "/Choices/0/Exists",
            "not supported",
        ),
        ("Choice", {"Next": "Done"}, "/Next", "not supported"),
        ("Succeed", {"End": True}, "/End", "not supported"),
        ("Fail", {"Error": "E", "ErrorPath": "$.e"}, "/ErrorPath", "Only one of"),
        ("Fail", {"ErrorPath": "e"}, "/ErrorPath", "JSONPath"),
        ("Fail", {"CausePath": "States.MathAdd(1, 2)"}, "/CausePath", "does not return a string"),
        ("Parallel", {"Branches": []}, "/Branches", "Value cannot be empty"),
        (
            "Parallel",
            {"Branches": [{"StartAt": "X", "States": ITEMS["States"]}]},
            "/Branches/0/StartAt",
            "Missing 'Next' target: X",
        ),
        ("Map", {"ItemProcessor": "-"}, "", "required: [ItemProcessor, Iterator]"),
        (
            "Map",
            {"Iterator": {"StartAt": "I", "States": {"I": {"Type": "Succeed"}}}},
            "/Iterator",
            "Only one of",
        ),
        ("Map", {"ItemsPath": None}, "/ItemsPath", "Reference Path"),
        ("Map", {"Parameters": {}, "ItemSelector": {}}, "/ItemSelector", "Only one of"),
        ("Map", {"Items": []}, "/Items", "not supported when"),
        ("Distributed", {"Label": "x" * 41}, "/Label", "Label cannot exceed 40 characters"),
        ("Distributed", {"Label": "a b"}, "/Label", "Label contains invalid character: ' '"),
        ("Distributed", {"ItemBatcher": {}}, "/ItemBatcher", "One of these fields is required"),
        ("Distributed", {"ToleratedFailurePercentage": 101}, "/ToleratedFailurePercentage", "at most 100"),
        (
            "Distributed",
            {"ItemReader": {"Resource": "arn:aws:states:::s3:putObject"}},
            "/ItemReader/Resource",
            "ARN",
        ),
        ("Distributed", {"ResultWriter": {}}, "/ResultWriter", "[Resource, WriterConfig]"),
        ("JSONata", {"Parameters": {}}, "/Parameters", "not supported when QueryLanguage is 'JSONata'"),
        ("JSONata", {"Output": "{% 1 + %}"}, "/Output", "Invalid JSONata expression"),
        (
            "JSONata",
            {"Output": {"a": ["{% $states.result %}"]}},
            "/Output/a/0",
            "$states.result is not available",
        ),
        ("JSONata Task", {"Arguments": "{% $states.errorOutput %}"}, "/Arguments", "not available"),
        ("JSONata Task", {"TimeoutSeconds": "$.t"}, "/TimeoutSeconds", "integer"),
        ("JSONata Map", {"ItemsPath": "$.a"}, "/ItemsPath", "not supported when"),
        ("JSONata Map", {"Items": "a"}, "/Items", "list, an object or a JSONata"),
        (
            "JSONata Choice",
            {"Choices": [{"Condition": "a", "Next": "Done"}]},
            "/Choices/0/Condition",
            "expression",
        ),
        (
            "JSONata Choice",
            {"Choices": [{"Variable": "$.a", "Condition": True, "Next": "Done"}]},
            "/Choices/0/Variable",
            "not supported",
        ),
    ],
)
def test_a_fault_is_found_in_its_place(kind: str, changes: dict[str, Any], place: str, words: str) -> None:
    found = only(changed(kind, changes))
    assert found.severity == "ERROR"
    assert found.location == "/States/S" + place
    assert words.strip() in found.message


@pytest.mark.parametrize(
    "kind, changes",
    [
        ("Pass", {"InputPath": "$.detail-type", "ResultPath": "$.detail-type"}),
        (
            "Pass",
            {
                "Parameters": {
                    "a.$": "$[?(@.code==es)].text",
                    "b.$": "$.[0]",
                    "c.$": "$.a.[0]",
                    "d.$": "$.[*].['a','b']",
                }
            },
        ),
        (
            "Pass",
            {
                "Parameters": {
                    "a.$": "$$.Execution.Name ",
                    "b.$": "States.Format('{}\n{}\\n', 1, 2)",
                    "c.$": "States.Array()",
                }
            },
        ),
        ("Pass", {"Parameters": ["a", {"b.$": "$"}]}),
        ("Pass", {"ResultPath": None, "InputPath": None, "OutputPath": None}),
        ("Pass", {"End": False, "Next": "Done"}),
        ("Task", {"Retry": [{"ErrorEquals": ["A"], "Comment": "again"}]}),
        ("Task", {"Resource": "arn:aws:lambda:::function:work:$LATEST"}),
        (
            "Task",
            {"Resource": "arn:aws:states:us-east-1:123456789012:aws-sdk:polly:startSpeechSynthesisTask"},
        ),
        ("Task", {"TimeoutSeconds": 5, "HeartbeatSeconds": 5}),
        ("Choice", {"Choices": [{"Variable": "$$.Execution.Input.a", "NumericEquals": 1.5, "Next": "Done"}]}),
        ("Succeed", {"InputPath": "$.a", "OutputPath": "$.b"}),
        ("Parallel", {"Parameters": {"a.$": "$"}}),
        ("Fail", {"CausePath": "States.Format('{}', $.Cause)", "ErrorPath": "$.Error"}),
        (
            "Distributed",
            {
                "ToleratedFailurePercentage": 0.5,
                "ItemReader": {
                    "Resource": "arn:aws:states:::s3:getObject",
                    "ReaderConfig": {"InputType": "JSON", "MaxItems": 0},
                },
            },
        ),
        (
            "JSONata",
            {
                "Output": {"a": "{% $states.input %}", "b": ["{% ($v := 1; $v) %}", 2]},
                "Assign": {"v": "{% 1 %}"},
            },
        ),
        ("JSONata", {"Output": '{% "$states.result is only text" %}'}),
        ("JSONata Task", {"TimeoutSeconds": "{% 5 %}", "Output": "{% $states.result %}"}),
    ],
)
def test_what_published_definitions_contain_is_valid(kind: str, changes: dict[str, Any]) -> None:
    definition = changed(kind, changes)
    if "Done" in str(changes):
        definition["States"]["Done"] = {"Type": "Succeed"}
    assert [str(one) for one in validate(definition)] == []


@pytest.mark.parametrize(
    "kind, changes, place, code",
    [
        ("Pass", {"Parameters": {"a": "$.b"}}, "/Parameters/a", Code.NO_DOLLAR),
        ("Pass", {"Parameters": {"a": "States.UUID()"}}, "/Parameters/a", Code.NO_DOLLAR),
        ("Pass", {"Parameters": {"a": "{% 1 %}"}}, "/Parameters/a", Code.LITERAL_EXPRESSION),
        ("Pass", {"Parameters": "text"}, "/Parameters", Code.SCHEMA),
        ("Pass", {"Parameters": {"a.$": "$v.x"}}, "/Parameters/a.$", Code.VARIABLE),
        ("Pass", {"Result": {"a.$": "$.b"}}, "/Result", Code.STATIC_RESULT),
        ("Pass", {"InputPath": "${Path}"}, "/InputPath", Code.PLACEHOLDER),
        ("Wait", {"Seconds": "{{ seconds }}"}, "/Seconds", Code.PLACEHOLDER),
        ("Fail", {"Cause": "$.cause"}, "/Cause", Code.NO_PATH),
        ("Task", {"Resource": "worker"}, "/Resource", Code.RESOURCE),
        ("Task", {"Resource": "arn:aws:states:::nosuch:call"}, "/Resource", Code.RESOURCE),
        ("Task", {"Resource": "arn:aws:states:::aws-sdk:nosuch:call"}, "/Resource", Code.RESOURCE),
        (
            "Task",
            {"Resource": "docker://image:latest", "ResultPath": "$$.Credentials"},
            "/Resource",
            Code.RESOURCE,
        ),
        (
            "Task",
            {"Resource": "arn:aws:lambda:${AWS::Region}:x:function:${F}"},
            "/Resource",
            Code.PLACEHOLDER,
        ),
        ("Task", {"Retry": [{"ErrorEquals": ["States.All"]}]}, "/Retry/0/ErrorEquals/0", Code.ERROR_NAME),
        ("Map", {"ToleratedFailureCount": 1}, "/ToleratedFailureCount", Code.NOT_DISTRIBUTED),
        ("JSONata", {"Output": "$.a"}, "/Output", Code.LITERAL_EXPRESSION),
        ("JSONata", {"Output": " {% 1 %}"}, "/Output", Code.LITERAL_EXPRESSION),
        ("JSONata", {"Output": {"a.$": 1}}, "/Output/a.$", Code.LITERAL_EXPRESSION),
        ("JSONata", {"Output": "{% $undefined_one %}"}, "/Output", Code.VARIABLE),
    ],
)
def test_what_is_hardly_meant_is_warned_of(
    kind: str, changes: dict[str, Any], place: str, code: Code
) -> None:
    found = only(changed(kind, changes))
    assert (found.severity, found.code, found.location) == ("WARNING", code, "/States/S" + place)


@pytest.mark.parametrize(
    "resource, refused",
    [
        ("arn:aws:states:::lambda:invoke", None),
        ("arn:aws:states:us-east-1:123456789012:activity:a", "does not support Activity ARN"),
        ("arn:aws:states:::states:startExecution.sync:2", "does not support '.sync' service integration"),
        ("arn:aws:states:::sqs:sendMessage.waitForTaskToken", "does not support '.waitForTaskToken'"),
    ],
)
@pytest.mark.parametrize("where", ["machine", "child"])
def test_express_machines_call_and_go_on(resource: str, refused: str | None, where: str) -> None:
    required = {"FunctionName": "f", "StateMachineArn": "s", "QueueUrl": "q", "MessageBody": "m"}
    task = machine({"Type": "Task", "Resource": resource, "Parameters": required, "End": True})
    if where == "child":
        config = {"ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "EXPRESS"}}
        outer = {
            "StartAt": "M",
            "States": {"M": {"Type": "Map", "ItemProcessor": {**task, **config}, "End": True}},
        }
        found = validate(outer)
    else:
        found = validate(task, type="EXPRESS")
    assert [one.message for one in found.errors] == [
        one.message for one in found if refused and refused in one.message
    ]
    assert bool(found.errors) == (refused is not None)


def test_express_machines_have_no_distributed_map() -> None:
    assert "DISTRIBUTED" in only(machine(STATES["Distributed"]), "EXPRESS").message


def test_a_call_without_what_it_needs_is_refused() -> None:
    found = only(
        changed("Task", {"Resource": "arn:aws:states:::lambda:invoke", "Parameters": {"Payload.$": "$"}})
    )
    assert found.message == "The field 'FunctionName' is required but was missing"
    assert found.location == "/States/S/Parameters"


def test_a_parameter_that_a_call_does_not_take_is_warned_of() -> None:
    parameters = {"FunctionName": "f", "PayLoad.$": "$"}
    found = only(changed("Task", {"Resource": "arn:aws:states:::lambda:invoke", "Parameters": parameters}))
    assert (found.severity, found.code) == ("WARNING", Code.PARAMETER)
    assert found.message == "The field 'PayLoad' is not supported by Step Functions; did you mean 'Payload'?"
    assert found.location == "/States/S/Parameters/PayLoad.$"


def test_a_type_is_standard_or_express() -> None:
    with pytest.raises(ValueError, match="STANDARD or EXPRESS"):
        validate({}, type="FAST")
