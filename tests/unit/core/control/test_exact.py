"""Exactness under virtual time, with the real control: nobody waits in vain, no limit is ever passed."""

from __future__ import annotations

import random
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from bunsui.core.pipeline import Dag
from bunsui.core.session.pause import pause
from bunsui.core.session.requests import PauseRequest
from tests.unit.core.pipeline.shapes import pipeline_of, random_needs
from tests.unit.core.timed import TimedWorld

WHOLE = 1_000
TENTH = random.Random("exact").sample(range(WHOLE), WHOLE // 10)
SLICES = 10


def seeds(slice_: int, known: list[int] | range) -> list[int]:
    return [seed for seed in known if seed % SLICES == slice_]


def durations_of(chance: random.Random, needs: dict[str, list[str]]) -> dict[str, float]:
    return {job: float(chance.randint(1, 50)) for job in needs}


def critical_path(needs: dict[str, list[str]], durations: dict[str, float]) -> float:
    done: dict[str, float] = {}
    for job in Dag(pipeline_of(needs)).order:
        done[job] = durations[job] + max((done[need] for need in needs[job]), default=0.0)
    return max(done.values())


async def check_makespan(folder: Path, seed: int) -> None:
    chance = random.Random(seed)
    needs = random_needs(chance)
    world = TimedWorld(folder, durations := durations_of(chance, needs))
    path = world.write("p", {job: {"needs": before} for job, before in needs.items()})
    session = await world.start(path)
    await world.run()
    assert (await world.store.sessions.session(session)).status == "succeeded", seed
    assert max(world.ended.values()) == critical_path(needs, durations), seed
    assert sorted(world.calls) == sorted((session, "p", job) for job in needs), seed


class Watched:
    """Several sessions with limits; looks at every quiet moment for what is too much and what is idle."""

    def __init__(self, folder: Path, seed: int) -> None:
        self.seed = seed
        self.chance = chance = random.Random(seed)
        self.pools = {name: chance.randint(1, 4) for name in ("db", "api")[: chance.randint(0, 2)]}
        self.world = TimedWorld(folder, pools=self.pools, quiet=self.look)
        self.needs: dict[str, dict[str, list[str]]] = {}
        self.units: dict[str, dict[str, dict[str, int]]] = {}
        self.limits: dict[str, int | None] = {}
        self.sessions: list[tuple[str, str]] = []
        self.paused: set[str] = set()
        self.most: Counter[str] = Counter()

    async def start(self) -> None:
        durations: dict[str, float] = {}
        for number in range(self.chance.randint(1, 3)):
            name = f"p{number}"
            needs = random_needs(self.chance, most=40 if number == 0 else 12)
            needs = {f"{name}{job}": [f"{name}{one}" for one in before] for job, before in needs.items()}
            durations |= durations_of(self.chance, needs)
            self.needs[name] = needs
            self.units[name] = {job: self._units() for job in needs}
            self.limits[name] = self.chance.choice([None, 1, 2, 3, 7])
            jobs = {job: {"needs": needs[job], "pool": self.units[name][job]} for job in needs}
            limit = {"max_concurrency": self.limits[name]} if self.limits[name] else {}
            path = self.world.write(name, jobs, **limit)
            self.world.durations = durations
            self.sessions.append((await self.world.start(path), name))

    def _units(self) -> dict[str, int]:
        taken = [name for name in self.pools if self.chance.random() < 0.4]
        return {name: self.chance.randint(1, min(2, self.pools[name])) for name in taken}

    async def look(self) -> None:
        running = self.world.running()
        free = Counter(self.pools)
        for _, run, job in running:
            free.subtract(self.units[run][job])
        assert min(free.values(), default=0) >= 0, (self.seed, "a pool gave more than it has")
        for session, run in self.sessions:
            busy = sum(job[:2] == (session, run) for job in running)
            limit = self.limits[run]
            assert limit is None or busy <= limit, (self.seed, "more at once than allowed")
            if session not in self.paused and (limit is None or busy < limit):
                idle = [job for job in self._able(session, run) if self._fits(run, job, free)]
                assert not idle, (self.seed, f"{idle} could go and did not at {self.world.now}")

    def _able(self, session: str, run: str) -> list[str]:
        def done(job: str) -> bool:
            return (session, run, job) in self.world.ended

        def begun(job: str) -> bool:
            return (session, run, job) in self.world.begun

        needs = self.needs[run]
        return [job for job in needs if not begun(job) and all(done(one) for one in needs[job])]

    def _fits(self, run: str, job: str, free: Counter[str]) -> bool:
        return all(free[name] >= count for name, count in self.units[run][job].items())

    async def finished(self) -> None:
        for session, run in self.sessions:
            assert (await self.world.store.sessions.session(session)).status == "succeeded", self.seed
            assert {job for one, _, job in self.world.calls if one == session} == self.needs[run].keys()
        assert len(self.world.calls) == len(set(self.world.calls)), self.seed
        pools = await self.world.store.limits.pools("local")
        assert not any(pool.holding or pool.waiting for pool in pools), self.seed


async def check_limits(folder: Path, seed: int) -> None:
    watched = Watched(folder, seed)
    await watched.start()
    await watched.world.run()
    await watched.finished()


async def check_pause(folder: Path, seed: int) -> None:
    watched = Watched(folder, seed)
    await watched.start()
    session, run = watched.chance.choice(watched.sessions)
    begin = float(watched.chance.randint(0, 60))
    end = begin + watched.chance.randint(1, 80)

    async def stop() -> None:
        if not (await watched.world.store.sessions.session(session)).status.ended:
            watched.paused.add(session)
            await pause(watched.world.ports, PauseRequest(session_id=session, reason="release"), by="ann")

    async def go_on() -> None:
        watched.paused.discard(session)
        if not (await watched.world.store.sessions.session(session)).status.ended:
            request = PauseRequest(session_id=session, pause=False)
            await pause(watched.world.ports, request, by="ann")

    watched.world.at(begin, stop)
    watched.world.at(end, go_on)
    await watched.world.run()
    await watched.finished()
    began = {job: at for job, at in watched.world.begun.items() if job[:2] == (session, run)}
    assert not [job for job, at in began.items() if begin < at < end], seed


async def check_failures(folder: Path, seed: int) -> None:
    """What fails takes with it exactly what depends on it; a warning and a false condition take nothing."""
    chance = random.Random(seed)
    needs = random_needs(chance)
    failing = frozenset(job for job in needs if chance.random() < 0.15)
    warning = {job for job in needs if chance.random() < 0.3}
    unwanted = {job for job in needs if chance.random() < 0.1}
    world = TimedWorld(folder, durations_of(chance, needs), failing=failing)
    jobs = {
        job: {
            "needs": before,
            **({"severity": "warning"} if job in warning else {}),
            **({"when": "{% false %}"} if job in unwanted else {}),
        }
        for job, before in needs.items()
    }
    session = await world.start(world.write("p", jobs))
    await world.run()
    expected: dict[str, str] = {}
    for job in Dag(pipeline_of(needs)).order:
        before = [(expected[need], need in warning) for need in needs[job]]
        if any(status in ("failed", "upstream_failed") and not soft for status, soft in before) or any(
            status == "upstream_failed" for status, _ in before
        ):
            expected[job] = "upstream_failed"
        elif job in unwanted or (before and all(status == "skipped" for status, _ in before)):
            expected[job] = "skipped"
        else:
            expected[job] = "failed" if job in failing else "succeeded"
    found = {name: job.status.value for name, job in (await world.jobs(session, "p")).items()}
    assert found == expected, seed
    bad = {job for job, status in expected.items() if status == "failed" and job not in warning}
    lost = any(status == "upstream_failed" for status in expected.values())
    ended = (await world.store.sessions.session(session)).status
    assert ended == ("failed" if bad or lost else "succeeded"), seed


async def check_stop(folder: Path, seed: int) -> None:
    """With `on_failure: stop` nothing begins after the first failure, and what runs finishes."""
    chance = random.Random(seed)
    needs = random_needs(chance)
    failing = frozenset(chance.sample(sorted(needs), 1))
    world = TimedWorld(folder, durations_of(chance, needs), failing=failing)
    path = world.write("p", {job: {"needs": before} for job, before in needs.items()}, on_failure="stop")
    session = await world.start(path)
    await world.run()
    [bad] = failing
    failed_at = world.ended[session, "p", bad]
    assert all(at < failed_at for place, at in world.begun.items() if at != failed_at or place[2] == bad), (
        seed
    )
    statuses = {job.status.value for job in (await world.jobs(session, "p")).values()}
    assert statuses <= {"succeeded", "failed", "stopped", "upstream_failed"}, seed
    assert (await world.store.sessions.session(session)).status == "failed", seed


@pytest.mark.parametrize("slice_", range(SLICES))
async def test_a_failure_takes_with_it_what_depends_on_it(tmp_path: Path, slice_: int) -> None:
    for seed in seeds(slice_, TENTH)[:5]:
        await check_failures(tmp_path, seed)
        await check_stop(tmp_path, seed)


@pytest.mark.parametrize("slice_", range(SLICES))
async def test_a_run_takes_exactly_its_critical_path(tmp_path: Path, slice_: int) -> None:
    for seed in seeds(slice_, TENTH):
        await check_makespan(tmp_path, seed)


@pytest.mark.parametrize("slice_", range(SLICES))
async def test_limits_are_never_passed_and_nothing_is_idle_that_could_go(tmp_path: Path, slice_: int) -> None:
    for seed in seeds(slice_, TENTH):
        await check_limits(tmp_path, seed)


@pytest.mark.parametrize("slice_", range(SLICES))
async def test_nothing_begins_in_a_paused_session_and_others_go_on(tmp_path: Path, slice_: int) -> None:
    for seed in seeds(slice_, TENTH)[:3]:
        await check_pause(tmp_path, seed)


@pytest.mark.bench
@pytest.mark.parametrize("check", [check_makespan, check_limits, check_pause, check_failures, check_stop])
@pytest.mark.parametrize("slice_", range(SLICES))
async def test_a_thousand_dags(tmp_path: Path, check: Any, slice_: int) -> None:
    for seed in seeds(slice_, range(WHOLE)):
        await check(tmp_path, seed)
