"""Maintenance of a profile: said once, told to whoever wants to start, and over when it is ended."""

from __future__ import annotations

from pathlib import Path

import pytest

from bunsui.core.ports.store import Transaction
from bunsui.core.session.maintenance import check_maintenance, maintain, plan_maintenance
from bunsui.core.session.requests import MaintenanceRequest
from bunsui.errors import Conflict, UnderMaintenance
from tests.unit.core.records import NOW, stored_plan
from tests.unit.core.world import World

ON = MaintenanceRequest(profile="local", on=True, reason="moving house")
OFF = MaintenanceRequest(profile="local", on=False)


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


async def test_while_it_is_on_nothing_starts_and_who_asks_hears_who_and_why(world: World) -> None:
    await check_maintenance(world.store, "local")
    await maintain(world.ports, ON, by="ann")
    with pytest.raises(UnderMaintenance, match="by ann: moving house") as caught:
        await check_maintenance(world.store, "local")
    assert caught.value.retryable
    assert caught.value.details["at"] == NOW.isoformat()
    assert "ops maintenance off" in caught.value.next_steps[0]


async def test_it_ends_and_may_begin_again(world: World) -> None:
    for request in (ON, OFF, ON, OFF):
        await maintain(world.ports, request, by="ann")
    await check_maintenance(world.store, "local")
    found = await world.store.limits.maintenance("local")
    assert found is not None
    assert found.version == 4


async def test_other_profiles_go_on(world: World) -> None:
    await maintain(world.ports, ON, by="ann")
    await check_maintenance(world.store, "prod")


async def test_saying_it_twice_changes_nothing(world: World) -> None:
    assert (await plan_maintenance(world.ports, OFF)).empty
    await maintain(world.ports, ON, by="ann")
    assert (await maintain(world.ports, ON, by="bob")).empty
    found = await world.store.limits.maintenance("local")
    assert found is not None
    assert (found.by, found.version) == ("ann", 1)


async def test_an_approval_works_once(world: World) -> None:
    approved = stored_plan(await plan_maintenance(world.ports, ON))
    await world.store.commit(Transaction(put=[approved]))
    await maintain(world.ports, ON, by="ann", approved=approved)
    await maintain(world.ports, OFF, by="ann")
    with pytest.raises(Conflict, match="used already"):
        await maintain(world.ports, ON, by="bob", approved=approved)
