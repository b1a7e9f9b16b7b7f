"""The log is the truth: any prefix of it leads to the same end, and nothing recorded is asked again."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bunsui.asl import (
    Effect,
    ExecutionStart,
    History,
    Signal,
    StartTask,
    TaskFailed,
    TaskSubmitted,
    TaskSucceeded,
)
from tests.asl.grammar import answers, definitions
from tests.asl.harness import Drive, Failure, lambda_task, machine
from tests.asl.worlds import World

Mocks = list[dict[str, Any]]
MOCKS = st.lists(answers, min_size=1, max_size=4)


def answering(mocks: Mocks) -> Any:
    """The same answer for the same task, however often and in whatever order it is asked."""

    def work(task: StartTask) -> Any:
        mock = mocks[sum(task.task_id.encode()) % len(mocks)]
        if "error" in mock:
            raise Failure(mock["error"], mock["cause"])
        return mock["result"]

    return work


def resumed(drive: Drive, count: int) -> Drive:
    """A new drive that replays ``count`` signals and goes on from there."""
    other = Drive(drive.definition, drive.input, drive.work, drive.objects, drive.type, drive.start)
    other.execution = drive.replayed(count)
    other.signals = drive.signals[:count]
    submitted = {s.task_id for s in other.signals if isinstance(s, TaskSubmitted)}
    for effect in [*other.execution.open_tasks, *other.execution.open_requests]:
        other.pending += [s for s in other.answer(effect) if not _known(s, submitted)]
    return other.run()


def _known(signal: Signal, submitted: set[str]) -> bool:
    return isinstance(signal, TaskSubmitted) and signal.task_id in submitted


def check(drive: Drive, count: int) -> None:
    other = resumed(drive, count)
    assert list(other.execution.history) == list(drive.execution.history)
    assert other.execution.output == drive.execution.output
    done = {s.task_id for s in drive.signals[:count] if isinstance(s, (TaskSucceeded, TaskFailed))}
    assert not done & {call.task_id for call in other.calls}


@given(definitions(), MOCKS, st.randoms(use_true_random=False))
@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow])
def test_any_prefix_of_the_log_leads_to_the_same_end(
    drawn: tuple[dict[str, Any], Any], mocks: Mocks, chance: random.Random
) -> None:
    drive = Drive(*drawn, answering(mocks), start={"max_events": 2_000, "budget": 7}).run()
    for _ in range(3):
        check(drive, chance.randint(0, len(drive.signals)))


@pytest.mark.bench
def test_500_positions_over_50_published_definitions(shared: Path) -> None:
    chance = random.Random(1)
    files = chance.sample(sorted((shared / "asl-corpus" / "real").glob("*.json")), 50)
    for path in files:
        definition = orjson.loads(path.read_bytes())
        world = World(definition, seed=1, failing=0.0)
        mocks: Mocks = [{"result": world.document}, {"result": {}}, {"error": "E", "cause": "c"}]
        drive = Drive(definition, world.input, answering(mocks), start={"max_events": 2_000}).run()
        for _ in range(10):
            check(drive, chance.randint(0, len(drive.signals)))


def test_children_of_a_map_run_resume_too() -> None:
    config = {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}
    inner = machine({"T": lambda_task(Next="U"), "U": lambda_task()}, ProcessorConfig=config)
    fields = {"MaxConcurrency": 3, "ItemBatcher": {"MaxItemsPerBatch": 2}}
    definition = machine({"M": {"Type": "Map", "ItemProcessor": inner, "End": True, **fields}})
    drive = Drive(definition, list(range(9)), lambda task: task.parameters).run()
    for count in range(len(drive.signals) + 1):
        other = resumed(drive, count)
        assert other.execution.output == drive.execution.output
        done = {s.task_id for s in drive.signals[:count] if isinstance(s, TaskSucceeded)}
        assert not done & {call.task_id for call in other.calls}


@given(definitions(), MOCKS)
@settings(max_examples=25, suppress_health_check=[HealthCheck.too_slow])
def test_signals_and_effects_survive_the_log(drawn: tuple[dict[str, Any], Any], mocks: Mocks) -> None:
    drive = Drive(*drawn, answering(mocks), start={"max_events": 2_000}).run()
    for signal in drive.signals:
        assert Signal.from_json(orjson.loads(orjson.dumps(signal.to_json()))) == signal
    for effect in drive.calls:
        assert Effect.from_json(orjson.loads(orjson.dumps(effect.to_json()))) == effect
    record = drive.execution.record_of_start
    assert ExecutionStart.from_json(orjson.loads(orjson.dumps(record.to_json()))) == record


@given(definitions(), MOCKS, st.integers(0, 40))
@settings(max_examples=25, suppress_health_check=[HealthCheck.too_slow])
def test_history_survives_the_log(drawn: tuple[dict[str, Any], Any], mocks: Mocks, cut: int) -> None:
    drive = Drive(*drawn, answering(mocks), start={"max_events": 2_000}).run()
    history = drive.execution.history
    first = History(history.raw[:cut]).encode()
    assert list(History.decode(first, history.encode(cut))) == list(history)


def test_the_seed_decides_what_is_random() -> None:
    states = {"P": {"Type": "Pass", "Parameters": {"id.$": "States.UUID()"}, "End": True}}
    outputs = {str(Drive(machine(states), start={"seed": seed}).run().execution.output) for seed in "aabb"}
    assert len(outputs) == 2
