"""How long sessions are kept, and that only what was shown and has ended goes."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bunsui.core.models.session import Session
from bunsui.core.models.status import Status
from bunsui.core.ports.store import Transaction
from bunsui.core.session.retention import RemovalPlan, Retention, plan_collect, plan_delete, remove
from bunsui.errors import Conflict, NotFound
from bunsui.testing.memory import MemoryStorage
from tests.properties import FEW
from tests.unit.core.records import later, session, stored_plan
from tests.unit.core.world import World

DAY = 86_400.0
STORAGE = MemoryStorage()


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


async def keep(world: World, *sessions: Session) -> None:
    await world.store.commit(Transaction(put=sessions))


def aged(id: str, days: float, status: Status = Status.SUCCEEDED) -> Session:
    """A session that ended so many days ago, seen from day 100."""
    at = later((100 - days) * DAY)
    return session(id, status=status, created_at=at, finished_at=at if status.ended else None)


@FEW
@given(
    st.lists(st.integers(0, 50), max_size=10),
    st.none() | st.integers(0, 50),
    st.none() | st.integers(0, 10),
)
def test_a_session_goes_that_either_limit_does_not_keep(
    ages: list[int], days: int | None, most: int | None
) -> None:
    retention, now = Retention(days=days, sessions=most), later(100 * DAY)
    for place, age in enumerate(sorted(ages)):
        old = days is not None and age > days
        many = most is not None and place >= most
        assert retention.over(place, aged("s", age), now) is (old or many)


@pytest.mark.parametrize("days", [1e10, 1e308, float("inf")])
def test_a_time_beyond_all_times_keeps_all(days: float) -> None:
    assert not Retention(days=days).over(0, aged("s", 100), later(100 * DAY))


async def test_what_has_not_ended_is_kept_however_old(world: World) -> None:
    world.clock.at = later(100 * DAY)
    await keep(world, aged("run", 90, Status.RUNNING), aged("old", 80), aged("new", 1, Status.FAILED))
    plan = await plan_collect(world.ports, STORAGE, "local", Retention(days=7))
    assert plan.sessions == {"old": 1}
    by_count = await plan_collect(world.ports, STORAGE, "local", Retention(sessions=1))
    assert by_count.sessions == {"old": 1}


async def test_other_profiles_are_not_collected(world: World) -> None:
    world.clock.at = later(100 * DAY)
    await keep(world, aged("old", 80))
    assert (await plan_collect(world.ports, STORAGE, "prod", Retention(days=1))).empty
    assert (await plan_collect(world.ports, STORAGE, "local", Retention())).empty


@pytest.mark.parametrize("status", [status for status in Status if not status.ended])
async def test_what_has_not_ended_cannot_be_deleted(world: World, status: Status) -> None:
    await keep(world, session("s", status=status))
    with pytest.raises(Conflict, match="only what has ended") as caught:
        await plan_delete(world.ports, STORAGE, "s")
    assert caught.value.next_steps == ("bunsui session stop s",)


async def test_an_unknown_session_cannot_be_deleted(world: World) -> None:
    with pytest.raises(NotFound):
        await plan_delete(world.ports, STORAGE, "no")


async def test_a_session_that_was_rerun_meanwhile_is_not_removed(world: World) -> None:
    ended = session("s", status=Status.FAILED)
    await keep(world, ended)
    plan = await plan_delete(world.ports, STORAGE, "s")
    await keep(world, ended.next(status=Status.RUNNING))
    with pytest.raises(Conflict):
        await remove(world.ports, STORAGE, plan)
    assert (await world.store.sessions.session("s")).status is Status.RUNNING


async def test_removing_more_than_fit_into_one_transaction_removes_all(world: World) -> None:
    many = [session(f"s{n}", status=Status.SUCCEEDED) for n in range(230)]
    await keep(world, *many, session("kept", status=Status.SUCCEEDED))
    plan = RemovalPlan(sessions={one.id: 1 for one in many}, leftovers=())
    await remove(world.ports, STORAGE, plan)
    with pytest.raises(NotFound):
        await world.store.sessions.session("s229")
    assert (await world.store.sessions.session("kept")).id == "kept"


async def test_an_approved_removal_uses_its_plan_up_with_it(world: World) -> None:
    await keep(world, session("s", status=Status.STOPPED))
    plan = await plan_delete(world.ports, STORAGE, "s")
    approved = stored_plan(plan)
    await world.store.commit(Transaction(put=[approved]))
    await remove(world.ports, STORAGE, plan, approved=approved)
    with pytest.raises(Conflict, match="used already"):
        await remove(world.ports, STORAGE, plan, approved=await world.store.plans.plan("p-1"))


def test_a_removal_without_sessions_and_files_is_empty() -> None:
    empty = RemovalPlan(sessions={}, leftovers=())
    assert empty.empty
    assert empty.bytes == 0
