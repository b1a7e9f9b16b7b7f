"""The context object: what a state can know of its execution."""

from __future__ import annotations

from typing import Any

from bunsui.asl.clock import iso
from tests.asl.harness import BEGIN, Drive, Failure, lambda_task, machine


def context(state: dict[str, Any], **more: Any) -> Any:
    done = Drive(
        machine({"P": {"Type": "Pass", "Parameters": {"c.$": "$$"}, "End": True, **state}}), **more
    ).run()
    return done.execution.output


def test_a_state_knows_its_execution_and_itself() -> None:
    found = context({}, input={"x": 1})["c"]
    execution = found["Execution"]
    assert (execution["Name"], execution["Input"], execution["StartTime"]) == ("run", {"x": 1}, iso(BEGIN))
    assert execution["RedriveCount"] == 0
    assert found["StateMachine"]["Name"] == "machine"
    assert found["State"] == {"Name": "P", "EnteredTime": iso(BEGIN)}
    assert "Map" not in found
    assert "Task" not in found


def test_an_express_execution_is_never_redriven() -> None:
    assert "RedriveCount" not in context({}, type="EXPRESS")["c"]["Execution"]


def test_an_iteration_knows_its_item_and_its_place() -> None:
    inner = {"P": {"Type": "Pass", "Parameters": {"m.$": "$$.Map.Item"}, "End": True}}
    each = {"Type": "Map", "ItemProcessor": {"StartAt": "P", "States": inner}, "End": True}
    done = Drive(machine({"M": each}), ["a", "b"]).run()
    assert [one["m"] for one in done.execution.output] == [
        {"Index": 0, "Value": "a"},
        {"Index": 1, "Value": "b"},
    ]


def test_a_task_knows_how_often_it_was_tried() -> None:
    retry = [{"ErrorEquals": ["E"], "MaxAttempts": 2}]
    task = lambda_task(Parameters={"n.$": "$$.State.RetryCount"}, Retry=retry)
    done = Drive(machine({"T": task}), work={"T": [Failure("E"), Failure("E"), "ok"]}).run()
    assert [call.parameters["n"] for call in done.calls] == [0, 1, 2]


def test_only_a_task_that_waits_for_an_answer_has_a_token() -> None:
    arguments = {"FunctionName": "f", "Payload": {"t.$": "$$.Task.Token"}}
    resource = "arn:aws:states:::lambda:invoke.waitForTaskToken"
    done = Drive(machine({"T": lambda_task(Resource=resource, Parameters=arguments)}), work={"T": 1}).run()
    (call,) = done.calls
    assert call.token
    assert call.parameters["Payload"]["t"] == call.token
