"""Every published definition runs to an end, whatever its tasks answer."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from tests.asl.harness import Drive
from tests.asl.worlds import World

ENDS = ("SUCCEEDED", "FAILED", "TIMED_OUT")


def definitions(shared: Path) -> list[tuple[str, Any]]:
    files = sorted((shared / "asl-corpus/real").glob("*.json"))
    return [(path.name, json.loads(path.read_text(encoding="utf-8"))) for path in files]


def run(definition: Any, seed: int, failing: float) -> Drive:
    world = World(definition, seed, failing)
    drive = Drive(definition, input=world.input, work=world.answer, start={"max_events": 2_000})
    drive.objects = Anything(world)
    drive.run()
    return drive


class Anything(dict[str, Any]):
    """A bucket in which every object exists."""

    def __init__(self, world: World) -> None:
        super().__init__()
        self.world = world

    def get(self, name: str, default: Any = None) -> Any:
        return [self.world.input for _ in range(3)]


def ends(shared: Path, seeds: range) -> Counter[str]:
    found: Counter[str] = Counter()
    for name, definition in definitions(shared):
        for seed in seeds:
            drive = run(definition, seed, failing=0.2 * (seed % 3 == 1))
            assert drive.execution.status in ENDS, name
            found[drive.execution.status] += 1
    return found


def test_all_published_definitions_run_to_an_end(shared: Path) -> None:
    found = ends(shared, range(2))
    assert sum(found.values()) == 2 * 244
    assert found["SUCCEEDED"] > 100


@pytest.mark.bench
def test_they_do_in_many_worlds(shared: Path) -> None:
    assert ends(shared, range(20)).total() == 20 * 244
