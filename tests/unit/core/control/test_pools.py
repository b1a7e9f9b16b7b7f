"""Units of pools: shared by sessions, given back by whatever end, in order of coming."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from bunsui.core.models.limit import Pool
from bunsui.core.ports.store import Transaction
from bunsui.core.session.maintenance import maintain
from bunsui.core.session.pause import pause
from bunsui.core.session.requests import MaintenanceRequest, PauseRequest, StopRequest
from bunsui.core.session.slots import Desk, served
from bunsui.core.session.stop import stop
from bunsui.errors import UsageError
from tests.unit.core.timed import TimedWorld

AT = datetime(2026, 1, 1, tzinfo=UTC)
ONE: dict[str, Any] = {"load": {"pool": {"db": 1}}}


async def in_a_row(world: TimedWorld, count: int) -> list[str]:
    """Sessions that come one after another, a second apart."""
    found: list[str] = []

    async def come() -> None:
        found.append(await world.start(world.folder / "p.yaml"))

    for number in range(count):
        world.at(float(number), come)
    await world.run()
    return found


async def test_sessions_share_a_pool_in_order_of_coming(tmp_path: Path) -> None:
    world = TimedWorld(tmp_path, {"load": 10.0}, pools={"db": 1})
    world.write("p", ONE)
    sessions = await in_a_row(world, 4)
    assert [world.begun[session, "p", "load"] for session in sessions] == [0.0, 10.0, 20.0, 30.0]


async def test_a_job_of_the_same_session_does_not_push_in(tmp_path: Path) -> None:
    world = TimedWorld(tmp_path, {"a": 10.0, "b": 10.0, "load": 10.0}, pools={"db": 1})
    first = world.write("first", {"a": {"pool": {"db": 1}}, "b": {"needs": ["a"], "pool": {"db": 1}}})
    world.write("p", ONE)
    one = await world.start(first)
    [other] = await in_a_row(world, 1)
    assert world.begun[other, "p", "load"] == 10.0
    assert world.begun[one, "first", "b"] == 20.0


async def test_a_stopped_session_gives_its_units_back(tmp_path: Path) -> None:
    world = TimedWorld(tmp_path, {"load": 1_000.0}, pools={"db": 1})
    world.write("p", ONE)
    first = await world.start(world.folder / "p.yaml")
    world.at(5.0, lambda: stop(world.ports, StopRequest(session_id=first), by="ann"))
    [second] = await in_a_row(world, 1)
    assert world.begun[second, "p", "load"] == 5.0
    [pool] = await world.store.limits.pools("local")
    assert (pool.holding, pool.waiting) == ((), ())


async def test_who_is_paused_does_not_keep_units_from_others(tmp_path: Path) -> None:
    world = TimedWorld(tmp_path, {"load": 10.0}, pools={"db": 1})
    world.write("p", ONE)
    await world.start(world.folder / "p.yaml")
    second = await world.start(world.folder / "p.yaml")
    third = await world.start(world.folder / "p.yaml")
    world.at(1.0, lambda: pause(world.ports, PauseRequest(session_id=second), by="ann"))
    world.at(50.0, lambda: pause(world.ports, PauseRequest(session_id=second, pause=False), by="ann"))
    await world.run()
    assert world.begun[third, "p", "load"] == 10.0
    assert world.begun[second, "p", "load"] == 50.0


async def test_maintenance_holds_all_sessions_and_ends_with_all_going_on(tmp_path: Path) -> None:
    world = TimedWorld(tmp_path, {"load": 10.0}, pools={"db": 1})
    world.write("p", ONE)
    first = await world.start(world.folder / "p.yaml")
    second = await world.start(world.folder / "p.yaml")
    for at, on in ((1.0, True), (100.0, False)):
        request = MaintenanceRequest(profile="local", on=on, reason="upgrade")
        world.at(at, lambda request=request: maintain(world.ports, request, by="ann"))  # type: ignore[misc]
    await world.run()
    assert world.ended[first, "p", "load"] == 10.0
    assert world.begun[second, "p", "load"] == 100.0


async def test_units_need_a_pool_that_has_them(tmp_path: Path) -> None:
    world = TimedWorld(tmp_path, pools={"db": 1})
    path = world.write("p", {"load": {"pool": {"warehouse": 1}}})
    with pytest.raises(UsageError, match="has no size"):
        await world.start(path)
    path = world.write("p", {"load": {"pool": {"db": 2}}})
    with pytest.raises(UsageError, match="takes 2 units of pool db"):
        await world.start(path)


async def test_a_pool_that_became_too_small_fails_the_job_that_cannot_go_any_more(tmp_path: Path) -> None:
    world = TimedWorld(tmp_path, pools={"db": 2})
    path = world.write("p", {"a": {}, "load": {"needs": ["a"], "pool": {"db": 2}}})
    session = await world.start(path)
    [pool] = await world.store.limits.pools("local")
    await world.store.commit(Transaction(put=[pool.next(size=1)]))
    await world.run()
    failure = (await world.jobs(session, "p"))["load"].failure
    assert failure is not None
    assert failure.error == "Bunsui.PoolTooSmall"


def test_nobody_waits_for_one_who_cannot_be_served_yet() -> None:
    pools = [Pool(profile="local", name="db", size=2)]
    first = Desk(pools, ("s", "first", 1))
    assert first.take("small", {"db": 1}, AT)
    second = Desk(first.changed, ("s", "second", 1))
    assert not second.take("large", {"db": 2}, AT)
    third = Desk(second.changed, ("s", "third", 1))
    assert third.take("small", {"db": 1}, AT.replace(second=1))
    assert list(served(third.changed)) == []
    third.release("small")
    assert [hold.job for hold in served(third.changed)] == []


async def test_a_pool_that_grew_serves_a_long_line_at_once(tmp_path: Path) -> None:
    world = TimedWorld(tmp_path, {"load": 10.0}, pools={"db": 1})
    world.write("p", ONE)
    sessions = [await world.start(world.folder / "p.yaml") for _ in range(60)]

    async def grow() -> None:
        world.ports = replace(world.ports, pools={"db": 100})
        sessions.append(await world.start(world.folder / "p.yaml"))

    world.at(5.0, grow)
    await world.run()
    begun = sorted(world.begun[session, "p", "load"] for session in sessions)
    assert begun == [0.0, *[5.0] * 60]
