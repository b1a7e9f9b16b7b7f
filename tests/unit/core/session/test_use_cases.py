from __future__ import annotations

import asyncio
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from bunsui.core.models.base import Model
from bunsui.core.models.job import Try
from bunsui.core.models.payload import Failure
from bunsui.core.models.pipeline_version import PipelineVersion
from bunsui.core.models.plan import Effect, PlanState, StoredPlan
from bunsui.core.models.status import Action, Status
from bunsui.core.pipeline import canonical, load_pipeline
from bunsui.core.ports.engine import EngineExecution
from bunsui.core.ports.store import Transaction
from bunsui.core.session.accept import accept
from bunsui.core.session.reconcile import carry_on, reconcile
from bunsui.core.session.requests import (
    AcceptRequest,
    DefinitionChoice,
    RerunRequest,
    StartRequest,
    StopRequest,
    Strategy,
)
from bunsui.core.session.rerun import plan_session_rerun, rerun
from bunsui.core.session.start import plan_start, start
from bunsui.core.session.stop import plan_stop, stop
from bunsui.core.session.view import plan_view, session_view
from bunsui.errors import ApprovalDenied, Blocked, Conflict, NotFound, StalePlan, Unavailable, UsageError
from tests.unit.core.world import TAXI, World, failing


@pytest.fixture
def world(tmp_path: Path) -> World:
    made = World(tmp_path)
    made.write(TAXI)
    return made


def asked(world: World, **more: Any) -> StartRequest:
    return StartRequest(**{"profile": "local", "pipelines": (str(world.file),), **more})


async def stored(world: World, plan: Model, **more: Any) -> StoredPlan:
    given = {
        "id": world.ids.plan(),
        "tool": "session_start",
        "effect": Effect.SPEND,
        "profile": "local",
        "arguments": {},
        "title": "t",
        "text": (),
        "body": plan.model_dump(mode="json"),
        "digest": "d",
        "created_by": "ada",
        "created_at": world.clock.now(),
        "expires_at": world.clock.now() + timedelta(hours=1),
        **more,
    }
    made = StoredPlan(**given)
    await world.store.commit(Transaction(put=[made]))
    return made


async def register(world: World) -> PipelineVersion:
    loaded = load_pipeline(world.file)
    version = PipelineVersion(
        name="taxi",
        hash=loaded.version,
        definition=canonical(loaded.pipeline),
        project=str(loaded.project),
        source=str(world.file),
        registered=True,
        registered_by="ada",
        registered_at=world.clock.advance(),
    )
    await world.store.commit(Transaction(put=[version]))
    return version


async def test_a_start_is_planned_whole(world: World) -> None:
    plan = await plan_start(world.ports, asked(world))
    shown = plan_view(plan, id="p", digest="d").model_dump(mode="json")
    assert shown["runs"][0]["id"] == "taxi"
    assert [job["id"] for job in shown["runs"][0]["jobs"]] == list(TAXI)
    assert {job["action"] for job in shown["runs"][0]["jobs"]} == {"run"}
    assert await world.store.sessions.active() == []


async def test_several_pipelines_run_in_one_session(world: World, tmp_path: Path) -> None:
    other = World(tmp_path / "other")
    other.folder.mkdir()
    other.write({"x": {}}, name="elt", params={"n": {"type": "integer", "default": 1}})
    both = asked(world, pipelines=(str(world.file), str(other.file)), params={"n": "3"})
    done = await start(world.ports, both, by="ada")
    runs = await world.store.sessions.runs(done.session_id)
    assert [(run.id, run.params) for run in runs] == [("taxi", {}), ("elt", {"n": 3})]
    with pytest.raises(UsageError, match="Pipeline taxi is named twice") as caught:
        await start(world.ports, asked(world, pipelines=(str(world.file),) * 2), by="ada")
    assert "--each" in caught.value.next_steps[0]


@pytest.mark.parametrize("more", [{"params": {"nope": "1"}}, {"pipelines": ()}])
async def test_a_wrong_start_leaves_nothing(world: World, more: dict[str, Any]) -> None:
    with pytest.raises(UsageError):
        await start(world.ports, asked(world, **more), by="ada")
    assert await world.store.sessions.active() == []


async def test_a_key_is_refused_until_its_session_succeeded_or_was_stopped(world: World) -> None:
    world.outcomes = failing("d")
    first = await world.start(key="2026-03")
    with pytest.raises(Conflict) as raised:
        await plan_start(world.ports, asked(world, key="2026-03"))
    assert first in raised.value.message
    assert "ada" in raised.value.message
    await plan_start(world.ports, asked(world, key="2026-03", profile="other"))
    world.outcomes = {}
    second = await world.start(key="2026-03", allow_duplicate=True)
    with pytest.raises(Conflict):
        await start(world.ports, asked(world, key="2026-03"), by="ada")
    await world.rerun(first)
    assert (await world.store.sessions.session(second)).status is Status.SUCCEEDED
    await world.start(key="2026-03")


async def test_of_two_starts_with_one_key_one_wins(world: World) -> None:
    results = await asyncio.gather(
        *(start(world.ports, asked(world, key="k"), by=name) for name in ("ada", "bob")),
        return_exceptions=True,
    )
    assert sorted(isinstance(result, Conflict) for result in results) == [False, True]
    assert len(await world.store.sessions.active()) == 1


async def test_of_two_reruns_one_wins_and_the_other_hears_who(world: World) -> None:
    world.outcomes = failing("d")
    session_id = await world.start()
    results = await asyncio.gather(
        *(rerun(world.ports, RerunRequest(session_id=session_id), by=name) for name in ("bob", "eve")),
        return_exceptions=True,
    )
    lost = [result for result in results if isinstance(result, Conflict)]
    assert len(lost) == 1
    assert "attempt 2" in lost[0].message
    assert "rerun (failed) by" in lost[0].message
    assert len(await world.store.sessions.attempts(session_id, "taxi")) == 2
    with pytest.raises(Conflict):
        await plan_session_rerun(world.ports, RerunRequest(session_id=session_id))


async def test_an_approved_plan_is_used_once_and_only_as_it_was(world: World) -> None:
    plan = await plan_start(world.ports, asked(world))
    approved = await stored(world, plan)
    await start(world.ports, asked(world), by="ada", approved=approved)
    used = await world.store.plans.plan(approved.id)
    assert (used.state, used.used_at) == (PlanState.USED, world.clock.now())
    with pytest.raises(Conflict):
        await start(world.ports, asked(world), by="ada", approved=used)
    with pytest.raises(Conflict):
        await start(world.ports, asked(world), by="ada", approved=approved)


async def test_a_plan_over_a_state_that_moved_is_stale(world: World) -> None:
    world.outcomes = failing("d")
    session_id = await world.start()
    request = RerunRequest(session_id=session_id)
    approved = await stored(world, await plan_session_rerun(world.ports, request))
    await world.rerun(session_id)
    with pytest.raises(StalePlan):
        await rerun(world.ports, request, by="bob", approved=approved)


@pytest.mark.parametrize("more", [{"state": PlanState.DENIED}, {"expires_at": World(Path()).clock.now()}])
async def test_a_denied_or_expired_plan_is_refused(world: World, more: dict[str, Any]) -> None:
    approved = await stored(world, await plan_start(world.ports, asked(world)), **more)
    with pytest.raises(ApprovalDenied):
        await start(world.ports, asked(world), by="ada", approved=approved)


async def test_an_empty_rerun_uses_its_plan_and_makes_no_attempt(world: World) -> None:
    session_id = await world.start()
    request = RerunRequest(session_id=session_id)
    approved = await stored(world, await plan_session_rerun(world.ports, request))
    done = await rerun(world.ports, request, by="bob", approved=approved)
    assert done.plan.empty
    assert (await world.store.plans.plan(approved.id)).state is PlanState.USED
    assert len(await world.store.sessions.attempts(session_id, "taxi")) == 1


async def test_overrides_stay_for_later_attempts(world: World) -> None:
    world.outcomes = failing("d", "e")
    session_id = await world.start()
    await world.rerun(session_id, overrides={"d.memory": "1024", "taxi/d.timeout": 60})
    await world.rerun(session_id, overrides={"d.memory": 2048})
    operation = world.seen["d"]["operations"][0]
    assert (operation["memory"], operation["timeout"]) == (2048, 60)


@pytest.mark.parametrize("name, value", [("d", 1), ("d.colour", 1), ("d.memory", "much"), ("d.memory", 0)])
async def test_a_wrong_override_is_refused(world: World, name: str, value: Any) -> None:
    world.outcomes = failing("d")
    session_id = await world.start()
    with pytest.raises(UsageError):
        await rerun(world.ports, RerunRequest(session_id=session_id, overrides={name: value}), by="bob")


async def test_a_new_parameter_runs_what_reads_it(world: World) -> None:
    lr = {"needs": ["a"], "lambda": {"handler": "handlers:run", "input": {"lr": "{% $params.lr %}"}}}
    world.write(
        {"a": {}, "train": lr, "end": {"needs": ["train"]}}, params={"lr": {"type": "number", "default": 1}}
    )
    session_id = await world.start()
    plan = await world.rerun(session_id, params={"lr": "0.5"})
    assert plan == {"a": "reuse", "train": "run", "end": "run"}
    assert (await world.store.sessions.run(session_id, "taxi")).params == {"lr": 0.5}
    with pytest.raises(UsageError):
        await plan_session_rerun(world.ports, RerunRequest(session_id=session_id, params={"x": 1}))


async def test_a_named_job_that_lacks_its_input_is_an_error(world: World) -> None:
    world.outcomes = failing("d")
    session_id = await world.start()
    request = RerunRequest(session_id=session_id, strategy=Strategy.ONLY, jobs=("e",))
    assert (await plan_session_rerun(world.ports, request)).runs[0].jobs["e"].action is Action.BLOCKED
    with pytest.raises(Blocked):
        await rerun(world.ports, request, by="bob")


async def test_what_is_left_out_stays_as_it_was(world: World) -> None:
    world.outcomes = failing("d")
    session_id = await world.start()
    world.outcomes = {}
    await world.rerun(session_id, strategy=Strategy.ONLY, jobs=("d",))
    statuses = await world.statuses(session_id)
    assert [statuses[job] for job in "cde"] == ["reused", "succeeded", "upstream_failed"]
    assert (await world.store.sessions.session(session_id)).status is Status.FAILED
    plan = await world.rerun(session_id)
    assert {job for job, action in plan.items() if action == "run"} == set("efgh")


async def test_a_session_started_by_name_takes_the_newest_registered_version(world: World) -> None:
    first = await register(world)
    session_id = await world.start(pipelines=("taxi",))
    assert (await world.store.sessions.run(session_id, "taxi")).source is None
    world.write({**TAXI, "h": {"needs": ["g"], "lambda": {"handler": "handlers:run", "input": 1}}})
    changed = RerunRequest(session_id=session_id, strategy=Strategy.CHANGED)
    assert (await plan_session_rerun(world.ports, changed)).empty
    second = await register(world)
    plan = await plan_session_rerun(world.ports, changed)
    assert (plan.runs[0].definition, list(plan.runs[0].having(Action.RUN))) == (second.hash, ["h"])
    original = RerunRequest(
        session_id=session_id, strategy=Strategy.ALL, definition=DefinitionChoice.ORIGINAL
    )
    assert (await plan_session_rerun(world.ports, original)).runs[0].definition == first.hash


async def test_stop_ends_what_runs_and_frees_the_key(world: World) -> None:
    done = await start(world.ports, asked(world, key="k"), by="ada")
    request = StopRequest(session_id=done.session_id, reason="wrong month")
    plan = await plan_stop(world.ports, request)
    assert plan.attempts == {"taxi/1": tuple(TAXI)}
    approved = await stored(world, plan)
    await stop(world.ports, request, by="bob", approved=approved)
    execution = world.engine.starts[0].name
    assert world.engine.executions[execution].failure == Failure(
        error="Bunsui.Stopped", cause="stopped by bob: wrong month"
    )
    await reconcile(world.ports)
    session = await world.store.sessions.session(done.session_id)
    assert session.status is Status.STOPPED
    assert (await plan_stop(world.ports, request)).empty
    await stop(world.ports, request, by="bob")
    assert await world.store.sessions.claim("local", "k") is None
    plan_after = await world.rerun(done.session_id)
    assert set(plan_after.values()) == {"run"}
    assert (await world.store.sessions.session(done.session_id)).stopping is None


async def test_stopping_a_failed_session_gives_it_up_and_frees_its_key(world: World) -> None:
    world.outcomes = failing("d")
    session_id = await world.start(key="k")
    request = StopRequest(session_id=session_id)
    assert (await plan_stop(world.ports, request)).lines == ("gives the failed session up, and its key free",)
    await stop(world.ports, request, by="bob")
    assert (await world.store.sessions.session(session_id)).status is Status.STOPPED
    world.outcomes = {}
    await world.start(key="k")
    assert (await world.rerun(session_id))["d"] == "run"
    assert (await world.store.sessions.session(session_id)).status is Status.SUCCEEDED


async def test_a_session_that_never_got_to_start_can_be_stopped(world: World) -> None:
    world.engine.down = True
    with pytest.raises(Unavailable):
        await start(world.ports, asked(world), by="ada")
    (session,) = await world.store.sessions.active()
    await stop(world.ports, StopRequest(session_id=session.id), by="bob")
    assert (await world.store.sessions.session(session.id)).status is Status.STOPPED


async def test_reconcile_starts_what_was_only_recorded(world: World) -> None:
    world.engine.down = True
    with pytest.raises(Unavailable):
        await start(world.ports, asked(world), by="ada")
    world.engine.down = False
    assert len(await reconcile(world.ports)) == 1
    assert await reconcile(world.ports) == []
    (session,) = await world.store.sessions.active()
    await world.run_out(session.id)
    assert (await world.store.sessions.session(session.id)).status is Status.SUCCEEDED


async def test_whoever_waits_starts_what_was_only_recorded(world: World) -> None:
    world.engine.down = True
    with pytest.raises(Unavailable):
        await start(world.ports, asked(world), by="ada")
    world.engine.down = False
    (session,) = await world.store.sessions.active()
    for _ in range(2):
        await carry_on(world.ports, session.id)
    assert len(world.engine.starts) == 1


async def test_reconcile_closes_what_ended_unrecorded(world: World) -> None:
    done = await start(world.ports, asked(world, key="k"), by="ada")
    name = world.engine.starts[0].name
    failure = Failure(error="States.Runtime", cause="bad")
    world.engine.executions[name] = EngineExecution(name=name, status="FAILED", failure=failure)
    await reconcile(world.ports)
    attempt = await world.store.sessions.attempt(done.session_id, "taxi", 1)
    assert (attempt.status, attempt.failure) == (Status.FAILED, failure)
    assert await world.store.sessions.claim("local", "k") is not None


async def test_accepting_needs_a_reason_and_known_jobs(world: World) -> None:
    session_id = await world.start()
    with pytest.raises(UsageError):
        await accept(world.ports, AcceptRequest(session_id=session_id, reason=" "), by="ada")
    with pytest.raises(NotFound):
        await accept(world.ports, AcceptRequest(session_id=session_id, reason="r", jobs=("zz",)), by="ada")


async def test_the_view_tells_cause_and_log_of_failed_jobs_only(world: World) -> None:
    world.outcomes = {
        "d": Failure(error="KeyError", cause='{"errorMessage": "\\u001b[31mfare", "trace": []}')
    }
    session_id = await world.start(tags={"team": "taxi"})
    tries = [
        Try(
            session_id=session_id,
            run_id="taxi",
            attempt=1,
            job=job,
            started_at=world.clock.now(),
            log=f"log/{job}",
        )
        for job in "cd"
    ]
    await world.store.commit(Transaction(put=tries))
    for job in "cd":
        world.logs.write(f"log/{job}", b"x\n" * 100 + b"\x1b[31mlast\x00 line\n")
    shown = await session_view(world.ports, session_id)
    jobs = {job.id: job for job in shown.runs[0].jobs}
    assert jobs["c"].log_tail is None
    tail = jobs["d"].log_tail
    assert tail is not None
    assert tail.endswith("x\nlast line")
    assert len(tail.splitlines()) == 20
    assert jobs["d"].error == Failure(error="KeyError", cause="fare")
    assert (shown.tags, shown.runs[0].attempts[0].number) == ({"team": "taxi"}, 1)


async def test_reads_of_what_is_not_there_are_told(world: World) -> None:
    for call in (
        session_view(world.ports, "nope"),
        plan_session_rerun(world.ports, RerunRequest(session_id="nope")),
        plan_stop(world.ports, StopRequest(session_id="nope")),
    ):
        with pytest.raises(NotFound):
            await call
