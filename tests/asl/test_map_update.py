"""UpdateMapRun: other bounds for a distributed Map that runs.

https://docs.aws.amazon.com/step-functions/latest/apireference/API_UpdateMapRun.html
"""

from __future__ import annotations

from typing import Any

import pytest

from bunsui.asl import StartTask, TaskFailed, TaskSucceeded, UpdateMapRun
from tests.asl.harness import BEGIN, Drive, Silence, lambda_task, machine
from tests.asl.test_distributed_map import READER, distributed

TASK = {"T": lambda_task()}


def silent(task: StartTask) -> Any:
    raise Silence


def waiting(items: int, **fields: Any) -> Drive:
    """A Map whose calls have no answer yet."""
    return Drive(distributed(TASK, **fields), list(range(items)), silent).run()


def update(drive: Drive, **bounds: Any) -> None:
    drive.apply(UpdateMapRun(drive.execution.now, **{"state": "M", **bounds}))
    drive.run()


def end(drive: Drive, item: int, *, failed: bool = False) -> None:
    """Answer the call for an item."""
    task = next(call for call in drive.calls if call.parameters == item)
    now = drive.execution.now
    drive.apply(TaskFailed(now, task.task_id, "Bad") if failed else TaskSucceeded(now, task.task_id, item))
    drive.run()


def called(drive: Drive) -> list[int]:
    return [call.parameters for call in drive.calls]


def replays(drive: Drive) -> bool:
    again = drive.replayed()
    same = list(again.history) == list(drive.execution.history)
    return same and again.open_tasks == drive.execution.open_tasks and again.output == drive.execution.output


def test_a_higher_limit_starts_children_at_once() -> None:
    drive = waiting(6, MaxConcurrency=2)
    assert called(drive) == [0, 1]
    update(drive, max_concurrency=5)
    assert called(drive) == [0, 1, 2, 3, 4]
    assert drive.map_runs[-1].max_concurrency == 5
    end(drive, 3)
    assert called(drive) == [0, 1, 2, 3, 4, 5]
    assert replays(drive)
    for item in (0, 1, 2, 4, 5):
        end(drive, item)
    assert drive.execution.output == [0, 1, 2, 3, 4, 5]
    assert replays(drive)


def test_a_lower_limit_ends_nobody_and_starts_nobody_until_fewer_are_left() -> None:
    drive = waiting(6, MaxConcurrency=3)
    update(drive, max_concurrency=1)
    assert not drive.cancelled
    end(drive, 0)
    end(drive, 1)
    assert called(drive) == [0, 1, 2]
    end(drive, 2)
    assert called(drive) == [0, 1, 2, 3]
    assert replays(drive)


def test_zero_is_no_limit() -> None:
    drive = waiting(6, MaxConcurrency=1)
    update(drive, max_concurrency=0)
    assert called(drive) == [0, 1, 2, 3, 4, 5]
    assert drive.map_runs[-1].max_concurrency == 0


@pytest.mark.parametrize(
    ("own", "told", "starts"), [(1, 3, 3), (3, 1, 3), (0, 1, 6), (1, 0, 6), (None, 2, 6)]
)
def test_a_number_that_comes_before_the_map_counts_if_it_is_larger(
    own: int | None, told: int, starts: int
) -> None:
    fields: dict[str, Any] = {} if own is None else {"MaxConcurrency": own}
    map_state = {**distributed(TASK, **fields)["States"]["M"]}
    states = {"W": {"Type": "Wait", "Seconds": 5, "Next": "M"}, "M": map_state}
    drive = Drive(machine(states), list(range(6)), silent).begin()
    drive.apply(UpdateMapRun(BEGIN + 1, state="M", max_concurrency=told))
    drive.run()
    assert len(called(drive)) == starts
    assert replays(drive)


def test_a_number_that_comes_while_the_items_are_read_counts() -> None:
    definition = distributed(TASK, ItemReader=READER, MaxConcurrency=1)
    drive = Drive(definition, work=silent, objects={"b/k": "[1, 2, 3]"}).begin()
    drive.apply(UpdateMapRun(BEGIN, state="M", max_concurrency=2))
    drive.run()
    assert called(drive) == [1, 2]
    assert replays(drive)


def test_more_tolerance_lets_a_run_go_on_and_less_ends_it() -> None:
    drive = waiting(4, MaxConcurrency=4)
    update(drive, tolerated_failure_count=2)
    end(drive, 0, failed=True)
    end(drive, 1, failed=True)
    assert drive.execution.status == "RUNNING"
    update(drive, tolerated_failure_percentage=60.0)
    assert drive.execution.status == "RUNNING"
    update(drive, tolerated_failure_count=1)
    assert drive.execution.error == "States.ExceedToleratedFailureThreshold"
    assert len(drive.cancelled) == 2
    assert replays(drive)


def test_a_map_run_inside_of_a_child_is_found_by_its_arn() -> None:
    inner = distributed(TASK, MaxConcurrency=1)["States"]["M"]
    drive = Drive(distributed({"I": inner}), [[1, 2], [3, 4]], silent).run()
    assert called(drive) == [1, 3]
    _, _, second = (run.map_run_arn for run in drive.map_runs)
    drive.apply(UpdateMapRun(BEGIN, map_run_arn=second, max_concurrency=2))
    drive.run()
    assert called(drive) == [1, 3, 4]
    assert replays(drive)


def test_what_is_meant_for_nobody_changes_nothing() -> None:
    drive = waiting(3, MaxConcurrency=1)
    before = len(drive.map_runs)
    update(drive, state=None, map_run_arn="arn:aws:states:us-east-1:1:mapRun:m/M:other", max_concurrency=3)
    update(drive, state="Other", max_concurrency=3)
    assert called(drive) == [0]
    assert len(drive.map_runs) == before


def test_it_travels_as_json() -> None:
    signal = UpdateMapRun(BEGIN, state="M", max_concurrency=0)
    text = {"type": "UpdateMapRun", "at": BEGIN, "state": "M", "max_concurrency": 0}
    assert signal.to_json() == text
    assert UpdateMapRun.from_json(text) == signal
