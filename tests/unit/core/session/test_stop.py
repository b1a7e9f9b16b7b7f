"""Stopping: recorded before anything ends, so that a crash forgets nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from bunsui.core.models.status import JobStatus, Status
from bunsui.core.ports.engine import EngineExecution
from bunsui.core.session.reconcile import reconcile
from bunsui.core.session.requests import StartRequest, StopRequest
from bunsui.core.session.start import start
from bunsui.core.session.stop import plan_stop, stop
from bunsui.errors import NotFound
from tests.unit.core.world import World, failing


@pytest.fixture
def world(tmp_path: Path) -> World:
    made = World(tmp_path)
    made.write({"a": {}, "b": {"needs": ["a"]}})
    return made


async def started(world: World) -> str:
    request = StartRequest(profile="local", pipelines=(str(world.file),))
    return (await start(world.ports, request, by="ada")).session_id


async def test_the_plan_names_what_has_not_ended(world: World) -> None:
    plan = await plan_stop(world.ports, StopRequest(session_id=await started(world)))
    assert plan.attempts == {"taxi/1": ("a", "b")}
    assert not plan.gives_up


async def test_the_execution_is_ended_with_who_and_why(world: World) -> None:
    session = await started(world)
    await stop(world.ports, StopRequest(session_id=session, reason="wrong"), by="ann")
    (execution,) = world.engine.executions.values()
    assert execution.status == "ABORTED"
    assert execution.failure is not None
    assert execution.failure.cause == "stopped by ann: wrong"


async def test_a_stop_whose_caller_died_is_carried_out_by_who_comes_next(world: World) -> None:
    session = await started(world)
    await stop(world.ports, StopRequest(session_id=session), by="ann")
    name = world.engine.starts[0].name
    world.engine.executions[name] = EngineExecution(name=name, status="RUNNING")
    await reconcile(world.ports)
    assert world.engine.executions[name].status == "ABORTED"
    await reconcile(world.ports)
    assert (await world.store.sessions.session(session)).status is Status.STOPPED
    assert {job.status for job in (await world.jobs(session)).values()} == {JobStatus.STOPPED}


async def test_the_first_who_stops_is_kept(world: World) -> None:
    session = await started(world)
    for by in ("ann", "bob"):
        await stop(world.ports, StopRequest(session_id=session), by=by)
    stopping = (await world.store.sessions.session(session)).stopping
    assert stopping is not None
    assert stopping.by == "ann"


@pytest.mark.parametrize(("bad", "status"), [("a", Status.STOPPED), ("", Status.SUCCEEDED)])
async def test_a_failed_session_is_given_up_and_a_good_one_left_alone(
    world: World, bad: str, status: Status
) -> None:
    world.outcomes = failing(bad) if bad else {}
    session = await world.start()
    done = await stop(world.ports, StopRequest(session_id=session), by="ann")
    assert done.plan.gives_up is bool(bad)
    assert (await world.store.sessions.session(session)).status is status


async def test_an_unknown_session_is_not_found(world: World) -> None:
    with pytest.raises(NotFound):
        await stop(world.ports, StopRequest(session_id="no"), by="ann")
