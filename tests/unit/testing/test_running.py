"""Definitions run with mocks, faults and virtual time, and assertions that tell the path."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from bunsui.asl import compile_machine
from bunsui.errors import Conflict, DefinitionInvalid, NotFound
from bunsui.testing import (
    TaskError,
    delay,
    fail,
    in_turn,
    never,
    returns,
    run,
    run_state,
    throws,
    time_out,
)

YEAR = 365 * 24 * 3600
INVOKE = "arn:aws:states:::lambda:invoke"


def machine(**states: Any) -> dict[str, Any]:
    return {"StartAt": next(iter(states)), "States": states}


def task(resource: str = INVOKE, **fields: Any) -> dict[str, Any]:
    return {"Type": "Task", "Resource": resource, "End": True} | fields


ORDER = machine(
    Charge=task(
        Parameters={"FunctionName": "charge", "Payload.$": "$"},
        OutputPath="$.Payload",
        Retry=[{"ErrorEquals": ["Busy", "States.Timeout"], "IntervalSeconds": 60, "MaxAttempts": 2}],
        Catch=[{"ErrorEquals": ["States.ALL"], "Next": "Refund"}],
        Next="Rest",
    )
    | {"End": None},
    Rest={"Type": "Wait", "Seconds": YEAR, "Next": "Paid?"},
    **{
        "Paid?": {
            "Type": "Choice",
            "Choices": [{"Variable": "$.paid", "BooleanEquals": True, "Next": "Ship"}],
            "Default": "Refund",
        }
    },
    Ship={"Type": "Succeed"},
    Refund={"Type": "Fail", "Error": "Refunded", "Cause": "not paid"},
)
del ORDER["States"]["Charge"]["End"]


def test_a_handler_answers_under_the_name_of_its_function() -> None:
    result = run(ORDER, {"amount": 7}, mocks={"charge": lambda event, context: {"paid": event["amount"] > 5}})
    result.assert_succeeded({"paid": True})
    result.assert_path("Charge", "Rest", "Paid?", "Ship")
    assert result.duration == YEAR


def test_a_mock_of_a_state_gets_parameters_and_gives_the_result() -> None:
    seen: list[Any] = []

    def charge(parameters: Any) -> Any:
        seen.append(parameters)
        return {"Payload": {"paid": False}}

    result = run(ORDER, {"amount": 7}, mocks={"Charge": charge})
    result.assert_failed("Refunded", "not paid")
    assert seen == [{"FunctionName": "charge", "Payload": {"amount": 7}}]
    result.assert_called("Charge", parameters=seen[0])


def test_errors_of_mocks_are_errors_of_the_task() -> None:
    def charge(event: Any) -> Any:
        raise TaskError("Busy", "later")

    result = run(ORDER, mocks={"charge": charge})
    result.assert_called("Charge", times=3)
    result.assert_visited("Refund")
    assert [step.status for step in result.steps] == ["caught", "failed"]
    result = run(machine(A=task("arn:aws:states:::sqs:sendMessage")), mocks={"A": lambda _: 1 / 0})
    result.assert_failed("ZeroDivisionError", "division by zero")


def test_an_assertion_in_a_mock_fails_the_test() -> None:
    def charge(event: Any) -> Any:
        raise AssertionError("amount is missing")

    with pytest.raises(AssertionError, match="amount is missing"):
        run(ORDER, mocks={"charge": charge})


def test_faults_come_before_the_mocks() -> None:
    mocks = {"charge": {"paid": True}}
    struck = run(ORDER, mocks=mocks, faults=[fail("Charge", "Busy"), delay("charge", 5)])
    struck.assert_called("Charge", times=2)
    assert struck.duration == 5 + 60 + 5 + YEAR
    struck.assert_events("TaskFailed", "TaskSucceeded")
    slow = run(ORDER, mocks=mocks, faults=[time_out("charge", on=(1, 2))])
    slow.assert_called("Charge", times=3)
    slow.assert_events("TaskTimedOut", "TaskTimedOut", "TaskSucceeded")


def test_chance_is_seeded() -> None:
    states = {f"S{at}": task(Next=f"S{at + 1}", Parameters={"FunctionName": "f"}) for at in range(30)}
    for state in states.values():
        del state["End"]
        state["Catch"] = [{"ErrorEquals": ["States.ALL"], "Next": state["Next"]}]
    definition = machine(**states, S30={"Type": "Succeed"})

    def caught(seed: str) -> list[str]:
        faults = [fail("f", on=None, chance=0.5)]
        result = run(definition, mocks={"f": 1}, faults=faults, seed=seed)
        return [step.name for step in result.steps if step.status == "caught"]

    assert caught("1") == caught("1") != caught("2")
    assert 5 < len(caught("1")) < 25


def test_a_missing_mock_says_under_which_names_it_is_sought() -> None:
    with pytest.raises(NotFound) as caught:
        run(ORDER, mocks={"Ship": 1})
    assert "'Charge'" in caught.value.message
    assert "'charge'" in caught.value.next_steps[0]


def test_waiting_for_nobody_is_an_error() -> None:
    callback = machine(
        Ask=task(
            "arn:aws:states:::sqs:sendMessage.waitForTaskToken",
            Parameters={"QueueUrl": "q", "MessageBody.$": "$$.Task.Token"},
        )
    )
    with pytest.raises(Conflict, match="waits for ever in Ask"):
        run(callback, mocks={"Ask": never()})
    callback["States"]["Ask"]["TimeoutSeconds"] = 3600
    result = run(callback, mocks={"Ask": never()})
    result.assert_failed("States.Timeout")
    assert result.duration == 3600


def test_answers_in_turn() -> None:
    mocks = {"charge": in_turn(throws("Busy"), lambda event: {"paid": True})}
    run(ORDER, mocks=mocks).assert_succeeded()
    late = run(ORDER, mocks={"charge": returns({"paid": True}, after=90)})
    assert late.duration == 90 + YEAR


def test_what_a_mock_gives_is_no_shared_state() -> None:
    shared = {"paid": True, "list": [1]}
    result = run(ORDER, mocks={"charge": lambda _: shared})
    result.output["list"].append(2)
    assert shared["list"] == [1]


def test_the_mock_configuration_of_step_functions_local(tmp_path: Path) -> None:
    responses = {
        "paid": {
            "0-1": {"Throw": {"Error": "Busy", "Cause": "x"}},
            "2": {"Return": {"Payload": {"paid": True}}},
        },
        "unpaid": {"0": {"Return": {"Payload": {"paid": False}}}},
    }
    cases = {"Happy": {"Charge": "paid"}, "Sad": {"Charge": "unpaid"}}
    file = tmp_path / "mocks.json"
    file.write_text(
        json.dumps({"StateMachines": {"Order": {"TestCases": cases}}, "MockedResponses": responses})
    )
    happy = run(ORDER, mocks=file, name="Order", case="Happy")
    happy.assert_succeeded()
    happy.assert_called("Charge", times=3)
    run(ORDER, mocks=file, case="Sad").assert_failed("Refunded")


def test_messages_show_the_path() -> None:
    result = run(ORDER, mocks={"charge": {"paid": False}})
    with pytest.raises(AssertionError) as caught:
        result.assert_path("Charge", "Rest", "Paid?", "Ship")
    assert str(caught.value).splitlines() == [
        "state 4 of the path should be Ship, but is Refund",
        "The execution is FAILED with Refunded: not paid, on this path:",
        "  ✔ Charge",
        "  ✔ Rest",
        "  ✔ Paid?  (+365d)",
        "  ✘ Refund  (+365d, Refunded: not paid)",
    ]
    checks: tuple[Callable[[], None], ...] = (
        result.assert_succeeded,
        lambda: result.assert_failed("Other"),
        lambda: result.assert_visited("Ship"),
        lambda: result.assert_not_visited("Refund"),
        lambda: result.assert_called("Charge", times=2),
        lambda: result.assert_called("Charge", parameters={}),
        lambda: result.assert_events("TaskFailed"),
    )
    for check in checks:
        with pytest.raises(AssertionError):
            check()


def test_distributed_maps_read_and_write_objects() -> None:
    processor = machine(Double={"Type": "Pass", "Parameters": {"id.$": "$.id"}, "End": True})
    definition = machine(
        Each={
            "Type": "Map",
            "ItemReader": {
                "Resource": "arn:aws:states:::s3:getObject",
                "ReaderConfig": {"InputType": "CSV", "CSVHeaderLocation": "FIRST_ROW"},
                "Parameters": {"Bucket": "in", "Key": "rows.csv"},
            },
            "ItemProcessor": {
                "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"},
                **processor,
            },
            "ResultWriter": {"Resource": "arn:aws:states:::s3:putObject", "Parameters": {"Bucket": "out"}},
            "End": True,
        }
    )
    result = run(definition, objects={"in/rows.csv": "id\n1\n2\n"})
    result.assert_succeeded()
    assert result.path == ["Each", "Double", "Double"]
    assert any(key.startswith("out/") for key in result.objects)


def test_invalid_definitions_are_refused_with_all_findings() -> None:
    with pytest.raises(DefinitionInvalid) as caught:
        run(machine(A={"Type": "Pass"}, B={"Type": "Nonsense", "End": True}))
    findings = caught.value.details["findings"]
    assert isinstance(findings, list)
    assert len(findings) > 1


def test_one_state_alone() -> None:
    good = run_state(ORDER, "Charge", {"amount": 1}, result={"Payload": {"paid": True}, "StatusCode": 200})
    assert (good.status, good.next_state, good.output) == ("SUCCEEDED", "Rest", {"paid": True})
    assert good.inspection["afterParameters"] == {"FunctionName": "charge", "Payload": {"amount": 1}}
    assert run_state(ORDER, "Charge", error="Busy", cause="x").status == "RETRIABLE"
    assert run_state(ORDER, "Charge", error="Busy", retries=2).next_state == "Refund"
    assert run_state({"Type": "Pass", "Result": 1, "End": True}).output == 1


def test_a_handler_that_changes_its_event_changes_nothing_else() -> None:
    work = {"Type": "Task", "Resource": "arn:aws:lambda:us-east-1:123456789012:function:work"}
    retry = [{"ErrorEquals": ["Busy"]}]
    definition = {
        "StartAt": "Work",
        "States": {"Work": {**work, "ResultPath": "$.result", "Retry": retry, "End": True}},
    }
    seen = []

    def handler(event: dict[str, object]) -> int:
        seen.append(dict(event))
        event["spoiled"] = True
        if len(seen) == 1:
            raise TaskError("Busy")
        return 7

    result = run(definition, {"a": 1}, mocks={"work": handler})
    assert seen == [{"a": 1}, {"a": 1}]
    result.assert_succeeded({"a": 1, "result": 7})
    result.assert_called("Work", times=2, parameters={"a": 1})


def test_an_output_that_is_changed_leaves_the_machine_as_it_was() -> None:
    definition = {"StartAt": "P", "States": {"P": {"Type": "Pass", "Result": {"a": [1]}, "End": True}}}
    compiled = compile_machine(definition)
    run(compiled, mocks={}).output["a"].append(2)
    run(compiled, mocks={}).assert_succeeded({"a": [1]})
