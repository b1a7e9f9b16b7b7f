"""Exactness under virtual time, with the real control: nobody waits in vain, no limit is ever passed."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from bunsui.core.models.status import JobStatus
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Mapped:
    """A map job as the pipeline has it: `items` are their keys."""

    items: tuple[str, ...]
    batch: int | None
    limit: int | None
    mode: str

    @property
    def calls(self) -> int:
        return -(-len(self.items) // (self.batch or 1))

    @property
    def most(self) -> int:
        return self.limit or 40

    def spec(self) -> dict[str, Any]:
        given = {"batch": self.batch, "max_concurrency": self.limit, "mode": self.mode}
        known = {name: value for name, value in given.items() if value is not None}
        return {"items": list(self.items), "key": "{% $item %}", **known}


class Watched:
    """Several sessions with limits; looks at every quiet moment for what is too much and what is idle."""

    def __init__(self, folder: Path, seed: int, *, most: int = 40, mixed: bool = False) -> None:
        self.seed = seed
        self.most = most
        self.chance = chance = random.Random(seed)
        self.pools = {name: chance.randint(1, 4) for name in ("db", "api")[: chance.randint(0, 2)]}
        self.world = TimedWorld(
            folder,
            pools=self.pools,
            quiet=self.look,
            watch=self.check_limits,
            mixed=random.Random(seed) if mixed else None,
        )
        self.world.engine.budget = chance.choice([1, 10, 2_000])
        self.needs: dict[str, dict[str, list[str]]] = {}
        self.units: dict[str, dict[str, dict[str, int]]] = {}
        self.maps: dict[str, Mapped] = {}
        self.limits: dict[str, int | None] = {}
        self.sessions: list[tuple[str, str]] = []
        self.paused: set[str] = set()

    async def start(self) -> None:
        durations: dict[str, float] = {}
        for number in range(self.chance.randint(1, 3)):
            name = f"p{number}"
            needs = random_needs(self.chance, most=self.most if number == 0 else min(12, self.most))
            needs = {f"{name}{job}": [f"{name}{one}" for one in before] for job, before in needs.items()}
            durations |= durations_of(self.chance, needs)
            self.needs[name] = needs
            self.units[name] = {job: self._units() for job in needs}
            self.limits[name] = self.chance.choice([None, 1, 2, 3, 7])
            mapped = {job: self._mapped() for job in needs if self.chance.random() < 0.3}
            self.maps |= mapped
            for job, one in mapped.items():
                durations |= {f"{job}:{key}": float(self.chance.randint(1, 20)) for key in one.items}
            jobs = {job: {"needs": needs[job], "pool": self.units[name][job]} for job in needs}
            jobs |= {job: {**jobs[job], "map": one.spec()} for job, one in mapped.items()}
            limit = {"max_concurrency": self.limits[name]} if self.limits[name] else {}
            path = self.world.write(name, jobs, **limit)
            self.world.durations = durations
            self.sessions.append((await self.world.start(path), name))

    def _units(self) -> dict[str, int]:
        taken = [name for name in self.pools if self.chance.random() < 0.4]
        return {name: self.chance.randint(1, min(2, self.pools[name])) for name in taken}

    def _mapped(self) -> Mapped:
        return Mapped(
            items=tuple(f"i{number}" for number in range(self.chance.choice([0, 1, 2, 3, 5, 8, 13]))),
            batch=self.chance.choice([None, None, 2, 3]),
            limit=self.chance.choice([None, 1, 2, 3, 5]),
            mode=self.chance.choice(["inline", "distributed"]),
        )

    def _running(self, session: str, run: str) -> Counter[str]:
        """How many calls each job makes now."""
        found = Counter(job for one, of, job in self.world.running() if (one, of) == (session, run))
        return Counter({job: self._busy(session, run, job) for job in found})

    def _busy(self, session: str, run: str, job: str) -> int:
        return self.world.busy_of((session, run, job)) if job in self.maps else 1

    def check_limits(self) -> None:
        """No limit is passed, whenever a call begins."""
        free = Counter(self.pools)
        for session, run in self.sessions:
            running, limit = self._running(session, run), self.limits[run]
            assert limit is None or running.total() <= limit, (self.seed, "more at once than allowed")
            for job, calls in running.items():
                most = self.maps[job].most if job in self.maps else 1
                assert calls <= most, (self.seed, "a map makes too many calls")
                free.subtract({name: count * calls for name, count in self.units[run][job].items()})
        assert min(free.values(), default=0) >= 0, (self.seed, "a pool gave more than it has")

    async def look(self) -> None:
        self.check_limits()
        free = await self._free()
        for session, run in self.sessions:
            running, limit = self._running(session, run), self.limits[run]
            if session not in self.paused and (limit is None or running.total() < limit):
                idle = [job for job in self._able(session, run, running) if self._fits(run, job, free)]
                assert not idle, (self.seed, f"{idle} could go and did not at {self.world.now}")

    async def _free(self) -> Counter[str]:
        """Units that nobody has. A map has as many places as it makes calls, unless it is held."""
        free = Counter(self.pools)
        for session, run in self.sessions:
            jobs, running = await self.world.jobs(session, run), self._running(session, run)
            for name, job in jobs.items():
                places = job.slots if job.status is JobStatus.RUNNING else 0
                counted = bool(self.limits[run] or self.units[run][name])
                calls = running[name]
                exact = places >= calls if session in self.paused else places == calls
                assert exact or not counted, (self.seed, f"{name} has {places} places for {calls} calls")
                free.subtract({pool: count * places for pool, count in self.units[run][name].items()})
        for pool in await self.world.store.limits.pools("local"):
            assert pool.free == free[pool.name], (self.seed, "units are with nobody")
        return free

    def _able(self, session: str, run: str, running: Counter[str]) -> list[str]:
        """Jobs that have all they need and have not begun, and maps that could make another call."""
        needs, place = self.needs[run], (session, run)
        done = {job for job in needs if (*place, job) in self.world.ended}
        begun = {job for job in needs if (*place, job) in self.world.begun} | done
        fresh = [job for job in needs if job not in begun and done.issuperset(needs[job])]
        made = Counter(self.world.calls)
        more = [job for job in begun - done if job in self.maps and running[job] < self.maps[job].most]
        return [*fresh, *(job for job in more if made[*place, job] < self.maps[job].calls)]

    def _fits(self, run: str, job: str, free: Counter[str]) -> bool:
        return all(free[name] >= count for name, count in self.units[run][job].items())

    async def finished(self) -> None:
        calls, items = Counter(self.world.calls), Counter(item for item, _ in self.world.called)
        for session, run in self.sessions:
            assert (await self.world.store.sessions.session(session)).status == "succeeded", self.seed
            for job in self.needs[run]:
                mapped = self.maps.get(job)
                assert calls[session, run, job] == (mapped.calls if mapped else 1), self.seed
                for key in mapped.items if mapped else ():
                    assert items[session, run, job, key] == 1, (self.seed, job, key)
        pools = await self.world.store.limits.pools("local")
        assert not any(pool.holding or pool.waiting for pool in pools), self.seed


async def check_limits(folder: Path, seed: int) -> None:
    watched = Watched(folder, seed)
    await watched.start()
    await watched.world.run()
    await watched.finished()


async def check_mixed(folder: Path, seed: int) -> None:
    """The same where calls of control meet: none is lost, whoever comes first."""
    watched = Watched(folder, seed, most=8, mixed=True)
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
    began = [(job, at) for job, at in watched.world.begun.items() if job[:2] == (session, run)]
    called = [(item, at) for item, at in watched.world.called if item[:2] == (session, run)]
    assert not [one for one, at in [*began, *called] if begin < at < end], seed


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


@pytest.mark.parametrize("slice_", range(SLICES))
async def test_limits_hold_also_where_calls_of_control_meet(tmp_path: Path, slice_: int) -> None:
    for seed in seeds(slice_, TENTH)[:5]:
        await check_mixed(tmp_path, seed)


@pytest.mark.bench
@pytest.mark.parametrize(
    "check", [check_makespan, check_limits, check_mixed, check_pause, check_failures, check_stop]
)
@pytest.mark.parametrize("slice_", range(SLICES))
async def test_a_thousand_dags(tmp_path: Path, check: Any, slice_: int) -> None:
    for seed in seeds(slice_, range(WHOLE)):
        await check(tmp_path, seed)
