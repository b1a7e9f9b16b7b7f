"""Executions from start to end, as boto3 sees them."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from bunsui.local.api.serve import ServeSettings
from tests.integration.local.api.serving import ROLE, Server, running, until

CALLBACK = {
    "Type": "Task",
    "Resource": "arn:aws:states:::sqs:sendMessage.waitForTaskToken",
    "Parameters": {"QueueUrl": "q", "MessageBody.$": "$$.Task.Token"},
    "End": True,
}
YEAR = 365 * 24 * 3600


def code(error: pytest.ExceptionInfo[ClientError]) -> str:
    return str(error.value.response["Error"]["Code"])


def token(server: Server, execution: str) -> str:
    """The token of the call that was scheduled last."""
    server.event(execution, "TaskSubmitted")
    details = server.event(execution, "TaskScheduled")["taskScheduledEventDetails"]
    return str(json.loads(details["parameters"])["MessageBody"])


def test_the_name_makes_a_start_idempotent_while_it_runs(server: Server) -> None:
    machine = server.machine({"Ask": CALLBACK})
    execution = server.start(machine, {"a": 1}, name="one")
    assert server.start(machine, {"a": 1}, name="one") == execution
    with pytest.raises(ClientError) as error:
        server.start(machine, {"a": 2}, name="one")
    assert code(error) == "ExecutionAlreadyExists"
    server.states.stop_execution(executionArn=execution)
    assert server.ended(execution)["status"] == "ABORTED"
    with pytest.raises(ClientError) as error:
        server.start(machine, {"a": 1}, name="one")
    assert code(error) == "ExecutionAlreadyExists"
    server.states.stop_execution(executionArn=execution)


def test_wrong_inputs_and_names_are_refused(server: Server) -> None:
    machine = server.machine({"A": {"Type": "Succeed"}})
    for arguments, expected in (
        ({"input": "{"}, "InvalidExecutionInput"),
        ({"name": "a b"}, "InvalidName"),
        ({"input": json.dumps("x" * 262_144)}, "ValidationException"),
    ):
        with pytest.raises(ClientError) as error:
            server.states.start_execution(stateMachineArn=machine, **arguments)
        assert code(error) == expected


def test_history_comes_in_pages_forwards_and_backwards(server: Server) -> None:
    machine = server.machine(
        {"A": {"Type": "Pass", "Next": "B"}, "B": {"Type": "Pass", "Result": {"x": 1}, "End": True}}
    )
    execution = server.start(machine)
    server.ended(execution)
    forward = server.events(execution, PaginationConfig={"PageSize": 2})
    assert [event["id"] for event in forward] == [1, 2, 3, 4, 5, 6]
    assert [event["type"] for event in forward][0::5] == ["ExecutionStarted", "ExecutionSucceeded"]
    backward = server.events(execution, reverseOrder=True)
    assert backward == forward[::-1]
    bare = server.events(execution, includeExecutionData=False)
    assert "input" not in bare[0]["executionStartedEventDetails"]


def test_a_callback_fails_is_redriven_and_succeeds(server: Server) -> None:
    machine = server.machine({"First": {"Type": "Pass", "Next": "Ask"}, "Ask": CALLBACK})
    execution = server.start(machine)
    with pytest.raises(ClientError) as error:
        server.states.redrive_execution(executionArn=execution)
    assert code(error) == "ExecutionNotRedrivable"
    first = token(server, execution)
    server.states.send_task_heartbeat(taskToken=first)
    server.states.send_task_failure(taskToken=first, error="Bad", cause="why")
    told = server.ended(execution)
    assert (told["status"], told["error"], told["redriveStatus"]) == ("FAILED", "Bad", "REDRIVABLE")
    with pytest.raises(ClientError) as error:
        server.states.send_task_success(taskToken=first, output="{}")
    assert code(error) == "TaskTimedOut"
    server.states.redrive_execution(executionArn=execution)
    second = until(lambda: found if (found := token(server, execution)) != first else None)
    until(lambda: server.events(execution)[-1]["type"] == "TaskSubmitted" or None)
    server.states.send_task_success(taskToken=second, output='{"ok": true}')
    told = server.ended(execution)
    assert (told["status"], told["output"], told["redriveCount"]) == ("SUCCEEDED", '{"ok":true}', 1)
    assert [event["type"] for event in server.events(execution)].count("ExecutionRedriven") == 1
    listed = server.states.list_executions(stateMachineArn=machine, redriveFilter="REDRIVEN")["executions"]
    assert [one["executionArn"] for one in listed] == [execution]


def test_executions_are_listed_by_status(server: Server) -> None:
    machine = server.machine({"Ask": CALLBACK})
    first, second = server.start(machine), server.start(machine)
    server.states.stop_execution(executionArn=first, error="E", cause="C")
    running_ones = server.states.list_executions(stateMachineArn=machine, statusFilter="RUNNING")[
        "executions"
    ]
    assert [one["executionArn"] for one in running_ones] == [second]
    aborted = server.states.list_executions(stateMachineArn=machine, statusFilter="ABORTED")["executions"]
    assert [one["executionArn"] for one in aborted] == [first]
    assert server.ended(first)["error"] == "E"


def test_express_synchronously(server: Server) -> None:
    machine = server.machine({"A": {"Type": "Fail", "Error": "Bad", "Cause": "c"}}, type="EXPRESS")
    told = server.states.start_sync_execution(stateMachineArn=machine, input='{"a": 1}')
    assert (told["status"], told["error"], told["input"]) == ("FAILED", "Bad", '{"a":1}')
    with pytest.raises(ClientError) as error:
        server.states.list_executions(stateMachineArn=machine)
    assert code(error) == "StateMachineTypeNotSupported"
    with pytest.raises(ClientError) as error:
        server.states.describe_execution(executionArn=told["executionArn"])
    assert code(error) in {"InvalidArn", "ExecutionDoesNotExist"}
    standard = server.machine({"A": {"Type": "Succeed"}}, "standard")
    with pytest.raises(ClientError) as error:
        server.states.start_sync_execution(stateMachineArn=standard)
    assert code(error) == "StateMachineTypeNotSupported"


def test_activities_are_polled(server: Server) -> None:
    activity = server.states.create_activity(name="work")["activityArn"]
    assert server.states.get_activity_task(activityArn=activity).get("taskToken") is None
    machine = server.machine({"Do": {"Type": "Task", "Resource": activity, "End": True}})
    execution = server.start(machine, {"n": 1})
    task = until(lambda: _polled(server, activity))
    assert json.loads(task["input"]) == {"n": 1}
    server.states.send_task_success(taskToken=task["taskToken"], output="2")
    assert server.ended(execution)["output"] == "2"
    started = server.event(execution, "ActivityStarted")
    assert started["activityStartedEventDetails"]["workerName"] == "me"
    server.states.delete_activity(activityArn=activity)
    assert server.states.list_activities()["activities"] == []
    told = server.ended(server.start(machine))
    assert (told["status"], "does not exist" in told["cause"]) == ("FAILED", True)


def _polled(server: Server, activity: str) -> dict[str, Any] | None:
    task: dict[str, Any] = server.states.get_activity_task(activityArn=activity, workerName="me")
    return task if task.get("taskToken") else None


def test_machines_start_machines(server: Server) -> None:
    inner = server.machine({"Add": {"Type": "Pass", "Result": {"x": 1}, "End": True}}, "inner")
    resource = "arn:aws:states:::states:startExecution"
    call = {"Parameters": {"StateMachineArn": inner, "Input": {"a": 1}}, "End": True, "Type": "Task"}
    outer = server.machine({"Call": {**call, "Resource": f"{resource}.sync:2"}}, "outer")
    output = json.loads(server.ended(server.start(outer))["output"])
    assert (output["Status"], output["Output"], output["Input"]) == ("SUCCEEDED", {"x": 1}, {"a": 1})
    asking = server.machine({"Ask": CALLBACK}, "asking")
    waiting = {
        **call,
        "Resource": f"{resource}.sync",
        "Parameters": {"StateMachineArn": asking, "Name": "in"},
    }
    stopped = server.start(server.machine({"Call": waiting}, "waiting"))
    submitted = server.event(stopped, "TaskSubmitted")["taskSubmittedEventDetails"]
    server.states.stop_execution(executionArn=stopped)
    assert server.ended(json.loads(submitted["output"])["ExecutionArn"])["status"] == "ABORTED"
    quick = server.machine({"Call": {**call, "Resource": resource}}, "quick")
    begun = json.loads(server.ended(server.start(quick))["output"])
    assert server.ended(begun["ExecutionArn"])["status"] == "SUCCEEDED"


def test_a_distributed_map_over_files(settings: ServeSettings, tmp_path: Path) -> None:
    objects = tmp_path / "objects"
    (objects / "in").mkdir(parents=True)
    (objects / "in" / "rows.json").write_text("[1, 2, 3]", encoding="utf-8")
    state = {
        "Type": "Map",
        "Label": "Each",
        "ItemReader": {
            "Resource": "arn:aws:states:::s3:getObject",
            "ReaderConfig": {"InputType": "JSON"},
            "Parameters": {"Bucket": "in", "Key": "rows.json"},
        },
        "ItemProcessor": {
            "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"},
            "StartAt": "One",
            "States": {"One": {"Type": "Pass", "End": True}},
        },
        "ResultWriter": {
            "Resource": "arn:aws:states:::s3:putObject",
            "Parameters": {"Bucket": "out", "Prefix": "p"},
        },
        "End": True,
    }
    with running(replace(settings, objects=objects)) as server:
        execution = server.start(server.machine({"Each": state}))
        assert server.ended(execution)["status"] == "SUCCEEDED"
        map_run = server.states.list_map_runs(executionArn=execution)["mapRuns"][0]["mapRunArn"]
        told = until(lambda: _done(server.states.describe_map_run(mapRunArn=map_run)))
        assert (told["itemCounts"]["succeeded"], told["executionCounts"]["succeeded"]) == (3, 3)
        children = server.states.list_executions(mapRunArn=map_run)["executions"]
        assert len(children) == 3
        child = server.states.describe_execution(executionArn=children[0]["executionArn"])
        assert (child["status"], child["mapRunArn"]) == ("SUCCEEDED", map_run)
        assert server.events(children[0]["executionArn"])[-1]["type"] == "ExecutionSucceeded"
    assert list((objects / "out" / "p").rglob("manifest.json"))


def _done(told: dict[str, Any]) -> dict[str, Any] | None:
    return told if told["status"] == "SUCCEEDED" else None


def _asking(activity: str, **more: Any) -> dict[str, Any]:
    """A Map whose children wait for an activity."""
    processor = {"ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}}
    states = {"StartAt": "Ask", "States": {"Ask": {"Type": "Task", "Resource": activity, "End": True}}}
    return {"Type": "Map", "ItemProcessor": {**processor, **states}, "End": True, **more}


def _mapping(server: Server, **more: Any) -> tuple[str, str, str]:
    """An execution with such a Map over four items: itself, its Map Run and the activity."""
    activity = server.states.create_activity(name="ask")["activityArn"]
    execution = server.start(server.machine({"Each": _asking(activity, **more)}), [1, 2, 3, 4])
    return execution, until(lambda: _first(server, execution)), activity


def _first(server: Server, execution: str) -> str | None:
    found = server.states.list_map_runs(executionArn=execution)["mapRuns"]
    return str(found[0]["mapRunArn"]) if found else None


def _running(server: Server, map_run: str, count: int) -> list[dict[str, Any]]:
    """The children that run, once there are as many."""

    def look() -> list[dict[str, Any]] | None:
        found = server.states.list_executions(mapRunArn=map_run, statusFilter="RUNNING")["executions"]
        return list(found) if len(found) == count else None

    return list(until(look))


def test_a_map_run_takes_other_bounds_while_it_runs(server: Server) -> None:
    execution, map_run, activity = _mapping(server, MaxConcurrency=1)
    _running(server, map_run, 1)
    server.states.update_map_run(mapRunArn=map_run, maxConcurrency=3)
    assert server.states.describe_map_run(mapRunArn=map_run)["maxConcurrency"] == 3
    _running(server, map_run, 3)
    server.states.update_map_run(mapRunArn=map_run, toleratedFailureCount=1, toleratedFailurePercentage=50)
    told = server.states.describe_map_run(mapRunArn=map_run)
    assert (told["toleratedFailureCount"], told["toleratedFailurePercentage"]) == (1, 50.0)
    tokens = [server.states.get_activity_task(activityArn=activity)["taskToken"] for _ in range(3)]
    server.states.send_task_failure(taskToken=tokens[0])
    _running(server, map_run, 3)
    tokens.append(server.states.get_activity_task(activityArn=activity)["taskToken"])
    for given in tokens[1:]:
        server.states.send_task_success(taskToken=given, output="1")
    assert server.ended(execution)["status"] == "SUCCEEDED"
    until(lambda: _done(server.states.describe_map_run(mapRunArn=map_run)))
    with pytest.raises(ClientError) as error:
        server.states.update_map_run(mapRunArn=map_run, maxConcurrency=1)
    assert code(error) == "ValidationException"
    assert error.value.response["reason"] == "CANNOT_UPDATE_COMPLETED_MAP_RUN"


def test_other_bounds_of_a_map_run_hold_after_a_restart(settings: ServeSettings) -> None:
    with running(settings) as server:
        _, map_run, activity = _mapping(server, MaxConcurrency=1)
        server.states.update_map_run(mapRunArn=map_run, maxConcurrency=2)
        _running(server, map_run, 2)
        given = server.states.get_activity_task(activityArn=activity)["taskToken"]
    with running(settings) as server:
        server.states.send_task_success(taskToken=given, output="1")
        until(
            lambda: server.states.describe_map_run(mapRunArn=map_run)["executionCounts"]["succeeded"] or None
        )
        _running(server, map_run, 2)


@pytest.mark.parametrize(
    ("bounds", "expected"),
    [
        ({}, ("ValidationException", "MISSING_REQUIRED_PARAMETER")),
        ({"maxConcurrency": -1}, ("ValidationException", None)),
        ({"toleratedFailureCount": -1}, ("ValidationException", None)),
        ({"toleratedFailurePercentage": 100.5}, ("ValidationException", None)),
        ({"maxConcurrency": True}, ("SerializationException", None)),
    ],
)
def test_bounds_of_map_runs_are_checked(
    server: Server, bounds: dict[str, Any], expected: tuple[str, str | None]
) -> None:
    _, map_run, _ = _mapping(server)
    client = server.client("stepfunctions", checked=False)
    with pytest.raises(ClientError) as error:
        client.update_map_run(mapRunArn=map_run, **bounds)
    assert (code(error), error.value.response.get("reason")) == expected


def test_everything_is_there_after_a_restart(settings: ServeSettings) -> None:
    with running(settings) as server:
        machine = server.machine({"Ask": CALLBACK})
        asked = server.start(machine)
        given = token(server, asked)
        wait = server.machine({"Rest": {"Type": "Wait", "Seconds": 1, "End": True}}, "rest")
        resting = server.start(wait)
        ended = server.start(server.machine({"A": {"Type": "Succeed"}}, "done"))
        server.ended(ended)
    with running(settings) as server:
        assert server.ended(ended)["status"] == "SUCCEEDED"
        assert server.ended(resting)["status"] == "SUCCEEDED"
        server.states.send_task_success(taskToken=given, output="1")
        assert server.ended(asked)["output"] == "1"


def test_waits_can_be_left_out(settings: ServeSettings) -> None:
    with running(replace(settings, wait_scale=0.0)) as server:
        machine = server.machine({"Rest": {"Type": "Wait", "Seconds": YEAR, "End": True}})
        assert server.ended(server.start(machine))["status"] == "SUCCEEDED"


def test_mocks_in_both_formats(settings: ServeSettings, tmp_path: Path) -> None:
    task: dict[str, Any] = {"Type": "Task", "Resource": "arn:aws:states:::sqs:sendMessage", "End": True}
    task["Parameters"] = {"QueueUrl": "q", "MessageBody": "m"}
    plain = tmp_path / "plain.yaml"
    plain.write_text("Send: {Return: {MessageId: a}}\n", encoding="utf-8")
    with running(replace(settings, mocks=plain)) as server:
        machine = server.machine({"Send": task})
        assert server.ended(server.start(machine))["output"] == '{"MessageId":"a"}'
    document = {
        "StateMachines": {"machine": {"TestCases": {"Bad": {"Send": "refused"}}}},
        "MockedResponses": {"refused": {"0": {"Throw": {"Error": "No", "Cause": "never"}}}},
    }
    local = tmp_path / "local.json"
    local.write_text(json.dumps(document), encoding="utf-8")
    with running(replace(settings, mocks=local)) as server:
        assert server.ended(server.start(f"{machine}#Bad"))["error"] == "No"
        unmocked = server.ended(server.start(machine))
        assert "give it a mock" in unmocked["cause"]


def test_one_state_is_tested(server: Server) -> None:
    state: dict[str, Any] = {"Type": "Task", "Resource": "arn:aws:states:::sqs:sendMessage", "Next": "Z"}
    state["Parameters"] = {"QueueUrl": "q", "MessageBody.$": "$.a"}
    told = server.states.test_state(
        definition=json.dumps(state),
        roleArn=ROLE,
        input='{"a": 1}',
        inspectionLevel="DEBUG",
        mock={"result": '{"MessageId": "1", "MD5OfMessageBody": "2"}'},
    )
    assert (told["status"], told["nextState"]) == ("SUCCEEDED", "Z")
    assert json.loads(told["inspectionData"]["afterParameters"]) == {"QueueUrl": "q", "MessageBody": 1}
    with pytest.raises(ClientError) as error:
        server.states.test_state(definition=json.dumps({"Type": "Map"}), roleArn=ROLE)
    assert code(error) in {"InvalidDefinition", "ValidationException"}
