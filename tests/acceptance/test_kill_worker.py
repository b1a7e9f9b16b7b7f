"""The worker, killed at any point, loses no record and repeats no call whose result was reported."""

from __future__ import annotations

import asyncio
import random
import shutil
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bunsui.core.models.status import JobStatus, Status
from tests.acceptance.local_world import Ended, World

JOBS = {
    "agg_hourly",
    "agg_zone",
    "clean",
    "enrich",
    "fetch_trips",
    "fetch_zones",
    "publish",
    "quality",
}
pytestmark = pytest.mark.timeout(600)


@pytest.fixture
async def world(root: Path, tmp_path: Path) -> AsyncIterator[World]:
    project = tmp_path / "taxi_month"
    shutil.copytree(root / "examples" / "taxi_month", project, ignore=shutil.ignore_patterns("out", ".venv"))
    opened = World(tmp_path, project)
    yield opened
    await opened.close()


def totals(ended: Ended) -> bytes:
    """The final output, as bytes."""
    assert ended.session.status is Status.SUCCEEDED, ended.statuses
    output = ended.runs[0].output
    assert output is not None
    assert isinstance(output.value, dict)
    return Path(str(output.value["totals"])).read_bytes()


async def undisturbed(world: World) -> tuple[bytes, float]:
    """The result of a run that nobody disturbs, and how long it takes with a warm worker."""
    await world.wait(await world.start())
    begin = time.monotonic()
    ended = await world.wait(await world.start())
    world.forget_calls()
    return totals(ended), time.monotonic() - begin


async def killed_at(world: World, seconds: list[float]) -> Ended:
    session_id = await world.start()
    begin = time.monotonic()
    for at in sorted(seconds):
        await asyncio.sleep(max(0.0, begin + at - time.monotonic()))
        world.kill_worker()
        await world.backend.engine.revive()
    return await world.wait(session_id)


async def check_kills(world: World, count: int, seed: int, kills: int = 1) -> None:
    chance = random.Random(seed)
    expected, duration = await undisturbed(world)
    sessions = world.rows("sessions")
    for _ in range(count):
        points = [chance.uniform(0, duration * kills) for _ in range(kills)]
        ended = await killed_at(world, points)
        assert totals(ended) == expected, points
        assert world.calls() == dict.fromkeys(JOBS, 1), points
        assert {job.status for job in ended.jobs} == {JobStatus.SUCCEEDED}
        assert {one.status for one in ended.tries} <= {
            JobStatus.SUCCEEDED,
            JobStatus.LOST,
            JobStatus.STOPPED,  # recorded, and never handed over
        }
        world.forget_calls()
    assert world.rows("sessions") == sessions + count
    assert world.rows("calls") == world.rows("commands") == world.rows("tokens") == 0


async def test_a_killed_worker_repeats_nothing_and_loses_nothing(world: World) -> None:
    await check_kills(world, 5, seed=1)


@pytest.mark.bench
async def test_fifty_kills(world: World) -> None:
    await check_kills(world, 50, seed=2)


@pytest.mark.bench
async def test_a_worker_that_is_killed_again_and_again(world: World) -> None:
    await check_kills(world, 12, seed=3, kills=4)
