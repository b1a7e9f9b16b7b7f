"""What a tested state answers: status, output, next state and the data on its way."""

from __future__ import annotations

import json
from typing import Any

import pytest

from bunsui.asl import StartTask, TaskFailed, TaskSucceeded
from bunsui.asl import test_state as api

LAMBDA = {"Type": "Task", "Resource": "arn:aws:states:::lambda:invoke", "End": True}
INNER: dict[str, Any] = {"StartAt": "In", "States": {"In": {"Type": "Pass", "End": True}}}


def ask(state: Any, input: Any = None, *, level: str = "DEBUG", **more: Any) -> dict[str, Any]:
    request = {"input": json.dumps({} if input is None else input), "inspectionLevel": level, **more}
    answer = api.test_state(state, request)
    if "output" in answer:
        answer["output"] = json.loads(answer["output"])
    data = answer.get("inspectionData", {})
    answer["seen"] = {
        key: json.loads(value) if isinstance(value, str) else value for key, value in data.items()
    }
    return answer


def result(value: Any) -> dict[str, Any]:
    return {"result": json.dumps(value)}


def failure(error: str, cause: str = "why") -> dict[str, Any]:
    return {"errorOutput": {"error": error, "cause": cause}}


def test_the_steps_of_a_jsonpath_task_are_shown() -> None:
    state = {
        **LAMBDA,
        "InputPath": "$.a",
        "Parameters": {"FunctionName": "f", "Payload.$": "$.b"},
        "ResultSelector": {"got.$": "$.Payload"},
        "ResultPath": "$.r",
        "OutputPath": "$.r.got",
    }
    answer = ask(state, {"a": {"b": 1}}, mock=result({"Payload": 2}))
    assert (answer["status"], answer["output"]) == ("SUCCEEDED", 2)
    assert answer["seen"] == {
        "input": {"a": {"b": 1}},
        "afterInputPath": {"b": 1},
        "afterParameters": {"FunctionName": "f", "Payload": 1},
        "result": {"Payload": 2},
        "afterResultSelector": {"got": 2},
        "afterResultPath": {"a": {"b": 1}, "r": {"got": 2}},
    }


def test_the_steps_of_a_jsonata_task_are_shown() -> None:
    arguments = {"FunctionName": "f", "Payload": "{% $states.input.b + $v %}"}
    state = {
        **LAMBDA,
        "QueryLanguage": "JSONata",
        "Arguments": arguments,
        "Assign": {"w": "{% $states.result %}"},
    }
    answer = ask(state, {"b": 1}, mock=result(5), variables='{"v": 2}')
    assert answer["output"] == 5
    assert answer["seen"] == {
        "input": {"b": 1},
        "afterArguments": {"FunctionName": "f", "Payload": 3},
        "result": 5,
        "variables": {"v": 2, "w": 5},
    }


def test_info_shows_the_outcome_only() -> None:
    assert "inspectionData" not in ask({"Type": "Pass", "End": True}, level="INFO")


def test_a_choice_names_the_next_state() -> None:
    rule = {"Variable": "$.n", "NumericGreaterThan": 5, "Next": "Large", "Assign": {"size": "large"}}
    state = {"Type": "Choice", "Choices": [rule], "Default": "Small"}
    assert ask(state, {"n": 9})["nextState"] == "Large"
    assert ask(state, {"n": 9})["seen"]["variables"] == {"size": "large"}
    assert ask(state, {"n": 1})["nextState"] == "Small"


def test_a_state_that_goes_on_to_itself_is_tested_once() -> None:
    assert ask({"Type": "Pass", "Next": "StateName"}, {"a": 1})["nextState"] == "StateName"
    state = {**LAMBDA, "Catch": [{"ErrorEquals": ["States.ALL"], "Next": "StateName"}]}
    assert ask(state, mock=failure("Mine"))["nextState"] == "StateName"


def test_a_path_that_selects_nothing_fails_the_state() -> None:
    answer = ask({"Type": "Pass", "InputPath": "$.a", "Parameters": {"x.$": "$.b"}, "End": True}, {"a": {}})
    assert (answer["status"], answer["error"]) == ("FAILED", "States.Runtime")
    assert "'$.b'" in answer["cause"]
    assert answer["seen"] == {"input": {"a": {}}, "afterInputPath": {}}


def test_a_wait_takes_no_time_but_five_minutes_are_the_most() -> None:
    assert ask({"Type": "Wait", "Seconds": 299, "Next": "On"}, {"a": 1})["nextState"] == "On"
    late = ask({"Type": "Wait", "Seconds": 301, "Next": "On"})
    assert (late["status"], late["error"]) == ("FAILED", "States.Timeout")


@pytest.mark.parametrize(
    "retries, status, details",
    [
        (0, "RETRIABLE", {"retryIndex": 1, "retryBackoffIntervalSeconds": 3}),
        (2, "RETRIABLE", {"retryIndex": 1, "retryBackoffIntervalSeconds": 12}),
        (3, "CAUGHT_ERROR", {"retryIndex": 1, "catchIndex": 0}),
    ],
)
def test_retriers_come_before_catchers(retries: int, status: str, details: dict[str, int]) -> None:
    retry = [{"ErrorEquals": ["Other"]}, {"ErrorEquals": ["Mine"], "IntervalSeconds": 3, "MaxAttempts": 3}]
    catch = [{"ErrorEquals": ["States.ALL"], "ResultPath": "$.error", "Next": "Handler"}]
    state = {**LAMBDA, "Retry": retry, "Catch": catch}
    answer = ask(state, {"a": 1}, mock=failure("Mine"), stateConfiguration={"retrierRetryCount": retries})
    assert (answer["status"], answer["seen"]["errorDetails"]) == (status, details)
    assert (answer["error"], answer["cause"]) == ("Mine", "why")
    if status == "CAUGHT_ERROR":
        assert answer["output"] == {"a": 1, "error": {"Error": "Mine", "Cause": "why"}}
        assert answer["nextState"] == "Handler"
    else:
        assert "output" not in answer


def test_a_failure_that_nothing_takes_fails_the_state() -> None:
    answer = ask({**LAMBDA, "Retry": [{"ErrorEquals": ["Other"]}]}, mock=failure("Mine"))
    assert (answer["status"], answer["error"]) == ("FAILED", "Mine")
    assert "errorDetails" not in answer["seen"]


def test_a_map_is_tested_without_its_iterations() -> None:
    state = {
        "Type": "Map",
        "ItemsPath": "$.items",
        "MaxConcurrency": 2,
        "ToleratedFailurePercentage": 50,
        "ItemSelector": {"v.$": "$$.Map.Item.Value", "at.$": "$$.Map.Item.Index"},
        "ItemProcessor": {**INNER, "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}},
        "ResultPath": "$.done",
        "Next": "On",
    }
    answer = ask(state, {"items": ["x", "y"]}, mock=result([1, 2]))
    assert (answer["output"], answer["nextState"]) == ({"items": ["x", "y"], "done": [1, 2]}, "On")
    assert answer["seen"]["afterItemsPath"] == ["x", "y"]
    assert answer["seen"]["afterItemSelector"] == [{"v": "x", "at": 0}, {"v": "y", "at": 1}]
    assert (answer["seen"]["maxConcurrency"], answer["seen"]["toleratedFailurePercentage"]) == (2, 50)


@pytest.mark.parametrize("failed, status", [(1, "SUCCEEDED"), (2, "FAILED")])
def test_failed_iterations_are_held_against_what_is_tolerated(failed: int, status: str) -> None:
    state = {"Type": "Map", "ItemProcessor": INNER, "ToleratedFailureCount": 1, "End": True}
    configuration = {"mapIterationFailureCount": failed}
    answer = ask(state, [1, 2, 3], mock=result([1]), stateConfiguration=configuration)
    assert answer["status"] == status
    assert answer.get("error") == ("States.ExceedToleratedFailureThreshold" if status == "FAILED" else None)


def test_what_an_item_reader_reads_is_given() -> None:
    reader = {
        "Resource": "arn:aws:states:::s3:getObject",
        "ReaderConfig": {"InputType": "CSV", "CSVHeaderLocation": "FIRST_ROW", "MaxItems": 1},
        "Parameters": {"Bucket": "b", "Key": "k"},
    }
    processor = {**INNER, "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "EXPRESS"}}
    selector = {"name.$": "$$.Map.Item.Value.name"}
    state = {
        "Type": "Map",
        "ItemReader": reader,
        "ItemProcessor": processor,
        "ItemSelector": selector,
        "End": True,
    }
    configuration = {"mapItemReaderData": "name,age\nAnn,7\nBob,8\n"}
    answer = ask(state, mock=result([0]), stateConfiguration=configuration)
    assert answer["seen"]["afterItemSelector"] == [{"name": "Ann"}]


def test_a_parallel_state_is_tested_without_its_branches() -> None:
    state = {"Type": "Parallel", "Branches": [INNER], "ResultSelector": {"first.$": "$[0]"}, "End": True}
    assert ask(state, mock=result([4]))["output"] == {"first": 4}
    assert ask(state, mock=failure("Inside"))["error"] == "Inside"


def test_the_context_object_is_that_of_an_express_execution_or_the_one_given() -> None:
    state = {"Type": "Pass", "Parameters": {"c.$": "$$"}, "End": True}
    context = ask(state, {"a": 1}, roleArn="arn:aws:iam::123456789012:role/mine")["output"]["c"]
    assert ":express:" in context["Execution"]["Id"]
    assert (context["Execution"]["Input"], context["State"]["Name"]) == ({"a": 1}, "StateName")
    assert context["Execution"]["RoleArn"] == "arn:aws:iam::123456789012:role/mine"
    task = {**LAMBDA, "ResultSelector": {"c.$": "$$"}}
    assert ask(task, mock=result({}), context='{"Mine": 1}')["output"] == {"c": {"Mine": 1}}


def test_a_state_of_a_machine_is_tested_by_its_name_also_inside_a_map() -> None:
    first = {"Type": "Pass", "Output": "{% $states.input.a %}", "Next": "Out"}
    inner = {"StartAt": "In", "States": {"In": first, "Out": {"Type": "Succeed"}}}
    states = {"Out of it": {"Type": "Map", "ItemProcessor": inner, "End": True}}
    definition = json.dumps({"QueryLanguage": "JSONata", "StartAt": "Out of it", "States": states})
    answer = ask(definition, {"a": 7}, stateName="In")
    assert (answer["output"], answer["nextState"]) == (7, "Out")


def test_a_definition_may_be_yaml() -> None:
    assert ask("Type: Pass\nResult: {a: 1}\nEnd: true")["output"] == {"a": 1}


def test_without_a_mock_the_caller_may_make_the_call() -> None:
    def call(task: StartTask) -> TaskSucceeded | TaskFailed:
        if task.parameters == {"FunctionName": "f"}:
            return TaskSucceeded(0.0, task.task_id, "done")
        return TaskFailed(0.0, task.task_id, "Wrong", "not f")

    role = {"roleArn": "arn:aws:iam::123456789012:role/mine"}
    state = {**LAMBDA, "Parameters": {"FunctionName.$": "$"}}
    assert api.test_state(state, {"input": '"f"', **role}, call=call)["output"] == '"done"'
    assert api.test_state(state, {"input": '"g"', **role}, call=call)["error"] == "Wrong"


def test_the_same_test_gives_the_same_answer() -> None:
    state = {"Type": "Pass", "Parameters": {"u.$": "States.UUID()"}, "End": True}
    first = ask(state)
    assert first == ask(state)
    assert first["seen"]["afterParameters"] == first["output"]
