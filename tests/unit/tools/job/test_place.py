"""Which job of which attempt is meant, and what is said where none is."""

from __future__ import annotations

import pytest

from bunsui.core.models.base import Record
from bunsui.core.models.status import JobStatus
from bunsui.core.ports.store import Transaction
from bunsui.errors import NotFound, UsageError
from bunsui.testing.memory import MemoryStore
from bunsui.tools.job.place import find_item, find_job
from tests.unit.core.records import job, run, session


async def kept() -> MemoryStore:
    """Runs `eu` and `us` with a job `load`, `eu` at its second attempt; `draw` only in `us`."""
    store = MemoryStore()
    runs: list[Record] = [run("eu", attempt=2), run("us")]
    jobs = [
        job("load", run_id="eu"),
        job("load", run_id="eu", attempt=2, origin=1, position=1),
        job("load", run_id="us"),
        job("draw", run_id="us", items=2),
        job("draw", run_id="us", item="k1", index=0, status=JobStatus.FAILED),
    ]
    await store.commit(Transaction(put=[session(run_ids=("eu", "us")), *runs, *jobs]))
    return store


async def test_the_newest_attempt_is_meant_unless_one_is_named() -> None:
    store = await kept()
    assert (await find_job(store, "s", "eu/load", None)).attempt == 2
    assert (await find_job(store, "s", "eu/load", 1)).attempt == 1


async def test_a_job_that_only_one_run_has_needs_no_run() -> None:
    assert (await find_job(await kept(), "s", "draw", None)).run_id == "us"


async def test_a_job_that_several_runs_have_asks_for_the_run() -> None:
    with pytest.raises(UsageError, match="name one of eu/load, us/load"):
        await find_job(await kept(), "s", "load", None)


@pytest.mark.parametrize(
    ("ref", "attempt", "message", "hint"),
    [
        ("drw", None, "no job 'drw'", "did you mean draw?"),
        ("su/load", None, "no run 'su'", "did you mean us?"),
        ("zzz", None, "there are: load, draw", "bunsui session show s"),
        ("us/load", 7, "no attempt 7: the newest is 1", "bunsui session show s"),
    ],
)
async def test_what_is_not_there_is_told_with_the_nearest(
    ref: str, attempt: int | None, message: str, hint: str
) -> None:
    with pytest.raises(NotFound, match=message) as caught:
        await find_job(await kept(), "s", ref, attempt)
    assert hint in caught.value.next_steps


async def test_an_unknown_session_is_not_found() -> None:
    with pytest.raises(NotFound, match="no session x"):
        await find_job(await kept(), "x", "load", None)


async def test_an_item_is_found_by_its_key_and_the_job_without_one() -> None:
    store = await kept()
    whole = await find_job(store, "s", "draw", None)
    assert (await find_item(store, whole, "k1")).status is JobStatus.FAILED
    assert await find_item(store, whole, "") is whole
    with pytest.raises(NotFound, match="no item 'k2'") as caught:
        await find_item(store, whole, "k2")
    assert caught.value.next_steps == ("did you mean k1?",)
