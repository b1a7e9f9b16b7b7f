"""Killed at random points, over all examples: what an undisturbed run leaves, and nothing called twice.

Counters of the handlers and the records of the store are compared with those of a run that nobody disturbed.
"""

from __future__ import annotations

import asyncio
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from bunsui.core.models.base import JsonValue
from bunsui.core.models.job import JobRun, Try
from bunsui.core.models.status import JobStatus, Status
from bunsui.core.session.requests import StartRequest
from bunsui.core.session.start import start
from bunsui.local.engine.calls import Calls
from bunsui.local.sqlite.database import Database
from bunsui.local.storage import LocalStorage
from tests.acceptance.local_world import World

pytestmark = pytest.mark.timeout(3600)

PARAMS: Mapping[str, Mapping[str, JsonValue]] = {
    "taxi_month": {},
    "feature_build": {"threshold": 2},  # no model is that good: nobody has to be asked
    "elt_warehouse": {},
    "log_ingestion": {},
}
EXAMPLES = pytest.mark.parametrize("example", PARAMS)


@dataclass(frozen=True)
class Left:
    """What a session leaves, without what differs from one to the next."""

    status: Status
    output: JsonValue
    rows: dict[tuple[str, str], tuple[JobStatus, str | None, str | None]]
    calls: Counter[str]
    ends: Counter[str]


class Scene:
    """An example in a world of its own, with what an undisturbed run of it leaves."""

    def __init__(self, root: Path, folder: Path, example: str) -> None:
        self.project = folder / example
        skipped = shutil.ignore_patterns("out", ".venv", "__pycache__")
        shutil.copytree(root / "examples" / example, self.project, ignore=skipped)
        generator = self.project / "data" / "generate.py"
        if generator.exists() and not (self.project / "data" / "trips.csv").exists():
            subprocess.run([sys.executable, str(generator)], cwd=self.project, check=True)
        self.params = PARAMS[example]
        self.world = World(folder, self.project)
        self.database = Database(self.world.data.database)

    async def undisturbed(self) -> tuple[Left, float]:
        """What it leaves, and how long it takes once the worker is there."""
        await self.world.wait(await self.start())
        self.world.forget_calls()
        begin = time.monotonic()
        session_id = await self.start()
        await self.world.wait(session_id)
        duration = time.monotonic() - begin
        return (await self.left(session_id))[0], duration

    async def start(self) -> str:
        request = StartRequest(
            profile="local", pipelines=(str(self.project),), params=self.params, force=True
        )
        return (await start(self.world.ports, request, by="ada")).session_id

    async def left(self, session_id: str) -> tuple[Left, list[Try]]:
        """What it left, and all its tries; the handlers' counters begin anew."""
        store = self.world.backend.store
        (run,) = await store.sessions.runs(session_id)
        jobs = await store.jobs.job_runs(session_id, run.id, 1)
        rows = [
            *jobs,
            *[item for job in jobs for item in await store.jobs.items(session_id, run.id, 1, job.job)],
        ]
        tries = [
            one for row in rows for one in await store.jobs.tries(session_id, run.id, 1, row.job, row.item)
        ]
        events = await store.events.events(session_id, limit=10_000)
        # Whether a job is seen waiting before it goes is a matter of moments.
        told = [one for one in events if one.kind != "job.queued" and not one.kind.startswith("try.")]
        ends = Counter(f"{one.kind} {one.job}" for one in told)
        calls = self.calls()
        self.world.forget_calls()
        status = (await store.sessions.session(session_id)).status
        output = run.output.value if run.output else None
        return Left(status, output, {(row.job, row.item): _told(row) for row in rows}, calls, ends), tries

    def calls(self) -> Counter[str]:
        path = self.world.counters / "calls.log"
        return Counter(path.read_text(encoding="utf-8").splitlines()) if path.exists() else Counter()

    async def nothing_open(self) -> None:
        """No call, token or command is left; spool files that a kill has left are known as such."""
        assert self.world.rows("calls") == self.world.rows("commands") == self.world.rows("tokens") == 0
        await LocalStorage(self.world.data, self.database, self.world.backend.clock, grace=0).sweep()
        assert list(self.world.data.spool.glob("*")) == []

    async def close(self) -> None:
        self.database.close()
        await self.world.close()


def job_of(line: str) -> str:
    """The job in a line of a counter, such as `merge`, `extract:orders` or `ingested web1.log`."""
    name = re.split("[ :]", line)[0]
    return {"ingested": "ingest"}.get(name, name)


def _told(row: JobRun) -> tuple[JobStatus, str | None, str | None]:
    mark = row.fingerprint
    return row.status, row.output.digest if row.output else None, mark.inputs if mark else None


@pytest.fixture
async def make_scene(root: Path, tmp_path: Path) -> AsyncIterator[Callable[[str], Scene]]:
    opened: list[Scene] = []

    def make(example: str) -> Scene:
        opened.append(Scene(root, tmp_path, example))
        return opened[-1]

    yield make
    for scene in opened:
        await scene.close()


async def at_points(
    scene: Scene, points: list[float], strike: Callable[[str], Awaitable[bool]]
) -> tuple[str, int]:
    """A session during which something strikes at these seconds; how often it hit."""
    session_id = await scene.start()
    begin, hits = time.monotonic(), 0
    for at in sorted(points):
        await asyncio.sleep(max(0.0, begin + at - time.monotonic()))
        hits += await strike(session_id)
    await scene.world.wait(session_id)
    return session_id, hits


async def in_the_air(scene: Scene, session_id: str) -> bool:
    """Wait until a call is being made; False where the session ended before."""
    calls, sessions = Calls(scene.database), scene.world.backend.store.sessions
    while not (await sessions.session(session_id)).status.ended:
        if any(call.pid for call in calls.all()):
            return True
        await asyncio.sleep(0.002)  # another process makes calls, and tells us nothing
    return False


async def kill_workers(scene: Scene, kills: int, together: int, seed: int) -> None:
    """Kill the worker `kills` times, `together` times in a session."""
    chance = random.Random(seed)
    expected, duration = await scene.undisturbed()
    assert expected.status is Status.SUCCEEDED

    async def strike(session_id: str) -> bool:
        """Half of them hit a worker that has a call under way, a little later than its record."""
        if chance.random() < 0.5 and await in_the_air(scene, session_id):
            await asyncio.sleep(chance.uniform(0, 0.02))
        if (await scene.world.backend.store.sessions.session(session_id)).status.ended:
            return False
        hit = scene.world.kill_worker()
        await scene.world.backend.engine.revive()
        return hit

    done = 0
    while done < kills:
        # Each kill costs a start of the worker, during which nothing goes on.
        points = [chance.uniform(0, duration * 1.5 * together) for _ in range(together)]
        session_id, hits = await at_points(scene, points, strike)
        found, tries = await scene.left(session_id)
        assert found == expected, points
        # A runner that was recorded, and had not seen the call when its worker died, was never lost.
        known = {JobStatus.SUCCEEDED, JobStatus.LOST, JobStatus.STOPPED}
        assert {one.status for one in tries} <= known, points
        done += hits
    await scene.nothing_open()


async def kill_runners(scene: Scene, kills: int, seed: int) -> None:
    """Kill a runner at a time. Its call is made again; whoever was not killed is called once."""
    chance = random.Random(seed)
    expected, duration = await scene.undisturbed()

    async def strike(_session_id: str) -> bool:
        flying = [call.pid for call in Calls(scene.database).all() if call.pid]
        if not flying:
            return False
        try:
            os.kill(chance.choice(flying), signal.SIGKILL)
        except ProcessLookupError:
            return False
        return True

    done = 0
    while done < kills:
        session_id, hits = await at_points(scene, [chance.uniform(0.05, duration)], strike)
        found, tries = await scene.left(session_id)
        assert (found.status, found.output) == (expected.status, expected.output)
        assert found.rows == expected.rows
        lost = Counter(one.job for one in tries if one.status is JobStatus.LOST)
        assert lost.total() <= hits * max(1, len(expected.rows))
        again = found.calls - expected.calls
        assert expected.calls - found.calls == Counter()
        assert {job_of(name) for name in again} <= lost.keys()
        # A call that is killed before its handler has counted is lost and not counted twice.
        whole = Counter({name: count for name, count in again.items() if name == job_of(name)})
        assert whole <= lost
        done += hits
    await scene.nothing_open()


@EXAMPLES
async def test_a_killed_worker(make_scene: Callable[[str], Scene], example: str) -> None:
    await kill_workers(make_scene(example), 4, together=2, seed=1)


@EXAMPLES
async def test_a_killed_runner(make_scene: Callable[[str], Scene], example: str) -> None:
    await kill_runners(make_scene(example), 1, seed=2)


@EXAMPLES
@pytest.mark.bench
async def test_fifty_killed_workers(make_scene: Callable[[str], Scene], example: str) -> None:
    await kill_workers(make_scene(example), 50, together=3, seed=3)


@EXAMPLES
@pytest.mark.bench
async def test_thirteen_killed_runners(make_scene: Callable[[str], Scene], example: str) -> None:
    await kill_runners(make_scene(example), 13, seed=4)


async def test_two_workers_started_in_the_middle_of_the_work(make_scene: Callable[[str], Scene]) -> None:
    """The second finds the lock taken, and changes nothing."""
    scene = make_scene("taxi_month")
    expected, _ = await scene.undisturbed()
    words = [sys.executable, "-P", "-m", "bunsui.local.worker", "--data-dir", str(scene.world.data.root)]
    children: list[subprocess.Popen[bytes]] = []

    async def strike(_session_id: str) -> bool:
        scene.world.kill_worker()
        started = [subprocess.Popen(words, env=dict(scene.world.environment)) for _ in range(2)]
        children.extend(started)
        async with asyncio.timeout(20):
            while (found := scene.world.worker.ask("hello")) is None:
                await scene.world.backend.engine.revive()
        losers = [process for process in started if process.pid != found.pid]
        assert [process.wait(timeout=20) for process in losers] == [0] * len(losers)
        return True

    session_id, _ = await at_points(scene, [0.3, 1.0], strike)
    found, _ = await scene.left(session_id)
    assert found == expected
    worker = scene.world.worker.ask("hello")
    assert worker is not None
    await scene.world.close()
    for child in children:
        child.wait(timeout=20)
