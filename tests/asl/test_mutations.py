"""Definitions with values of wrong types in any place: refused when compiled, or they run; nothing breaks."""

from __future__ import annotations

import copy
import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from bunsui.asl import DefinitionError, StartTask
from tests.asl.harness import Drive

VALUES: tuple[Any, ...] = (
    None,
    True,
    0,
    -1,
    1.5,
    2**70,
    "x",
    "{% 1 %}",
    "{% null %}",
    "{% $states.input %}",
    "$.a",
    "$$.x",
    "$v",
    "States.UUID()",
    [],
    {},
    [1],
    {"a.$": "$.b"},
)
ANSWERS: tuple[Any, ...] = ({}, 1, {"a": [1]}, "x", None)


def places(node: Any) -> Iterator[tuple[Any, Any]]:
    """Every container in a definition with every key or index of it."""
    pairs = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    for key, value in pairs:
        yield node, key
        yield from places(value)


def spoil(definition: Any, chance: random.Random) -> Any:
    spoilt = copy.deepcopy(definition)
    for _ in range(chance.randint(1, 3)):
        container, key = chance.choice(list(places(spoilt)))
        container[key] = copy.deepcopy(chance.choice(VALUES))
    return spoilt


def check(definition: Any, chance: random.Random) -> bool:
    """Whether the definition could be compiled; then it has run for a while."""

    def work(task: StartTask) -> Any:
        return chance.choice(ANSWERS)

    try:
        drive = Drive(definition, {"a": 1, "b": [1, 2]}, work, start={"max_events": 300})
    except DefinitionError:
        return False
    drive.begin()
    for _ in range(400):
        if drive.execution.status != "RUNNING" or not drive.step():
            break
    json.dumps([event.to_aws() for event in drive.execution.history])
    return True


def run(shared: Path, count: int) -> None:
    chance = random.Random(7)
    folder = shared / "asl-corpus"
    files = sorted([*(folder / "real").glob("*.json"), *(folder / "test-valid").glob("*.json")])
    definitions = [json.loads(path.read_text(encoding="utf-8")) for path in files]
    compiled = sum(check(spoil(chance.choice(definitions), chance), chance) for _ in range(count))
    assert count // 8 < compiled < count


def test_spoilt_definitions_break_nothing(shared: Path) -> None:
    run(shared, 400)


@pytest.mark.bench
@pytest.mark.timeout(0)
def test_50_000_spoilt_definitions_break_nothing(shared: Path) -> None:
    run(shared, 50_000)
