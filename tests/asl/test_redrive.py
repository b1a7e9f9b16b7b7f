"""Redrive: what runs again, what stays, and when it is refused.

https://docs.aws.amazon.com/step-functions/latest/dg/redrive-executions.html
https://docs.aws.amazon.com/step-functions/latest/dg/redrive-map-run.html
"""

from __future__ import annotations

from typing import Any

import pytest

from bunsui.asl import Redrive, StartTask, Stop
from tests.asl.harness import BEGIN, Drive, Failure, Silence, lambda_task, machine

PASS = {"Type": "Pass", "End": True}
DISTRIBUTED = {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}


def redriven(drive: Drive, work: Any, after: float = 60.0) -> list[StartTask]:
    """Redrive and run on; gives the new calls."""
    calls = len(drive.calls)
    drive.work = work
    drive.apply(Redrive(drive.execution.now + after))
    drive.run()
    return drive.calls[calls:]


def test_it_goes_on_at_the_failed_state_with_its_input() -> None:
    states = {"A": lambda_task(Next="B"), "B": lambda_task(Next="P"), "P": PASS}
    drive = Drive(machine(states), 1, {"A": 2, "B": Failure("E")}).run()
    calls = redriven(drive, {"B": 3})
    assert [(call.state, call.parameters, call.retry_count) for call in calls] == [("B", 2, 0)]
    assert drive.execution.output == 3
    assert drive.details("ExecutionRedriven") == [{"redriveCount": 1}]
    at = drive.events.index("ExecutionRedriven")
    assert drive.events[at - 1 : at + 2] == [
        "ExecutionFailed",
        "ExecutionRedriven",
        "LambdaFunctionScheduled",
    ]


def test_retries_start_anew_and_the_context_counts_redrives() -> None:
    task = lambda_task(
        Parameters={"n.$": "$$.Execution.RedriveCount"}, Retry=[{"ErrorEquals": ["E"], "MaxAttempts": 1}]
    )
    drive = Drive(machine({"T": task}), work={"T": [Failure("E"), Failure("E")]}).run()
    calls = redriven(drive, {"T": [Failure("E"), 1]})
    assert [call.parameters for call in drive.calls] == [{"n": 0}, {"n": 0}, {"n": 1}, {"n": 1}]
    assert [call.retry_count for call in calls] == [0, 1]
    assert drive.execution.status == "SUCCEEDED"


def test_branches_that_succeeded_stay() -> None:
    branches = [machine({"A": lambda_task()}), machine({"B": lambda_task()}), machine({"C": lambda_task()})]
    definition = machine({"Par": {"Type": "Parallel", "Branches": branches, "Next": "P"}, "P": PASS})
    drive = Drive(definition, work={"A": 1, "B": Failure("E"), "C": Silence()}).run()
    calls = redriven(drive, {"B": 2, "C": 3})
    assert [call.state for call in calls] == ["B", "C"]
    assert drive.execution.output == [1, 2, 3]


def test_iterations_go_on_where_they_stood_and_new_ones_start() -> None:
    inner = machine({"T": lambda_task(Next="U"), "U": lambda_task()})
    each = {"Type": "Map", "MaxConcurrency": 1, "ItemProcessor": inner, "End": True}
    drive = Drive(machine({"M": each}), [1, 2, 3], {"T": [1, 2], "U": [1, Failure("E")]}).run()
    calls = redriven(drive, {"T": 8, "U": 9})
    assert [(call.state, call.map_index) for call in calls] == [("U", 1), ("T", 2), ("U", 2)]
    assert drive.execution.output == [1, 9, 9]


def test_a_map_run_redrives_its_children() -> None:
    inner = machine({"T": lambda_task(Next="U"), "U": lambda_task()}, ProcessorConfig=DISTRIBUTED)
    each = {"Type": "Map", "MaxConcurrency": 1, "ItemProcessor": inner, "End": True}
    answers = {"T": [1, 2], "U": [1, Failure("E")]}
    drive = Drive(machine({"M": each}), [1, 2, 3], answers).run()
    calls = redriven(drive, {"T": 8, "U": 9})
    assert [call.state for call in calls] == ["U", "T", "U"]
    assert drive.execution.output == [1, 9, 9]
    (details,) = drive.details("MapRunRedriven")
    assert details["redriveCount"] == 1
    assert drive.map_runs[-1].counts == {"total": 3, "succeeded": 3, "failed": 0, "running": 0}


def test_express_children_start_again() -> None:
    config = {"Mode": "DISTRIBUTED", "ExecutionType": "EXPRESS"}
    inner = machine({"T": lambda_task(Next="U"), "U": lambda_task()}, ProcessorConfig=config)
    drive = Drive(
        machine({"M": {"Type": "Map", "ItemProcessor": inner, "End": True}}), [1], {"T": 1, "U": Failure("E")}
    ).run()
    assert [call.state for call in redriven(drive, {"T": 1, "U": 2})] == ["T", "U"]


def test_a_stopped_execution_goes_on() -> None:
    drive = Drive(machine({"T": lambda_task()}), work={"T": Silence()}).begin()
    drive.apply(Stop(BEGIN + 1))
    assert redriven(drive, {"T": 5})
    assert drive.execution.output == 5


def test_a_machine_timeout_starts_its_clock_again() -> None:
    wait = {"Type": "Wait", "Seconds": 70, "End": True}
    drive = Drive(
        machine({"T": lambda_task(Next="W"), "W": wait}, TimeoutSeconds=100), work={"T": Silence()}
    ).run()
    assert (drive.execution.status, drive.elapsed) == ("TIMED_OUT", 100)
    redriven(drive, {"T": 1})
    assert drive.execution.status == "SUCCEEDED"


def test_it_can_fail_and_be_redriven_again() -> None:
    drive = Drive(machine({"T": lambda_task()}), work={"T": Failure("E")}).run()
    redriven(drive, {"T": Failure("F")})
    assert drive.execution.error == "F"
    redriven(drive, {"T": 1})
    assert drive.details("ExecutionRedriven") == [{"redriveCount": 1}, {"redriveCount": 2}]
    assert list(drive.replayed().history) == list(drive.execution.history)


@pytest.mark.parametrize(
    "work, type, after, reason",
    [
        ({"T": 1}, "STANDARD", 0, "Execution is SUCCEEDED and cannot be redriven"),
        ({"T": Failure("E")}, "EXPRESS", 0, "Express executions cannot be redriven"),
        (
            {"T": Failure("E")},
            "STANDARD",
            15 * 86400,
            "Execution has exceeded the maximum redrivable period of 14 days",
        ),
    ],
)
def test_refusals(work: Any, type: str, after: float, reason: str) -> None:
    drive = Drive(machine({"T": lambda_task()}), work=work, type=type).run()
    at = drive.execution.now + after
    assert drive.execution.redrive_refusal(at) == reason
    events = drive.events
    drive.apply(Redrive(at))
    assert drive.events == events
