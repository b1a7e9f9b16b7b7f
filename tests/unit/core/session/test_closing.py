"""The end of an attempt, however it came: nothing stays open, and what ended stays as it was."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bunsui.core.models.base import Record
from bunsui.core.models.payload import Failure
from bunsui.core.models.session import KeyClaim
from bunsui.core.models.status import JobStatus, Status
from bunsui.core.ports.store import Transaction
from bunsui.core.session.closing import attempt_ended, closed
from bunsui.errors import NotFound
from tests.properties import FEW
from tests.unit.core.records import NOW, attempt, hold, job, pool, run, session
from tests.unit.core.world import World

ENDS = [Status.SUCCEEDED, Status.FAILED, Status.STOPPED, Status.TIMED_OUT]
WHY = Failure(error="E", cause="c")


@FEW
@given(st.sampled_from(JobStatus), st.sampled_from(ENDS))
def test_after_the_end_no_job_is_open_and_what_ended_is_untouched(status: JobStatus, end: Status) -> None:
    before = job(status=status, token="t")
    after = closed(before, end, WHY, NOW)
    assert after.status.ended
    assert (after is before) is status.ended
    if not status.ended:
        assert (after.token, after.finished_at, after.version) == (None, NOW, 2)


@pytest.mark.parametrize(
    ("end", "status"),
    [
        (Status.SUCCEEDED, JobStatus.LOST),
        (Status.FAILED, JobStatus.FAILED),
        (Status.STOPPED, JobStatus.STOPPED),
        (Status.TIMED_OUT, JobStatus.TIMED_OUT),
    ],
)
def test_what_ran_ends_as_its_attempt_did_and_is_lost_where_that_cannot_be(
    end: Status, status: JobStatus
) -> None:
    assert closed(job(status=JobStatus.RUNNING), end, WHY, NOW).status is status


@pytest.mark.parametrize("status", [JobStatus.PENDING, JobStatus.QUEUED, JobStatus.WAITING])
@pytest.mark.parametrize("end", ENDS)
def test_what_never_began_is_stopped_without_a_failure(status: JobStatus, end: Status) -> None:
    after = closed(job(status=status), end, WHY, NOW)
    assert (after.status, after.failure) == (JobStatus.STOPPED, None)


async def running(folder: Path, *jobs: Record) -> World:
    """A session `s` with the key `k`, whose attempt runs and has a unit of a pool."""
    world = World(folder)
    busy = Status.RUNNING
    held = pool(holding=(hold("a", db=1), hold("b", 0, "other", db=1)), waiting=(hold("c", db=1),))
    claim = KeyClaim(profile="local", key="k", session_id="s")
    records = [session(key="k", status=busy), run(status=busy), attempt(status=busy), held, claim]
    await world.store.commit(Transaction(put=[*records, *jobs]))
    return world


async def ended(world: World, status: Status) -> None:
    await attempt_ended(world.ports, "s", "r", 1, status, WHY)


async def test_units_come_back_and_nobody_of_it_waits(tmp_path: Path) -> None:
    world = await running(tmp_path, job("a", JobStatus.RUNNING))
    await ended(world, Status.FAILED)
    (after,) = await world.store.limits.pools("local")
    assert ([one.job for one in after.holding], after.waiting) == (["b"], ())


@pytest.mark.parametrize(("status", "free"), [(Status.STOPPED, True), (Status.FAILED, False)])
async def test_the_key_is_free_after_a_stop_and_not_after_a_failure(
    tmp_path: Path, status: Status, free: bool
) -> None:
    world = await running(tmp_path, job("a", JobStatus.RUNNING))
    await ended(world, status)
    assert (await world.store.sessions.claim("local", "k") is None) is free
    assert (await world.store.sessions.session("s")).status is status


async def test_items_that_nobody_will_report_end_with_their_job(tmp_path: Path) -> None:
    statuses = [JobStatus.SUCCEEDED, JobStatus.RUNNING, JobStatus.PENDING]
    items = [job("m", status, item=f"k{n}", index=n) for n, status in enumerate(statuses)]
    world = await running(tmp_path, job("m", JobStatus.RUNNING, items=3), *items)
    await ended(world, Status.TIMED_OUT)
    found = [item.status for item in await world.store.jobs.items("s", "r", 1, "m")]
    assert found == [JobStatus.SUCCEEDED, JobStatus.TIMED_OUT, JobStatus.STOPPED]


async def test_the_end_is_told_once(tmp_path: Path) -> None:
    world = await running(tmp_path, job("a", JobStatus.RUNNING), job("b", JobStatus.SUCCEEDED))
    await ended(world, Status.FAILED)
    told = [event.kind for event in await world.store.events.events("s")]
    assert told == ["job.failed", "attempt.failed", "session.failed"]
    await ended(world, Status.STOPPED)
    assert len(await world.store.events.events("s")) == 3
    assert (await world.store.sessions.attempt("s", "r", 1)).failure == WHY


async def test_an_execution_that_succeeded_cannot_make_lost_jobs_good(tmp_path: Path) -> None:
    world = await running(tmp_path, job("a", JobStatus.RUNNING), job("b", JobStatus.SUCCEEDED))
    await ended(world, Status.SUCCEEDED)
    assert (await world.store.sessions.attempt("s", "r", 1)).status is Status.FAILED


async def test_an_attempt_that_never_was_is_not_found(tmp_path: Path) -> None:
    with pytest.raises(NotFound):
        await ended(World(tmp_path), Status.FAILED)
