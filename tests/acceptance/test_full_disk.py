"""The disk fills while a session runs: nothing that was recorded is lost, and with room it goes on."""

from __future__ import annotations

import asyncio
import errno
import os
import random
import shutil
import subprocess
from collections.abc import AsyncIterator
from io import FileIO
from pathlib import Path

import pytest

from bunsui.core.models.status import Status
from bunsui.core.session.requests import RerunRequest
from bunsui.core.session.rerun import rerun
from bunsui.errors import StoreFull
from tests.acceptance.local_world import Ended, World

pytestmark = pytest.mark.timeout(900)
SIZE = "12m"


@pytest.fixture
async def world(root: Path, tmp_path: Path) -> AsyncIterator[World]:
    """A data directory on a file system of its own that can be filled."""
    data = tmp_path / "data"
    data.mkdir(mode=0o700)
    mount = ["mount", "-t", "tmpfs", "-o", f"size={SIZE},mode=700", "tmpfs", str(data)]
    if shutil.which("mount") is None or subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("a file system cannot be mounted here")
    project = tmp_path / "taxi_month"
    shutil.copytree(root / "examples" / "taxi_month", project, ignore=shutil.ignore_patterns("out", ".venv"))
    opened = World(tmp_path, project)
    try:
        yield opened
    finally:
        balloon(opened).unlink(missing_ok=True)
        await opened.close()
        subprocess.run(["umount", "--lazy", str(data)], check=True)


def balloon(world: World) -> Path:
    return world.data.root / "balloon"


def fill(world: World) -> None:
    """Leave not a byte."""
    with balloon(world).open("ab", buffering=0) as file:
        for size in (1 << 20, 1 << 12, 1):
            while blown_up(file, size):
                pass


def blown_up(file: FileIO, size: int) -> bool:
    try:
        return bool(file.write(b"\0" * size))
    except OSError as error:
        if error.errno != errno.ENOSPC:
            raise
        return False


async def start_until_refused(world: World) -> int:
    """How many were started: the write-ahead log may have room of its own for a while."""
    for started in range(50):
        try:
            await world.start()
        except StoreFull:
            return started
    raise AssertionError("a full disk refused nothing")


def totals(ended: Ended) -> bytes:
    output = ended.runs[0].output
    assert output is not None
    assert isinstance(output.value, dict)
    return Path(str(output.value["totals"])).read_bytes()


async def ends_well(world: World, session_id: str) -> Ended:
    """The end of the session; containers that could not write their output are run again."""
    ended = await world.wait(session_id)
    if ended.session.status is not Status.SUCCEEDED:
        await rerun(world.ports, RerunRequest(session_id=session_id), by="ada")
        ended = await world.wait(session_id)
    assert ended.session.status is Status.SUCCEEDED
    return ended


async def check_full(world: World, moments: list[float]) -> None:
    expected = totals(await world.wait(await world.start()))
    world.forget_calls()
    for at in moments:
        session_id = await world.start()
        await asyncio.sleep(at)
        fill(world)
        await asyncio.sleep(1.0)  # long enough for everything that goes on to find out
        stored = await world.ended(session_id)
        done = {job.job for job in stored.jobs if job.status.value == "succeeded"}
        balloon(world).unlink()
        ended = await ends_well(world, session_id)
        assert totals(ended) == expected, at
        calls = world.calls()
        assert {calls[job] for job in done} <= {1}, (at, calls)
        assert set(calls) == {job.job for job in ended.jobs}
        world.forget_calls()
    assert world.rows("calls") == world.rows("commands") == world.rows("tokens") == 0


async def test_a_disk_that_fills_and_has_room_again(world: World) -> None:
    await check_full(world, [0.2, 1.2])


@pytest.mark.bench
async def test_a_disk_that_fills_at_any_moment(world: World) -> None:
    chance = random.Random(5)
    await check_full(world, [chance.uniform(0, 3) for _ in range(20)])


async def test_a_start_on_a_full_disk_says_so_and_records_nothing(world: World) -> None:
    await world.wait(await world.start())
    sessions = world.rows("sessions")
    fill(world)
    sessions += await start_until_refused(world)
    balloon(world).unlink()
    assert world.rows("sessions") == sessions
    assert os.statvfs(world.data.root).f_bavail > 0
    ended = await world.wait(await world.start())
    assert ended.session.status is Status.SUCCEEDED
