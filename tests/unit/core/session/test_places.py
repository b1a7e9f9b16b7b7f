"""How many runs of a session go at once."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from bunsui.core.models.session import Run
from bunsui.core.models.status import Status
from bunsui.core.session.places import startable
from tests.properties import FEW
from tests.unit.core.records import run, session

STATUSES = st.lists(st.sampled_from(list(Status)), max_size=8)


def runs(statuses: list[Status]) -> list[Run]:
    return [run(f"r{index}", status=status) for index, status in enumerate(statuses)]


@FEW
@given(STATUSES)
def test_without_a_limit_every_run_that_has_not_begun_may(statuses: list[Status]) -> None:
    made = runs(statuses)
    assert startable(session(), made) == [one for one in made if one.status is Status.CREATED]


@FEW
@given(STATUSES, st.integers(1, 5))
def test_those_that_go_and_those_that_may_never_exceed_the_limit(statuses: list[Status], most: int) -> None:
    found = startable(session(max_concurrent_runs=most), runs(statuses))
    going = sum(not status.ended and status is not Status.CREATED for status in statuses)
    assert going + len(found) <= max(most, going)
    waiting = statuses.count(Status.CREATED)
    assert len(found) == waiting or going + len(found) >= most


def test_the_first_that_wait_go_first() -> None:
    made = runs([Status.CREATED, Status.RUNNING, Status.CREATED, Status.CREATED])
    assert [one.id for one in startable(session(max_concurrent_runs=3), made)] == ["r0", "r2"]


def test_a_run_that_waits_for_a_person_has_its_place() -> None:
    made = runs([Status.WAITING_APPROVAL, Status.CREATED])
    assert startable(session(max_concurrent_runs=1), made) == []
