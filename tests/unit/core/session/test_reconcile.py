"""After a crash: what was recorded happens, what happened is recorded, and a second look finds nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from bunsui.core.models.payload import Failure
from bunsui.core.models.status import Status
from bunsui.core.ports.engine import EngineExecution
from bunsui.core.session.maintenance import maintain
from bunsui.core.session.pause import pause
from bunsui.core.session.reconcile import carry_on, reconcile
from bunsui.core.session.requests import MaintenanceRequest, PauseRequest, StartRequest
from bunsui.core.session.start import start
from bunsui.errors import NotFound
from tests.unit.core.world import World


@pytest.fixture
def world(tmp_path: Path) -> World:
    made = World(tmp_path)
    made.write({"a": {}}, params={"n": {"type": "string", "default": "0"}})
    return made


async def started(world: World, **more: Any) -> str:
    request = StartRequest(profile="local", pipelines=(str(world.file),), **more)
    return (await start(world.ports, request, by="ada")).session_id


async def forgotten(world: World, **more: Any) -> str:
    """A session whose caller died before it could start the execution."""
    session = await started(world, **more)
    world.engine.executions.clear()
    world.engine.starts.clear()
    return session


async def test_what_was_recorded_is_started_and_a_second_look_heals_nothing(world: World) -> None:
    session = await forgotten(world)
    (line,) = await reconcile(world.ports)
    assert line.startswith(f"{session}/taxi attempt 1: started")
    assert await reconcile(world.ports) == []
    assert len(world.engine.starts) == 1


@pytest.mark.parametrize(
    ("execution", "failure", "status"),
    [
        ("FAILED", Failure(error="E"), Status.FAILED),
        ("TIMED_OUT", None, Status.TIMED_OUT),
        ("ABORTED", Failure(error="E"), Status.STOPPED),
    ],
)
async def test_what_ended_unrecorded_is_closed_as_it_ended(
    world: World, execution: str, failure: Failure | None, status: Status
) -> None:
    session = await started(world)
    name = world.engine.starts[0].name
    world.engine.executions[name] = EngineExecution(name=name, status=execution, failure=failure)
    assert any(status.value in line for line in await reconcile(world.ports))
    assert (await world.store.sessions.session(session)).status is status
    assert await reconcile(world.ports) == []


@pytest.mark.parametrize("hold", ["pause", "maintenance"])
async def test_a_held_session_is_not_started(world: World, hold: str) -> None:
    session = await forgotten(world)
    if hold == "pause":
        await pause(world.ports, PauseRequest(session_id=session), by="ann")
    else:
        await maintain(world.ports, MaintenanceRequest(profile="local", on=True), by="ann")
    world.engine.executions.clear()
    world.engine.starts.clear()
    assert await reconcile(world.ports) == []
    await carry_on(world.ports, session)
    assert world.engine.starts == []


async def test_a_pause_does_not_let_a_forgotten_start_pass_for_one_that_happened(world: World) -> None:
    session = await forgotten(world)
    for wanted in (True, False):
        await pause(world.ports, PauseRequest(session_id=session, pause=wanted), by="ann")
        (run,) = await world.store.sessions.runs(session)
        assert run.status is Status.CREATED
    assert len(world.engine.starts) == 1


async def test_no_more_runs_are_started_than_may_go_at_once(world: World) -> None:
    await forgotten(world, each={"n": "1,2,3"}, max_concurrent_runs=2)
    assert len(await reconcile(world.ports)) == 2
    assert [one.run_id for one in world.engine.starts] == ["taxi@1", "taxi@2"]


async def test_whoever_waits_carries_on_what_was_forgotten(world: World) -> None:
    session = await forgotten(world)
    await carry_on(world.ports, session)
    assert len(world.engine.starts) == 1
    with pytest.raises(NotFound):
        await carry_on(world.ports, "no")
