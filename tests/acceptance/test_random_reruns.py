"""Random edits, faults, stops and reruns: plan, calls and results agree, as in an undisturbed run."""

from __future__ import annotations

import asyncio
import random
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from bunsui.core.models.job import JobRun
from bunsui.core.models.plan import ItemReuse, RunPlan, SessionPlan
from bunsui.core.models.status import Action, JobStatus, Status
from bunsui.core.payloads import read_payload
from bunsui.core.session.requests import DefinitionChoice, RerunRequest, StopRequest, Strategy
from bunsui.core.session.rerun import plan_session_rerun, rerun
from bunsui.core.session.stop import stop
from bunsui.errors import Blocked, NotFound
from tests.acceptance.local_world import Ended, World
from tests.acceptance.random_project import ABSENT, SKIPPED, Found, RandomProject

NOT_CALLED = {JobStatus.UPSTREAM_FAILED, JobStatus.SKIPPED, JobStatus.STOPPED}
CALLED = {JobStatus.SUCCEEDED, JobStatus.FAILED}


@dataclass
class Story:
    """One session of a random project, and what is known of it after each step."""

    world: World
    project: RandomProject
    chance: random.Random
    session: str
    ended: Ended

    async def outputs(self) -> dict[str, Found | None]:
        """What every job gave, as far as it has a result."""
        found: dict[str, Found | None] = {}
        for job in self.ended.jobs:
            value: Any = await read_payload(self.world.backend.blobs, job.output) if job.output else None
            inside = [one["v"] for one in value] if isinstance(value, list) else value and value["v"]
            found[job.job] = inside if job.status.good else None
        return found

    async def items(self, job: JobRun) -> list[JobRun]:
        """The items of a map, as the attempt that made its result recorded them."""
        if job.items is None:
            return []
        return await self.world.backend.store.jobs.items(*job.made_at)

    async def lost(self) -> set[str]:
        """Items that failed and were tolerated."""
        rows = [(job.job, row) for job in self.ended.jobs for row in await self.items(job)]
        return {f"{job}:{row.item}" for job, row in rows if row.status is JobStatus.FAILED}

    async def disturb(self) -> None:
        """Edit, break or mend, and rerun in some way."""
        for _ in range(self.chance.choice([0, 1, 1, 2])):
            self.project.edit()
        self.project.write()
        if self.chance.random() < 0.6:
            self.project.fail(self.project.random_faults(self.chance.choice([0.0, 0.2])))
        await self.rerun(self._request(), stopping=self.chance.random() < 0.12)

    def _request(self) -> RerunRequest:
        pick = self.chance
        strategy = pick.choice([None, *Strategy, Strategy.CHANGED])
        naming = strategy in (Strategy.FROM, Strategy.ONLY) or pick.random() < 0.15
        mapped = [(name, part.items) for name, part in self.project.parts.items() if part.items]
        items: tuple[str, ...] = ()
        if mapped and pick.random() < 0.15 and strategy is not Strategy.ALL:
            name, keys = pick.choice(mapped)
            items = tuple(f"{name}:{key}" for key in pick.sample(keys, pick.choice([1, min(2, len(keys))])))
            naming = False
        given: list[dict[str, Any]] = [{"p": pick.choice("abc")}, {"go": pick.random() < 0.5}]
        return RerunRequest(
            session_id=self.session,
            strategy=strategy,
            jobs=tuple(pick.sample(list(self.project.parts), pick.choice([1, 1, 2]))) if naming else (),
            items=items,
            downstream=pick.random() > 0.15,
            force=pick.random() < 0.1,
            params=pick.choice([{}, {}, *given]),
            definition=pick.choice([*[DefinitionChoice.CURRENT] * 6, DefinitionChoice.ORIGINAL]),
        )

    async def rerun(self, request: RerunRequest, *, stopping: bool = False) -> None:
        """Rerun and hold what happened against what was shown before."""
        try:
            shown = await plan_session_rerun(self.world.ports, request)
            done = await rerun(self.world.ports, request, by="ada")
        except (Blocked, NotFound):
            return  # named what cannot run, or what the original definition has not
        assert done.plan == shown
        before = await self.outputs()
        if stopping and not shown.empty:
            await asyncio.sleep(self.chance.random() * 0.4)
            await stop(self.world.ports, StopRequest(session_id=self.session), by="ada")
        self.ended = await self.world.wait(self.session)
        calls = self.project.calls()
        if shown.empty:
            assert not calls
            return
        assert set(calls.values()) <= {1}
        await self._items_called(done.plan.runs[0], set(calls), stopped=stopping)
        called = {name.partition(":")[0] for name in calls}
        await self._called(done.plan.runs[0], called, before, stopped=stopping)
        await self._right(request, done.plan)

    async def _called(
        self, plan: RunPlan, calls: set[str], before: dict[str, Found | None], *, stopped: bool
    ) -> None:
        """What was called had to run, what had to run and was not could not, the rest is as it was."""
        jobs = {job.job: job for job in self.ended.jobs}
        code = await self._code_names(plan)
        running = set(plan.having(Action.RUN))
        assert calls <= {code[job] for job in running}
        for job in running:
            called = code[job] in calls
            nothing = jobs[job].items is not None and not called
            assert jobs[job].status in (CALLED if called else NOT_CALLED) or stopped or nothing
        now = await self.outputs()
        for job in jobs.keys() - running:
            assert now[job] == before.get(job, before.get(self._former(job)))

    async def _items_called(self, plan: RunPlan, calls: set[str], *, stopped: bool) -> None:
        """Of a map that ran, exactly the items were called that had to run: those that the plan named."""
        code = await self._code_names(plan)
        for job in self.ended.jobs:
            if job.job not in plan.having(Action.RUN) or job.items is None or job.started_at is None:
                continue
            rows = await self.items(job)
            run = {row.item for row in rows if row.action is Action.RUN}
            called = {name.partition(":")[2] for name in calls if name.startswith(f"{code[job.job]}:")}
            assert called <= run
            assert called == run or stopped
            planned = plan.jobs[job.job]
            if planned.reuse is ItemReuse.PLANNED:
                assert run == {item.key for item in planned.items if item.action is Action.RUN}
                assert len(rows) - len(run) == planned.kept

    def _former(self, job: str) -> str:
        part = self.project.parts.get(job)
        return part.former if part else ""

    async def _code_names(self, plan: RunPlan) -> dict[str, str]:
        """The names of the code by job, in the definition that ran."""
        version = await self.world.backend.store.pipelines.version("rnd", plan.definition)
        document: Any = version.definition
        last = {name: job["operations"][-1] for name, job in document["jobs"].items()}
        files = {name: str(one.get("handler") or one["command"][1]) for name, one in last.items()}
        return {name: re.split("[:.]", file)[0].removeprefix("job_") for name, file in files.items()}

    async def _right(self, request: RerunRequest, plan: SessionPlan) -> None:
        """A session that is clean, and of which nothing was said to be kept although it changed, is right."""
        jobs = {job.job: job for job in self.ended.jobs}
        stale = any(job.stale for job in jobs.values())
        clean = self.ended.session.status is Status.SUCCEEDED and not stale and not plan.warnings
        if not clean or request.definition is not DefinitionChoice.CURRENT:
            return
        warned = {name for name, job in jobs.items() if job.warning}
        expected = self.project.expected(dict(self.ended.runs[0].params), warned, await self.lost())
        none = {JobStatus.SKIPPED: SKIPPED, JobStatus.FAILED: ABSENT}
        now = await self.outputs()
        given = {name: now[name] if job.status.good else none[job.status] for name, job in jobs.items()}
        assert {
            name: none[JobStatus.SKIPPED] if jobs[name].status is JobStatus.SKIPPED else value
            for name, value in given.items()
        } == expected

    async def put_right(self) -> None:
        """Mend everything: `changed` brings what an undisturbed session gives, and then finds nothing."""
        self.project.fail({})
        changed = RerunRequest(session_id=self.session, strategy=Strategy.CHANGED)
        await self.rerun(changed)
        if self.ended.session.status is Status.STOPPED:
            # Stopped when the last job had just succeeded: nothing is left to run but the end itself.
            await self.rerun(RerunRequest(session_id=self.session, strategy=Strategy.ALL))
        assert self.ended.session.status is Status.SUCCEEDED
        assert not any(job.stale for job in self.ended.jobs)
        assert (await plan_session_rerun(self.world.ports, changed)).empty
        warned = {job.job for job in self.ended.jobs if job.warning}
        expected = self.project.expected(dict(self.ended.runs[0].params), warned, await self.lost())
        now = await self.outputs()
        # An empty plan makes no attempt: a job that was only renamed still has its former name.
        assert {job: now.get(job, now.get(self._former(job))) for job in expected} == {
            job: None if value in (SKIPPED, ABSENT) else value for job, value in expected.items()
        }


@asynccontextmanager
async def begun(root: Path, seed: int) -> AsyncIterator[Story]:
    """A random project, started with faults, in a world of its own."""
    chance = random.Random(seed)
    project = RandomProject(root, chance)
    project.fail(project.random_faults(0.15))
    project.write()
    world = World(root, project.folder)
    try:
        session = await world.start()
        ended = await world.wait(session)
        project.calls()
        yield Story(world, project, chance, session, ended)
    finally:
        await world.close()


async def played(root: Path, seed: int, steps: int) -> None:
    async with begun(root, seed) as story:
        for _ in range(steps):
            await story.disturb()
        await story.put_right()


@pytest.mark.parametrize("seed", range(3))
async def test_random_reruns_give_what_an_undisturbed_run_gives(tmp_path: Path, seed: int) -> None:
    await played(tmp_path, seed, steps=6)


@pytest.mark.bench
@pytest.mark.timeout(180)
@pytest.mark.parametrize("seed", range(100, 160))
async def test_many_random_reruns_give_what_an_undisturbed_run_gives(tmp_path: Path, seed: int) -> None:
    await played(tmp_path, seed, steps=14)
