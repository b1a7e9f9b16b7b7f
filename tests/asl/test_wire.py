"""Signals, effects and start records cross borders as JSON and come back the same."""

from __future__ import annotations

import json
from typing import Any

import pytest

from bunsui.asl import effects, signals
from bunsui.asl.effects import Effect
from bunsui.asl.signals import Signal, Stop, TaskFailed, TaskSucceeded
from bunsui.asl.start import ExecutionStart
from bunsui.asl.wire import Wire

SIGNALS: list[Signal] = [
    Stop(1.0, None, None),
    Stop(1.5, "E", "why"),
    TaskSucceeded(2.0, "t1", {"a": [None, 1]}),
    TaskSucceeded(2.0, "t1", None),
    TaskFailed(3.0, "t1", "E", ""),
    TaskFailed(3.0, "t1", None, None),
]


@pytest.mark.parametrize("signal", SIGNALS, ids=lambda signal: type(signal).__name__)
def test_a_signal_comes_back_the_same(signal: Signal) -> None:
    assert Signal.from_json(json.loads(json.dumps(signal.to_json()))) == signal


@pytest.mark.parametrize("module", [signals, effects], ids=["signals", "effects"])
def test_every_kind_has_a_name_of_its_own_in_its_family(module: Any) -> None:
    kinds = [one for one in vars(module).values() if isinstance(one, type) and issubclass(one, Wire)]
    names = [kind.__name__ for kind in kinds]
    assert len(set(names)) == len(names) > 3


def test_the_families_do_not_know_each_others_kinds() -> None:
    with pytest.raises(KeyError):
        Effect.from_json(SIGNALS[0].to_json())


def test_what_holds_its_default_is_left_out() -> None:
    start = ExecutionStart(arn="a", name="n", input={"x": 1}, started_at=1.0, seed="s", wait_scale=0.0)
    assert ExecutionStart.from_json(json.loads(json.dumps(start.to_json()))) == start
