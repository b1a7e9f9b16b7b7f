"""Gates before jobs: asked, opened, refused, too late, and asked again by a rerun."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from bunsui.core.control.decide import decide_gate
from bunsui.core.models.plan import PlanState, StoredPlan
from bunsui.core.models.status import JobStatus
from bunsui.core.session.pause import pause
from bunsui.core.session.reconcile import carry_on
from bunsui.core.session.requests import PauseRequest, RerunRequest, StopRequest
from bunsui.core.session.rerun import rerun
from bunsui.core.session.stop import stop
from bunsui.errors import Conflict
from tests.unit.core.timed import TimedWorld

GATED: dict[str, dict[str, Any]] = {
    "train": {},
    "other": {"needs": ["train"]},
    "register": {
        "needs": ["train"],
        "approval": {"message": "Register {% $jobs.train.by %}?", "timeout": "1h"},
    },
    "announce": {"needs": ["register"]},
}


def world_of(folder: Path, jobs: dict[str, dict[str, Any]] | None = None, **more: Any) -> TimedWorld:
    world = TimedWorld(folder)
    world.write("p", jobs or GATED, **more)
    return world


async def started(world: TimedWorld) -> str:
    return await world.start(world.folder / "p.yaml")


async def question(world: TimedWorld, state: PlanState = PlanState.PENDING) -> StoredPlan:
    [plan] = await world.store.plans.plans(state)
    return plan


def deciding(world: TimedWorld, *, approve: bool = True) -> Callable[[], Awaitable[None]]:
    async def decide() -> None:
        plan = await question(world)
        await decide_gate(world.ports.control, plan.id, by="ann", how="terminal", approve=approve)

    return decide


async def statuses(world: TimedWorld, session: str) -> dict[str, str]:
    return {name: job.status.value for name, job in (await world.jobs(session, "p")).items()}


def called(world: TimedWorld) -> list[str]:
    return [job for _, _, job in world.calls]


async def test_a_job_waits_for_a_person_and_everything_else_goes_on(tmp_path: Path) -> None:
    world = world_of(tmp_path)
    session = await started(world)
    seen: dict[str, Any] = {}

    async def look() -> None:
        seen["jobs"] = await statuses(world, session)
        seen["session"] = (await world.store.sessions.session(session)).status
        seen["plan"] = await question(world)

    world.at(600.0, look)
    world.at(700.0, deciding(world))
    await world.run()
    assert seen["jobs"] == {
        "train": "succeeded",
        "other": "succeeded",
        "register": "waiting",
        "announce": "pending",
    }
    assert seen["session"] == "waiting_approval"
    assert seen["plan"].title == "p/register: Register train?"
    assert world.begun[session, "p", "register"] == 700.0
    assert called(world) == ["train", "other", "register", "announce"]
    assert (await world.store.sessions.session(session)).status == "succeeded"
    assert (await question(world, PlanState.USED)).decided_by == "ann"


async def test_nobody_decides_in_time_and_a_rerun_asks_again_and_registers_once(tmp_path: Path) -> None:
    world = world_of(tmp_path)
    session = await started(world)
    await world.run()
    jobs = await world.jobs(session, "p")
    assert (jobs["register"].status, jobs["announce"].status) == (
        JobStatus.FAILED,
        JobStatus.UPSTREAM_FAILED,
    )
    assert jobs["register"].failure is not None
    assert jobs["register"].failure.error == "approval_timeout"
    assert jobs["register"].failure.cause == "nobody decided within 3600 s"
    assert (await world.store.sessions.session(session)).status == "failed"
    assert (await question(world, PlanState.DENIED)).decided_how == "withdrawn"
    world.calls.clear()
    done = await rerun(world.ports, RerunRequest(session_id=session), by="bob")
    assert {job: plan.action.value for job, plan in done.plan.runs[0].jobs.items()} == {
        "train": "reuse",
        "other": "reuse",
        "register": "run",
        "announce": "run",
    }
    world.at(world.now + 5, deciding(world))
    await world.run()
    assert called(world) == ["register", "announce"]
    assert (await world.store.sessions.session(session)).status == "succeeded"


async def test_no_fails_the_job_with_a_code_of_its_own(tmp_path: Path) -> None:
    world = world_of(tmp_path)
    session = await started(world)
    world.at(10.0, deciding(world, approve=False))
    await world.run()
    jobs = await world.jobs(session, "p")
    assert jobs["register"].failure is not None
    assert (jobs["register"].failure.error, jobs["register"].failure.cause) == (
        "approval_denied",
        "ann said no",
    )
    assert called(world) == ["train", "other"]


async def test_a_gate_is_decided_once(tmp_path: Path) -> None:
    world = world_of(tmp_path)
    await started(world)
    plans: list[StoredPlan] = []

    async def twice() -> None:
        plans.append(await question(world))
        await deciding(world)()
        with pytest.raises(Conflict):
            await decide_gate(world.ports.control, plans[0].id, by="bob", how="terminal", approve=False)

    world.at(10.0, twice)
    await world.run()
    assert called(world).count("register") == 1


async def test_a_waiting_job_takes_no_place(tmp_path: Path) -> None:
    jobs: dict[str, dict[str, Any]] = {
        "gated": {"approval": {"message": "Go?", "timeout": "1h"}},
        "a": {},
        "b": {},
    }
    world = world_of(tmp_path, jobs, max_concurrency=1)
    session = await started(world)
    world.at(50.0, deciding(world))
    await world.run()
    assert max(world.ended[session, "p", job] for job in ("a", "b")) == 2.0
    assert world.begun[session, "p", "gated"] == 50.0


async def test_opened_while_paused_it_begins_when_the_session_goes_on(tmp_path: Path) -> None:
    world = world_of(tmp_path)
    session = await started(world)

    async def hold() -> None:
        await pause(world.ports, PauseRequest(session_id=session, reason="freeze"), by="ann")

    async def go_on() -> None:
        await pause(world.ports, PauseRequest(session_id=session, pause=False), by="ann")

    world.at(10.0, hold)
    world.at(20.0, deciding(world))
    world.at(9_000.0, go_on)
    await world.run()
    assert world.begun[session, "p", "register"] == 9_000.0
    assert (await world.store.sessions.session(session)).status == "succeeded"


async def test_a_stop_withdraws_the_question(tmp_path: Path) -> None:
    world = world_of(tmp_path)
    session = await started(world)

    async def end() -> None:
        await stop(world.ports, StopRequest(session_id=session), by="ann")

    world.at(10.0, end)
    await world.run()
    assert (await statuses(world, session))["register"] == "stopped"
    assert (await question(world, PlanState.DENIED)).decided_how == "withdrawn"


async def test_a_decision_whose_telling_was_cut_short_is_told_by_whoever_waits(tmp_path: Path) -> None:
    world = world_of(tmp_path)
    session = await started(world)

    async def cut_short() -> None:
        kept, world.engine.tokens = world.engine.tokens, {}
        await deciding(world)()
        world.engine.tokens = kept

    world.at(10.0, cut_short)
    world.at(30.0, lambda: carry_on(world.ports, session))
    await world.run()
    assert world.begun[session, "p", "register"] == 30.0


async def test_a_condition_is_looked_at_before_anybody_is_asked(tmp_path: Path) -> None:
    jobs = {"a": {}, "b": {"needs": ["a"], "when": "{% false %}", "approval": {"message": "Go?"}}}
    world = world_of(tmp_path, jobs)
    session = await started(world)
    await world.run()
    assert (await statuses(world, session))["b"] == "skipped"
    assert await world.store.plans.plans() == []


async def test_a_failure_stops_who_waits_where_on_failure_says_so(tmp_path: Path) -> None:
    jobs = {"gated": {"approval": {"message": "Go?"}}, "bad": {}}
    world = world_of(tmp_path, jobs, on_failure="stop")
    world.failing = frozenset({"bad"})
    session = await started(world)
    await world.run()
    assert await statuses(world, session) == {"gated": "stopped", "bad": "failed"}
    assert world.now < 10
