"""Stop and redrive at any moment, in inline and distributed maps: nothing breaks, and it replays."""

from __future__ import annotations

import copy
import random
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bunsui.asl import (
    ItemsRead,
    ItemsUnreadable,
    Redrive,
    ResultsUnwritable,
    ResultsWritten,
    Signal,
    Stop,
    TaskFailed,
    TaskHeartbeat,
    TaskStarted,
    TaskSubmitted,
    TaskSucceeded,
)
from tests.asl.grammar import answers, definitions
from tests.asl.harness import Drive
from tests.asl.test_replay import answering

ENDS = ("SUCCEEDED", "FAILED", "TIMED_OUT", "ABORTED")
MOCKS = st.lists(answers, min_size=1, max_size=4)
GOOD: dict[str, Any] = {"result": {"a": {"b": 1}, "b": [1, 2], "c": 3}}


def with_distributed_maps(spec: Any, chance: random.Random) -> Any:
    """The definition with some of its maps in distributed mode."""
    if isinstance(spec, list):
        return [with_distributed_maps(one, chance) for one in spec]
    if not isinstance(spec, dict):
        return spec
    out = {key: with_distributed_maps(value, chance) for key, value in spec.items()}
    if out.get("Type") == "Map" and chance.random() < 0.6:
        _distribute(out, chance)
    return out


def _distribute(state: dict[str, Any], chance: random.Random) -> None:
    kind = chance.choice(["STANDARD", "EXPRESS"])
    state["ItemProcessor"]["ProcessorConfig"] = {"Mode": "DISTRIBUTED", "ExecutionType": kind}
    if chance.random() < 0.5:
        state["ToleratedFailurePercentage"] = chance.choice([0, 40, 100])
    if chance.random() < 0.3:
        state["ItemBatcher"] = {"MaxItemsPerBatch": 2}
    if chance.random() < 0.3:
        arguments = "Arguments" if state.get("QueryLanguage") == "JSONata" else "Parameters"
        state["ResultWriter"] = {"Resource": "arn:aws:states:::s3:putObject", arguments: {"Bucket": "b"}}


def check(definition: Any, input: Any, mocks: list[dict[str, Any]], chance: random.Random) -> None:
    definition = with_distributed_maps(copy.deepcopy(definition), chance)
    drive = Drive(definition, input, answering(mocks), start={"max_events": 2_000, "budget": 11})
    drive.begin()
    for _ in range(chance.randint(0, 12)):
        drive.step()
    if chance.random() < 0.5:
        drive.apply(Stop(drive.execution.now, "Stopped", None))
        drive.pending.clear()
    drive.run()
    assert drive.execution.status in ENDS
    for _ in range(2):
        redrive(drive)
    again = drive.replayed()
    assert list(again.history) == list(drive.execution.history)
    assert (again.status, again.output, again.error) == outcome(drive)


def outcome(drive: Drive) -> tuple[Any, Any, Any]:
    return drive.execution.status, drive.execution.output, drive.execution.error


def redrive(drive: Drive) -> None:
    """Redrive with tasks that answer well: what had succeeded is not asked again."""
    refused = drive.execution.redrive_refusal(drive.execution.now)
    if refused is not None:
        drive.apply(Redrive(drive.execution.now))
        assert drive.execution.redrive_refusal(drive.execution.now) == refused
        return
    done = {s.task_id for s in drive.signals if isinstance(s, TaskSucceeded)}
    drive.work = answering([GOOD])
    calls = len(drive.calls)
    drive.apply(Redrive(drive.execution.now + 1))
    drive.run()
    assert drive.execution.status in ENDS
    standard = [call for call in drive.calls[calls:] if call.task_id in done and "/" not in call.task_id]
    assert not standard
    assert not drive.execution.open_tasks or drive.execution.status == "RUNNING"


@given(definitions(), MOCKS, st.randoms(use_true_random=False))
@settings(max_examples=100, suppress_health_check=[HealthCheck.too_slow])
def test_executions_can_be_stopped_and_redriven_at_any_moment(
    drawn: tuple[Any, Any], mocks: list[dict[str, Any]], chance: random.Random
) -> None:
    check(*drawn, mocks, chance)


@pytest.mark.bench
@pytest.mark.timeout(0)
@given(definitions(), MOCKS, st.randoms(use_true_random=False))
@settings(max_examples=20_000, suppress_health_check=[HealthCheck.too_slow])
def test_20_000_interruptions(
    drawn: tuple[Any, Any], mocks: list[dict[str, Any]], chance: random.Random
) -> None:
    check(*drawn, mocks, chance)


@given(definitions(), MOCKS, st.randoms(use_true_random=False))
@settings(max_examples=50, suppress_health_check=[HealthCheck.too_slow])
def test_late_and_unknown_signals_change_nothing(
    drawn: tuple[Any, Any], mocks: list[dict[str, Any]], chance: random.Random
) -> None:
    definition = with_distributed_maps(copy.deepcopy(drawn[0]), chance)
    drive = Drive(definition, drawn[1], answering(mocks), start={"max_events": 500}).begin()
    while drive.execution.status == "RUNNING" and drive.step():
        if drive.execution.runnable:
            continue
        before = drive.execution.history.raw[:]
        closed = {s.task_id for s in drive.signals if isinstance(s, (TaskSucceeded, TaskFailed))}
        for identity in [*closed, "0", "m4", "m4/0/4", "m4/x", "/", ""]:
            for signal in noise(identity, drive.execution.now):
                assert drive.execution.apply(signal) == []
        assert drive.execution.history.raw == before


def noise(identity: str, at: float) -> list[Signal]:
    """One signal of every kind for a task, reader or writer that is not open."""
    if not identity.startswith("m"):
        return [
            TaskStarted(at, identity, "worker"),
            TaskSubmitted(at, identity, {}),
            TaskHeartbeat(at, identity),
            TaskSucceeded(at, identity, 1),
            TaskFailed(at, identity, "E", "c"),
        ]
    wrong = ResultsWritten(at, "m999"), ItemsRead(at, "m999", body="[]"), ResultsUnwritable(at, "m999/1/m4")
    return [*wrong, ItemsUnreadable(at, "m999/0/m4", "c")]
