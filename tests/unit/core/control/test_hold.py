"""A held session: the items of a running map that run finish, no other one begins."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from bunsui.core.models.status import Status
from bunsui.core.ports.store import Transaction
from bunsui.core.session.maintenance import maintain
from bunsui.core.session.pause import pause
from bunsui.core.session.reconcile import reconcile
from bunsui.core.session.requests import MaintenanceRequest, PauseRequest
from tests.unit.core.timed import TimedWorld

MAPPED: dict[str, dict[str, Any]] = {
    "m": {"map": {"items": [1, 2, 3, 4, 5, 6], "key": "{% $string($item) %}", "max_concurrency": 2}},
    "n": {"needs": ["m"]},
}


async def started(folder: Path) -> tuple[TimedWorld, str]:
    world = TimedWorld(folder, {"m": 10.0})
    return world, await world.start(world.write("p", MAPPED))


def begun(world: TimedWorld) -> int:
    return sum(job == "m" for _, _, job in world.calls)


async def test_a_map_keeps_its_places_while_its_session_is_paused(tmp_path: Path) -> None:
    world, session = await started(tmp_path)
    seen: list[int] = []

    async def look() -> None:
        seen.append(begun(world))

    world.at(15.0, lambda: pause(world.ports, PauseRequest(session_id=session), by="ann"))
    world.at(1_000.0, look)
    world.at(1_001.0, lambda: pause(world.ports, PauseRequest(session_id=session, pause=False), by="ann"))
    await world.run()
    assert seen == [4]
    assert begun(world) == 6
    assert world.begun[session, "p", "n"] == 1_011.0
    assert (await world.store.sessions.session(session)).status == "succeeded"


async def test_maintenance_that_ended_while_a_place_was_being_kept_keeps_nobody(tmp_path: Path) -> None:
    world, session = await started(tmp_path)
    on, off = (MaintenanceRequest(profile="local", on=state) for state in (True, False))
    world.at(10.0, lambda: maintain(world.ports, on, by="ann"))
    world.at(20.0, lambda: maintain(world.ports, off, by="ann"))
    world.at(20.0, lambda: reconcile(world.ports))
    await world.run()
    assert begun(world) == 6
    assert (await world.store.sessions.session(session)).status == "succeeded"


async def test_whoever_waits_lets_places_go_that_were_forgotten(tmp_path: Path) -> None:
    world, session = await started(tmp_path)

    async def resumed_and_died() -> None:
        paused = await world.store.sessions.session(session)
        resumed = paused.next(pause=None, status=Status.RUNNING)
        await world.store.commit(Transaction(put=[resumed]))

    world.at(5.0, lambda: pause(world.ports, PauseRequest(session_id=session), by="ann"))
    world.at(50.0, resumed_and_died)
    world.at(60.0, lambda: reconcile(world.ports))
    await world.run()
    assert begun(world) == 6
    assert world.begun[session, "p", "n"] == 80.0


async def test_a_map_ends_in_a_pause_when_none_of_its_items_is_left_to_begin(tmp_path: Path) -> None:
    world = TimedWorld(tmp_path, {"m": 10.0})
    two = {"items": [1, 2], "key": "{% $string($item) %}", "max_concurrency": 2}
    session = await world.start(world.write("p", {"m": {"map": two}, "n": {"needs": ["m"]}}))
    seen: list[str] = []

    async def look() -> None:
        seen.extend(str(job.status) for job in (await world.jobs(session, "p")).values())

    world.at(5.0, lambda: pause(world.ports, PauseRequest(session_id=session), by="ann"))
    world.at(1_000.0, look)
    world.at(1_001.0, lambda: pause(world.ports, PauseRequest(session_id=session, pause=False), by="ann"))
    await world.run()
    assert seen == ["succeeded", "queued"]
    assert (await world.store.sessions.session(session)).status == "succeeded"
