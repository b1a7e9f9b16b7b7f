"""Units of pools: never more than there are, never idle while one who waits could have them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from hypothesis import given
from hypothesis import strategies as st

from bunsui.core.models.limit import Pool
from bunsui.core.session.slots import Desk, Owner, served, waiting_in, without
from tests.properties import FEW
from tests.unit.core.records import NOW, hold, later, pool

OWNER = ("s", "r", 1)
OTHER = ("t", "r", 1)


class Counter:
    """Pools as a store keeps them; every attempt comes with a desk of its own."""

    def __init__(self, *pools: Pool) -> None:
        self.pools = {pool.name: pool for pool in pools}

    def desk(self, owner: Owner = OWNER) -> Desk:
        return Desk(self.pools.values(), owner)

    def keep(self, desk: Desk) -> None:
        self.pools |= {pool.name: pool for pool in desk.changed}

    def take(self, job: str, at: datetime = NOW, owner: Owner = OWNER, **units: int) -> bool:
        return self.ask(job, units, at, owner)

    def ask(self, job: str, units: Mapping[str, int], at: datetime, owner: Owner = OWNER) -> bool:
        desk = self.desk(owner)
        desk.leave()
        taken = desk.take(job, units, at)
        self.keep(desk)
        return taken

    def release(self, job: str, owner: Owner = OWNER) -> bool:
        desk = self.desk(owner)
        desk.release(job)
        self.keep(desk)
        return desk.freed


def test_units_are_taken_until_none_are_left_and_come_back() -> None:
    counter = Counter(pool(size=3))
    assert counter.take("a", db=2)
    assert not counter.take("b", db=2)
    assert counter.pools["db"].free == 1
    assert counter.release("a")
    assert counter.pools["db"].free == 3


def test_no_units_are_always_there() -> None:
    desk = Counter(pool(size=1)).desk()
    assert desk.take("a", {}, NOW)
    assert desk.changed == []


def test_a_job_takes_from_all_its_pools_or_waits_at_all_of_them() -> None:
    counter = Counter(pool("db", 1), pool("api", 1))
    assert counter.take("a", db=1)
    assert not counter.take("b", db=1, api=1)
    assert counter.pools["api"].free == 1
    assert [one.job for one in waiting_in(counter.pools.values())] == ["b"]


def test_who_comes_later_does_not_overtake_who_could_be_served() -> None:
    counter = Counter(pool(size=1, waiting=(hold("first", 0, "t", db=1),)))
    assert not counter.take("second", later(5), db=1)
    assert counter.take("first", later(6), OTHER, db=1)


def test_nobody_waits_for_one_who_cannot_be_served_yet() -> None:
    counter = Counter(pool(size=2, holding=(hold("big", db=1),), waiting=(hold("wide", 0, "t", db=2),)))
    assert counter.take("small", later(5), db=1)


def test_who_asks_again_keeps_the_place_in_the_line() -> None:
    counter = Counter(pool(size=1, holding=(hold("x", 0, "u", db=1),)))
    assert not counter.take("a", later(1), db=1)
    assert not counter.take("b", later(2), OTHER, db=1)
    assert not counter.take("a", later(3), db=1)
    assert [one.job for one in waiting_in(counter.pools.values())] == ["a", "b"]


def test_who_asks_again_in_vain_changes_nothing() -> None:
    counter = Counter(pool(size=1, holding=(hold("x", 0, "u", db=1),)))
    counter.take("a", later(1), db=1)
    desk = counter.desk()
    desk.leave()
    assert not desk.take("a", {"db": 1}, later(9))
    assert desk.changed == []
    assert not desk.freed


def test_what_a_pool_could_never_give_is_named() -> None:
    desk = Counter(pool("db", 2), pool("api", 1)).desk()
    assert desk.lacking({"db": 2, "api": 1}) == ""
    assert desk.lacking({"db": 3}) == "db"
    assert desk.lacking({"gone": 1}) == "gone"


def test_a_map_job_gets_as_many_more_places_as_fit_and_waits_for_another() -> None:
    counter = Counter(pool(size=5))
    desk = counter.desk()
    desk.take("m", {"db": 2}, NOW)
    assert desk.widen("m", {"db": 2}, 1, 9, NOW) == 1
    counter.keep(desk)
    assert counter.pools["db"].free == 1
    assert [(one.job, one.more) for one in counter.pools["db"].waiting] == [("m", True)]
    assert counter.release("m")
    assert counter.pools["db"].free == 5


def test_a_map_job_gets_no_more_places_than_it_wants() -> None:
    desk = Counter(pool(size=100)).desk()
    desk.take("m", {"db": 2}, NOW)
    assert desk.widen("m", {"db": 2}, 1, 2, NOW) == 2
    assert desk.widen("m", {}, 1, 7, NOW) == 7


def test_a_map_job_leaves_the_units_of_those_who_are_about_to_ask() -> None:
    desk = Counter(pool(size=5)).desk()
    desk.take("m", {"db": 1}, NOW)
    assert desk.widen("m", {"db": 1}, 1, 9, NOW, left={"db": 3}) == 1


def test_a_map_job_gives_back_the_units_of_places_that_it_does_not_keep() -> None:
    counter = Counter(pool(size=6))
    desk = counter.desk()
    desk.take("m", {"db": 2}, NOW)
    desk.widen("m", {"db": 2}, 1, 2, NOW)
    desk.keep("m", {"db": 2}, 1)
    counter.keep(desk)
    assert counter.pools["db"].free == 4


def test_leaving_the_line_lets_others_go() -> None:
    desk = Counter(pool(waiting=(hold("a", db=1),))).desk()
    desk.leave()
    assert desk.freed


def test_releasing_what_was_never_taken_changes_nothing() -> None:
    desk = Counter(pool(holding=(hold("a", 0, "t", db=1),))).desk()
    desk.release("a")
    assert desk.changed == []
    assert not desk.freed


def test_a_changed_pool_has_the_next_version() -> None:
    desk = Counter(pool(version=7)).desk()
    desk.take("a", {"db": 1}, NOW)
    assert [one.version for one in desk.changed] == [8]


def test_an_attempt_that_ended_has_nothing_and_waits_for_nothing() -> None:
    mine, theirs = hold("a", db=1), hold("b", 0, "t", db=1)
    pools = [pool("db", holding=(mine, theirs), waiting=(mine,)), pool("api", holding=())]
    (kept,) = without(pools, OWNER)
    assert (kept.holding, kept.waiting, kept.version) == ((theirs,), (), 2)


def test_those_who_fit_are_served_in_order_of_coming() -> None:
    line = (hold("c", 3, db=1), hold("a", 1, db=2), hold("b", 2, db=2))
    assert [one.job for one in served([pool(size=3, waiting=line)])] == ["a", "c"]


MOVES = st.lists(
    st.tuples(st.booleans(), st.sampled_from("abcdef"), st.integers(1, 3), st.integers(0, 2)), max_size=25
)


@FEW
@given(MOVES)
def test_no_order_of_coming_and_going_takes_more_than_there_is_or_lets_units_lie_idle(
    moves: list[tuple[bool, str, int, int]],
) -> None:
    counter, running = Counter(pool("db", 3), pool("api", 2)), set[str]()
    for second, (comes, job, db, api) in enumerate(moves):
        if job in running and not comes:
            counter.release(job)
            running.discard(job)
        elif job not in running and comes:
            units = {"db": db, **({"api": api} if api else {})}
            running |= {job} if counter.ask(job, units, later(second)) else set()
        for one in list(served(counter.pools.values())):
            assert counter.ask(one.job, one.units, later(second))
            running.add(one.job)
        assert all(one.free >= 0 for one in counter.pools.values())
        assert {one.job for pool in counter.pools.values() for one in pool.holding} == running
