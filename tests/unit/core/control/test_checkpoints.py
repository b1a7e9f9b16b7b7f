"""For which work progress counts: over attempts, not over what changes the work."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

import orjson
import pytest

from bunsui.core.session.requests import Strategy
from tests.unit.core.world import World, failing

JOBS: dict[str, dict[str, Any]] = {
    "a": {"lambda": {"handler": "handlers:run"}},
    "b": {
        "needs": ["a"],
        "lambda": {"handler": "handlers:run", "input": {"rate": "{% $params.rate %}", "of": "{% $jobs.a %}"}},
    },
}


@pytest.fixture
def world(tmp_path: Path) -> World:
    made = World(tmp_path)
    made.write(JOBS, params={"rate": {"type": "number", "default": 1}})
    made.outcomes.update({"a": {"rows": 1}, **failing("b")})
    return made


def place(world: World) -> str:
    """What the newest call of b was told."""
    custom = orjson.loads(base64.b64decode(world.seen["b"]["operations"][0]["client_context"]))["custom"]
    return str(custom["checkpoints"])


async def test_a_new_attempt_at_the_same_work_finds_it(world: World) -> None:
    session = await world.start()
    first = place(world)
    assert session in first
    await world.rerun(session, overrides={"b.memory": 1024})
    assert place(world) == first
    other = await world.start()
    assert other not in first
    assert place(world) != first


@pytest.mark.parametrize("change", ["params", "code", "inputs"])
async def test_other_work_does_not(world: World, change: str) -> None:
    session = await world.start()
    first = place(world)
    if change == "code":
        world.code.versions["b"] = "v2"
    if change == "inputs":
        world.outcomes["a"] = {"rows": 2}
    params = {"rate": 2} if change == "params" else {}
    strategy = Strategy.ALL if change == "inputs" else None
    await world.rerun(session, params=params, strategy=strategy)
    assert place(world) != first


async def test_it_goes_with_the_success_of_the_work(world: World) -> None:
    session = await world.start()
    key = place(world).rpartition("/")[2]
    assert key not in world.exchange.forgotten
    del world.outcomes["b"]
    await world.rerun(session)
    assert key in world.exchange.forgotten
