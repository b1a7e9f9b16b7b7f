"""Retry, Catch, Fail and what no Catch takes.

https://docs.aws.amazon.com/step-functions/latest/dg/concepts-error-handling.html
"""

from __future__ import annotations

from typing import Any

import pytest

from tests.asl.harness import Drive, Failure, Silence, lambda_task, machine

PASS = {"Type": "Pass", "End": True}


def retrying(**retrier: Any) -> dict[str, Any]:
    return machine({"T": lambda_task(Retry=[{"ErrorEquals": ["E"], **retrier}])})


@pytest.mark.parametrize(
    "retrier, calls, elapsed",
    [
        ({}, 4, 1 + 2 + 4),
        ({"MaxAttempts": 0}, 1, 0),
        ({"IntervalSeconds": 3, "BackoffRate": 1.5, "MaxAttempts": 2}, 3, 3 + 4.5),
        ({"IntervalSeconds": 10, "BackoffRate": 10, "MaxDelaySeconds": 60}, 4, 10 + 60 + 60),
    ],
)
def test_intervals_of_retries(retrier: dict[str, Any], calls: int, elapsed: float) -> None:
    drive = Drive(retrying(**retrier), work={"T": [Failure("E")] * 9}).run()
    assert drive.execution.status == "FAILED"
    assert len(drive.calls) == calls
    assert drive.elapsed == elapsed
    assert [call.retry_count for call in drive.calls] == list(range(calls))


def test_jitter_stays_below_the_interval_and_follows_the_seed() -> None:
    definition = retrying(IntervalSeconds=100, JitterStrategy="FULL", BackoffRate=1, MaxAttempts=1)
    waits = {
        Drive(definition, work={"T": [Failure("E"), 1]}, start={"seed": str(n)}).run().elapsed
        for n in range(50)
    }
    assert len(waits) > 40
    assert 0 <= min(waits) < 10
    assert 90 < max(waits) < 100
    again = Drive(definition, work={"T": [Failure("E"), 1]}, start={"seed": "0"}).run()
    assert again.elapsed in waits


def test_each_retrier_counts_for_itself() -> None:
    retry = [{"ErrorEquals": ["A"], "MaxAttempts": 1}, {"ErrorEquals": ["B"], "MaxAttempts": 2}]
    answers = [Failure("A"), Failure("B"), Failure("B"), Failure("A")]
    drive = Drive(machine({"T": lambda_task(Retry=retry)}), work={"T": answers}).run()
    assert len(drive.calls) == 4
    assert drive.execution.error == "A"


def test_retry_counts_start_anew_when_the_state_is_entered_again() -> None:
    again = {
        "Type": "Choice",
        "Choices": [{"Variable": "$", "NumericEquals": 1, "Next": "T"}],
        "Default": "P",
    }
    task = lambda_task(Retry=[{"ErrorEquals": ["E"], "MaxAttempts": 1}], Next="C")
    answers = [Failure("E"), 1, Failure("E"), 2]
    drive = Drive(machine({"T": task, "C": again, "P": PASS}), work={"T": answers}).run()
    assert drive.execution.output == 2


@pytest.mark.parametrize(
    "wanted, error, caught",
    [
        ("States.ALL", "Any", True),
        ("States.TaskFailed", "Any", True),
        ("States.TaskFailed", "States.Timeout", False),
        ("States.ALL", "States.Timeout", True),
        ("States.ALL", "States.DataLimitExceeded", True),
        ("Any", "Any", True),
        ("Other", "Any", False),
        ("States.Permissions", "States.Permissions", True),
    ],
)
def test_which_errors_of_a_task_are_caught(wanted: str, error: str, caught: bool) -> None:
    task = lambda_task(Catch=[{"ErrorEquals": [wanted], "Next": "P"}])
    drive = Drive(machine({"T": task, "P": PASS}), work={"T": Failure(error, "why")}).run()
    assert drive.execution.status == ("SUCCEEDED" if caught else "FAILED")
    if caught:
        assert drive.execution.output == {"Error": error, "Cause": "why"}


def test_runtime_errors_are_neither_retried_nor_caught() -> None:
    handlers = {
        "Retry": [{"ErrorEquals": ["States.ALL"]}],
        "Catch": [{"ErrorEquals": ["States.ALL"], "Next": "P"}],
    }
    drive = Drive(machine({"T": lambda_task(InputPath="$.nope", **handlers), "P": PASS})).run()
    assert drive.execution.error == "States.Runtime"
    assert drive.calls == []
    assert drive.elapsed == 0


def test_a_parameter_path_that_fails_can_be_caught() -> None:
    catch = [{"ErrorEquals": ["States.ParameterPathFailure"], "Next": "P"}]
    task = lambda_task(Parameters={"x.$": "$.nope"}, Catch=catch)
    assert Drive(machine({"T": task, "P": PASS})).run().execution.status == "SUCCEEDED"


def test_a_result_path_that_does_not_fit_can_be_caught() -> None:
    catch = [{"ErrorEquals": ["States.ResultPathMatchFailure"], "Next": "P"}]
    task = lambda_task(ResultPath="$.a.b", Catch=catch)
    drive = Drive(machine({"T": task, "P": PASS}), {"a": 1}, {"T": 2}).run()
    assert drive.execution.output["Error"] == "States.ResultPathMatchFailure"


def test_an_intrinsic_that_fails_names_itself() -> None:
    task = lambda_task(Parameters={"x.$": "States.ArrayGetItem($.a, 5)"})
    drive = Drive(machine({"T": task}), {"a": []}).run()
    assert drive.execution.error == "States.IntrinsicFailure"
    assert "States.ArrayGetItem($.a, 5)" in str(drive.execution.cause)


def test_catch_puts_the_error_where_result_path_says() -> None:
    catch = [{"ErrorEquals": ["States.ALL"], "ResultPath": "$.error", "Next": "P"}]
    drive = Drive(
        machine({"T": lambda_task(Catch=catch), "P": PASS}), {"a": 1}, {"T": Failure("E", "c")}
    ).run()
    assert drive.execution.output == {"a": 1, "error": {"Error": "E", "Cause": "c"}}
    assert "TaskStateExited" in drive.events


def test_jsonata_catch_gives_output_and_variables() -> None:
    catch = {
        "ErrorEquals": ["States.ALL"],
        "Assign": {"seen": "{% $states.errorOutput.Error %}"},
        "Output": {"input": "{% $states.input.a %}"},
        "Next": "P",
    }
    after = {"Type": "Pass", "Output": "{% [$seen, $states.input.input] %}", "End": True}
    definition = machine({"T": lambda_task(Catch=[catch]), "P": after}, QueryLanguage="JSONata")
    drive = Drive(definition, {"a": 1}, {"T": Failure("E")}).run()
    assert drive.execution.output == ["E", 1]


def test_a_jsonata_failure_in_a_task_is_an_event_and_can_be_caught() -> None:
    catch = [{"ErrorEquals": ["States.QueryEvaluationError"], "Next": "P"}]
    task = lambda_task(Arguments="{% $states.input.nope %}", Catch=catch)
    drive = Drive(machine({"T": task, "P": PASS}, QueryLanguage="JSONata")).run()
    assert drive.execution.status == "SUCCEEDED"
    (details,) = drive.details("EvaluationFailed")
    assert (details["location"], details["state"]) == ("Arguments", "T")
    assert "returned nothing (undefined)" in details["cause"]


@pytest.mark.parametrize(
    "fields, error, cause",
    [
        ({}, None, None),
        ({"Error": "E", "Cause": "c"}, "E", "c"),
        ({"ErrorPath": "$.e", "CausePath": "States.Format('{}!', $.e)"}, "X", "X!"),
    ],
)
def test_fail_states(fields: dict[str, Any], error: str | None, cause: str | None) -> None:
    drive = Drive(machine({"F": {"Type": "Fail", **fields}}), {"e": "X"}).run()
    assert (drive.execution.error, drive.execution.cause) == (error, cause)
    assert drive.events == ["ExecutionStarted", "FailStateEntered", "ExecutionFailed"]


def test_no_choice_matched() -> None:
    choice = {"Type": "Choice", "Choices": [{"Variable": "$.a", "IsPresent": True, "Next": "P"}]}
    drive = Drive(machine({"C": choice, "P": PASS})).run()
    assert drive.execution.error == "States.NoChoiceMatched"


def test_timeout_of_a_task_cancels_it_and_late_answers_change_nothing() -> None:
    catch = [{"ErrorEquals": ["States.Timeout"], "Next": "W"}]
    wait = {"Type": "Wait", "Seconds": 5, "End": True}
    task = lambda_task(TimeoutSeconds=30, Catch=catch)
    drive = Drive(machine({"T": task, "W": wait}), work={"T": Silence()}).begin()
    drive.step()
    assert drive.cancelled == [drive.calls[0].task_id]
    before = drive.events
    drive.apply(_success(drive.calls[0].task_id, drive.execution.now))
    assert drive.events == before
    assert drive.run().execution.output == {"Error": "States.Timeout", "Cause": ""}
    assert drive.elapsed == 35


def _success(task_id: str, at: float) -> Any:
    from bunsui.asl import TaskSucceeded

    return TaskSucceeded(at, task_id, "late")


def test_heartbeats_keep_a_task_alive() -> None:
    from bunsui.asl import TaskHeartbeat

    token_task = {
        "Type": "Task",
        "Resource": "arn:aws:states:::sqs:sendMessage.waitForTaskToken",
        "Parameters": {"MessageBody.$": "$$.Task.Token"},
        "HeartbeatSeconds": 10,
        "Retry": [{"ErrorEquals": ["States.HeartbeatTimeout"], "MaxAttempts": 1}],
        "End": True,
    }
    drive = Drive(machine({"T": token_task}), work={"T": Silence()}).begin()
    drive.step()
    at = drive.execution.now
    for beat in (8.0, 16.0, 24.0):
        drive.apply(TaskHeartbeat(at + beat, drive.calls[0].task_id))
    assert drive.execution.next_timer == at + 34
    drive.run()
    assert drive.execution.error == "States.Timeout"
    assert drive.events.count("TaskTimedOut") == 2
    assert drive.calls[0].token == drive.calls[0].parameters["MessageBody"] != drive.calls[1].token
