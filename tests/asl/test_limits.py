"""Limits of the service and the errors they give.

https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html
"""

from __future__ import annotations

from typing import Any

import pytest

from bunsui.asl import TaskSubmitted
from tests.asl.harness import Drive, Silence, lambda_task, machine

PASS = {"Type": "Pass", "End": True}
LARGE = "x" * 262_142  # 262,144 bytes with its quotes
TOO_LARGE = LARGE + "x"


def test_a_result_at_the_limit_passes_and_above_fails() -> None:
    assert Drive(machine({"T": lambda_task()}), work={"T": LARGE}).run().execution.output == LARGE
    drive = Drive(machine({"T": lambda_task()}), work={"T": TOO_LARGE}).run()
    assert drive.execution.error == "States.DataLimitExceeded"
    assert drive.events[-2:] == ["LambdaFunctionFailed", "ExecutionFailed"]


def test_bytes_of_utf_8_count() -> None:
    assert Drive(machine({"T": lambda_task()}), work={"T": "é" * 131_072}).run().execution.status == "FAILED"


def test_what_a_state_makes_of_its_data_is_limited_too() -> None:
    double = {"Type": "Pass", "Parameters": {"a.$": "$", "b.$": "$"}, "End": True}
    drive = Drive(machine({"P": double}), "x" * 200_000).run()
    assert drive.execution.error == "States.DataLimitExceeded"
    assert "'P'" in str(drive.execution.cause)


def test_variables_of_one_assign_are_limited() -> None:
    both = {"Type": "Pass", "Assign": {"a.$": "$", "b.$": "$"}, "End": True}
    assert Drive(machine({"P": both}), "x" * 200_000).run().execution.error == "States.DataLimitExceeded"


def test_all_variables_are_limited() -> None:
    states: dict[str, Any] = {
        f"P{n}": {"Type": "Pass", "Assign": {f"v{n}.$": "$"}, "Next": f"P{n + 1}"} for n in range(60)
    }
    drive = Drive(machine({**states, "P60": PASS}), "x" * 200_000).run()
    assert drive.execution.error == "States.DataLimitExceeded"
    assert 40 < drive.events.count("PassStateExited") < 60


LOOP = machine(
    {
        "A": {"Type": "Pass", "Next": "B"},
        "B": {
            "Type": "Choice",
            "Choices": [{"Variable": "$.stop", "IsPresent": True, "Next": "C"}],
            "Default": "A",
        },
        "C": {"Type": "Succeed"},
    }
)


def test_25_000_events_end_a_standard_execution() -> None:
    drive = Drive(LOOP).run()
    assert drive.execution.status == "FAILED"
    assert len(drive.execution.history) == 25_000
    assert drive.events[-1] == "ExecutionFailed"
    assert drive.execution.cause == "The execution reached the maximum number of history events (25000)."


def test_a_step_ends_when_its_budget_is_used_up() -> None:
    drive = Drive(LOOP, type="EXPRESS", start={"budget": 100}).begin()
    assert drive.execution.runnable
    for _ in range(300):
        drive.step()
    assert 60_000 <= len(drive.execution.history) <= 60_300


def test_express_executions_end_after_five_minutes() -> None:
    wait = machine({"W": {"Type": "Wait", "Seconds": 301, "End": True}})
    drive = Drive(wait, type="EXPRESS").run()
    assert (drive.execution.status, drive.elapsed) == ("TIMED_OUT", 300)
    assert Drive(wait).run().execution.status == "SUCCEEDED"


def test_a_year_of_waiting_takes_no_time() -> None:
    drive = Drive(machine({"W": {"Type": "Wait", "Seconds": 31_536_000, "End": True}})).run()
    assert drive.elapsed == 31_536_000


@pytest.mark.parametrize("work", [{"T": 1}, {"T": Silence()}])
def test_a_machine_timeout_counts_from_the_start(work: Any) -> None:
    wait = {"Type": "Wait", "Seconds": 30, "Next": "T"}
    drive = Drive(machine({"W": wait, "T": lambda_task()}, TimeoutSeconds=40), work=work).run()
    assert drive.execution.status == ("SUCCEEDED" if work["T"] == 1 else "TIMED_OUT")
    assert drive.elapsed <= 40


def test_more_than_a_year_is_too_long() -> None:
    year_and_more = {"Type": "Wait", "Seconds": 32_000_000, "End": True}
    assert Drive(machine({"W": year_and_more})).run().execution.status == "TIMED_OUT"


def test_what_a_service_answers_to_a_request_is_limited() -> None:
    task = {"Type": "Task", "Resource": "arn:aws:states:::states:startExecution.sync", "End": True}
    drive = Drive(machine({"T": task}), work={"T": Silence()}).begin()
    drive.apply(TaskSubmitted(drive.execution.now, drive.calls[0].task_id, TOO_LARGE))
    assert drive.execution.error == "States.DataLimitExceeded"


@pytest.mark.parametrize("mode", ["INLINE", "DISTRIBUTED"])
def test_the_results_of_a_map_together_are_limited(mode: str) -> None:
    processor = machine({"P": {**PASS, "Result": "x" * 1000}}, ProcessorConfig={"Mode": mode})
    each = {"Type": "Map", "ItemProcessor": processor, "ResultPath": None, "End": True}
    drive = Drive(machine({"M": each}), list(range(300))).run()
    assert drive.execution.error == "States.DataLimitExceeded"
    assert "MapStateSucceeded" not in drive.events
    assert drive.events[-2:] == ["MapStateFailed", "ExecutionFailed"]
