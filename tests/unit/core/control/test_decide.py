"""A person decides on a gate: once, and what follows is part of the same commit."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from bunsui.core.control.decide import decide_gate
from bunsui.core.control.handle import handle
from bunsui.core.models.base import JsonValue, digest
from bunsui.core.models.plan import PlanState, StoredPlan
from bunsui.core.models.status import JobStatus
from bunsui.core.session.requests import StartRequest, StopRequest
from bunsui.core.session.start import start
from bunsui.core.session.stop import stop
from bunsui.errors import Conflict, NotFound
from tests.unit.core.world import World

GATED: dict[str, Any] = {"a": {"approval": {"message": "Go?", "timeout": "1h"}}, "b": {"needs": ["a"]}}


async def asked(folder: Path) -> tuple[World, str, StoredPlan]:
    """A session whose first job waits for a person."""
    world = World(folder)
    world.write(GATED)
    request = StartRequest(profile="local", pipelines=(str(world.file),))
    session = (await start(world.ports, request, by="ada")).session_id
    place: dict[str, JsonValue] = {"session": session, "run": "taxi", "attempt": 1, "job": "a"}
    place["plan"] = digest([])
    await handle(world.control, {**place, "op": "begin", "token": "t1"})
    await handle(world.control, {**place, "op": "ask", "token": "t2"})
    (plan,) = await world.store.plans.plans(PlanState.PENDING)
    return world, session, plan


async def decide(world: World, plan: StoredPlan, *, approve: bool = True) -> StoredPlan:
    return await decide_gate(world.control, plan.id, by="eve", how="terminal", approve=approve)


async def test_a_yes_opens_the_gate_and_lets_the_machine_ask_again(tmp_path: Path) -> None:
    world, session, plan = await asked(tmp_path)
    settled = await decide(world, plan)
    assert (settled.state, settled.decided_by, settled.decided_how) == (PlanState.APPROVED, "eve", "terminal")
    gate = (await world.jobs(session))["a"].gate
    assert gate is not None
    assert (gate.approved, gate.decided_by) == (True, "eve")
    assert world.engine.answers["t2"] == {}


async def test_a_no_fails_the_job_and_what_depends_on_it(tmp_path: Path) -> None:
    world, session, plan = await asked(tmp_path)
    assert (await decide(world, plan, approve=False)).state is PlanState.DENIED
    jobs = await world.jobs(session)
    assert (jobs["a"].status, jobs["b"].status) == (JobStatus.FAILED, JobStatus.UPSTREAM_FAILED)
    assert jobs["a"].failure is not None
    assert jobs["a"].failure.cause == "eve said no"


@pytest.mark.parametrize("approve", [True, False])
async def test_it_is_decided_once(tmp_path: Path, approve: bool) -> None:
    world, session, plan = await asked(tmp_path)
    await decide(world, plan, approve=approve)
    before = await world.jobs(session)
    with pytest.raises(Conflict, match="Nothing waits for") as caught:
        await decide(world, plan, approve=not approve)
    assert caught.value.details["plan_id"] == plan.id
    assert await world.jobs(session) == before


async def test_a_session_that_was_stopped_waits_for_nobody(tmp_path: Path) -> None:
    world, session, plan = await asked(tmp_path)
    await stop(world.ports, StopRequest(session_id=session), by="ann")
    await stop(world.ports, StopRequest(session_id=session), by="ann")
    with pytest.raises(Conflict):
        await decide(world, plan)


async def test_an_unknown_plan_is_not_found(tmp_path: Path) -> None:
    with pytest.raises(NotFound):
        await decide_gate(World(tmp_path).control, "p-no", by="eve", how="terminal", approve=True)
