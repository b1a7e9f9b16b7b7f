"""Accepting stale results: named, with a reason that is kept, and nothing else changes."""

from __future__ import annotations

from pathlib import Path

import pytest

from bunsui.core.session.accept import accept, plan_accept
from bunsui.core.session.requests import AcceptRequest, StartRequest, Strategy
from bunsui.core.session.start import start
from bunsui.errors import Conflict, NotFound, UsageError
from tests.unit.core.world import World


@pytest.fixture
def world(tmp_path: Path) -> World:
    made = World(tmp_path)
    made.write({"a": {}, "b": {"needs": ["a"]}, "c": {"needs": ["b"]}})
    return made


async def stale(world: World) -> str:
    """A session in which b and c are stale, because a alone was run again."""
    session = await world.start()
    await world.rerun(session, strategy=Strategy.ONLY, jobs=("a",))
    return session


def asked(session: str, *jobs: str, reason: str = "checked") -> AcceptRequest:
    return AcceptRequest(session_id=session, reason=reason, jobs=jobs)


async def test_without_names_all_that_is_stale_is_accepted(world: World) -> None:
    session = await stale(world)
    done = await accept(world.ports, asked(session), by="eve")
    assert done.plan.jobs == ("taxi/b", "taxi/c")
    jobs = await world.jobs(session)
    assert not any(job.stale for job in jobs.values())
    assert jobs["b"].stale_reason == "accepted by eve: checked"
    assert not (await world.store.sessions.session(session)).stale


async def test_with_names_the_others_stay_stale(world: World) -> None:
    session = await stale(world)
    await accept(world.ports, asked(session, "b"), by="eve")
    assert [name for name, job in (await world.jobs(session)).items() if job.stale] == ["c"]
    assert (await world.store.sessions.session(session)).stale


async def test_who_accepted_is_an_event(world: World) -> None:
    session = await stale(world)
    await accept(world.ports, asked(session, "taxi/c"), by="eve")
    event = (await world.store.events.events(session))[-1]
    assert (event.kind, event.job, event.data) == ("job.accepted", "c", {"by": "eve", "reason": "checked"})


async def test_what_is_not_stale_needs_no_accepting(world: World) -> None:
    session = await world.start()
    assert (await plan_accept(world.ports, asked(session))).empty
    before = await world.jobs(session)
    await accept(world.ports, asked(session, "a"), by="eve")
    assert await world.jobs(session) == before


@pytest.mark.parametrize("reason", ["", "  \n"])
async def test_a_reason_is_needed(world: World, reason: str) -> None:
    with pytest.raises(UsageError, match="needs a reason") as caught:
        await plan_accept(world.ports, asked("any", reason=reason))
    assert caught.value.next_steps == ("Give --reason TEXT.",)


async def test_an_unknown_job_is_not_found(world: World) -> None:
    with pytest.raises(NotFound):
        await plan_accept(world.ports, asked(await stale(world), "d"))


async def test_nothing_is_accepted_while_an_attempt_is_open(world: World) -> None:
    request = StartRequest(profile="local", pipelines=(str(world.file),))
    session = (await start(world.ports, request, by="ada")).session_id
    with pytest.raises(Conflict, match="has not ended") as caught:
        await plan_accept(world.ports, asked(session))
    assert caught.value.details["by"] == "ada"


async def test_a_rerun_after_accepting_leaves_the_accepted_alone(world: World) -> None:
    session = await stale(world)
    await accept(world.ports, asked(session), by="eve")
    assert set((await world.rerun(session, strategy=Strategy.CHANGED)).values()) <= {"reuse"}
