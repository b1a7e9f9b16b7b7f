"""The scenario of a month of taxi trips, on records alone: plan, calls and statuses of every row."""

from __future__ import annotations

from pathlib import Path

import pytest

from bunsui.core.models.base import JsonValue
from bunsui.core.models.payload import Failure
from bunsui.core.models.status import Action, Status
from bunsui.core.session.accept import accept, plan_accept
from bunsui.core.session.requests import AcceptRequest, DefinitionChoice, RerunRequest, Strategy
from bunsui.core.session.rerun import plan_session_rerun, rerun
from bunsui.core.session.view import session_view
from bunsui.errors import StalePlan
from tests.unit.core.world import TAXI, World, failing


@pytest.fixture
def world(tmp_path: Path) -> World:
    made = World(tmp_path)
    made.write(TAXI)
    return made


def acting(plan: dict[str, str], action: str) -> set[str]:
    return {job for job, does in plan.items() if does == action}


async def test_an_undisturbed_run_succeeds(world: World) -> None:
    session_id = await world.start()
    assert sorted(world.calls) == sorted(TAXI)
    assert set((await world.statuses(session_id)).values()) == {"succeeded"}
    assert (await world.store.sessions.session(session_id)).status is Status.SUCCEEDED


async def test_row_1_failed_runs_what_failed_and_its_downstream(world: World) -> None:
    cause = '{"Containers":[{"ExitCode":137}],"StoppedReason":"Essential container in task exited"}'
    world.write({**TAXI, "d": {"needs": ["c", "b"], "ecs": {"image": "enrich", "command": ["run"]}}})
    world.outcomes = {"d": Failure(error="States.TaskFailed", cause=cause)}
    session_id = await world.start()
    assert set(world.calls) == {"a", "b", "c", "d"}
    statuses = await world.statuses(session_id)
    assert [statuses[job] for job in "defgh"] == ["failed"] + ["upstream_failed"] * 4
    shown = await session_view(world.ports, session_id)
    d = next(job for job in shown.runs[0].jobs if job.id == "d")
    assert d.error is not None
    assert "out of memory" in d.error.cause
    world.outcomes = {}
    plan = await world.rerun(session_id, overrides={"d.memory": 1024})
    assert acting(plan, "run") == set(world.calls) == set("defgh")
    assert acting(plan, "reuse") == set("abc")
    assert world.seen["d"]["operations"][0]["overrides"]["Memory"] == "1024"
    assert (await world.store.sessions.session(session_id)).status is Status.SUCCEEDED
    reused = next(job for job in (await session_view(world.ports, session_id)).runs[0].jobs if job.id == "a")
    assert (reused.status, reused.attempt) == ("reused", 1)


async def test_reasons_name_the_root(world: World) -> None:
    world.outcomes = failing("d")
    session_id = await world.start()
    plan = await plan_session_rerun(world.ports, RerunRequest(session_id=session_id))
    jobs = plan.runs[0].jobs
    assert (jobs["d"].reason, jobs["d"].detail) == ("failed", "")
    assert {(jobs[job].reason, jobs[job].detail) for job in "efgh"} == {("downstream-of", "d")}
    assert {jobs[job].reason for job in "abc"} == {"unchanged"}


async def test_row_2_from_a_job_runs_its_downstream(world: World) -> None:
    world.outcomes = failing("g")
    session_id = await world.start()
    world.outcomes = {}
    world.code.versions["c"] = "v2"
    plan = await world.rerun(session_id, jobs=("c",))
    assert acting(plan, "run") == set(world.calls) == set("cdefgh")
    assert acting(plan, "reuse") == set("ab")


async def test_row_3_only_marks_what_depends_on_it_stale(world: World) -> None:
    session_id = await world.start()
    plan = await world.rerun(session_id, strategy=Strategy.ONLY, jobs=("f",))
    assert world.calls == ["f"]
    assert acting(plan, "stale") == {"g", "h"}
    session = await world.store.sessions.session(session_id)
    assert (session.status, session.stale) == (Status.SUCCEEDED, True)
    assert {name for name, job in (await world.jobs(session_id)).items() if job.stale} == {"g", "h"}


async def test_stale_results_can_be_accepted_with_a_reason(world: World) -> None:
    session_id = await world.start()
    await world.rerun(session_id, strategy=Strategy.ONLY, jobs=("f",))
    one = AcceptRequest(session_id=session_id, jobs=("g",), reason="same totals")
    await accept(world.ports, one, by="ada")
    assert (await world.store.sessions.session(session_id)).stale
    rest = AcceptRequest(session_id=session_id, reason="same totals")
    assert (await plan_accept(world.ports, rest)).jobs == ("taxi/h",)
    await accept(world.ports, rest, by="ada")
    assert not (await world.store.sessions.session(session_id)).stale
    assert (await world.jobs(session_id))["g"].stale_reason == "accepted by ada: same totals"
    assert (await plan_accept(world.ports, rest)).empty
    assert not acting(await world.rerun(session_id, strategy=Strategy.CHANGED), "run")


async def test_stale_results_are_run_by_changed(world: World) -> None:
    session_id = await world.start()
    await world.rerun(session_id, strategy=Strategy.ONLY, jobs=("f",))
    assert not acting(await world.rerun(session_id), "run")
    plan = await world.rerun(session_id, strategy=Strategy.CHANGED)
    assert acting(plan, "run") == {"g", "h"}
    assert not (await world.store.sessions.session(session_id)).stale


@pytest.mark.parametrize("strategy", [Strategy.FAILED, Strategy.CHANGED])
async def test_row_4_nothing_to_do_makes_no_attempt(world: World, strategy: Strategy) -> None:
    session_id = await world.start()
    plan = await world.rerun(session_id, strategy=strategy)
    assert acting(plan, "reuse") == set(TAXI)
    assert len(await world.store.sessions.attempts(session_id, "taxi")) == 1


async def test_row_6_the_definition_is_chosen(world: World) -> None:
    session_id = await world.start()
    world.write(
        {**TAXI, "e": {"needs": ["d"], "lambda": {"handler": "handlers:run", "input": {"column": 1}}}}
    )
    original = RerunRequest(
        session_id=session_id, strategy=Strategy.CHANGED, definition=DefinitionChoice.ORIGINAL
    )
    plan = await plan_session_rerun(world.ports, original)
    assert plan.empty
    assert any("(e)" in note for note in plan.runs[0].notes)
    done = await world.rerun(session_id, strategy=Strategy.CHANGED)
    assert acting(done, "run") == set(world.calls) == {"e", "g", "h"}
    attempts = await world.store.sessions.attempts(session_id, "taxi")
    assert attempts[0].definition != attempts[1].definition


async def test_failed_keeps_a_result_whose_code_changed_and_says_so(world: World) -> None:
    world.outcomes = failing("g")
    session_id = await world.start()
    world.outcomes = {}
    world.code.versions["c"] = "v2"
    plan = await plan_session_rerun(world.ports, RerunRequest(session_id=session_id))
    assert set(plan.runs[0].having(Action.RUN)) == {"g", "h"}
    assert any("taxi/c" in warning and "code-changed" in warning for warning in plan.warnings)


async def test_changed_finds_that_a_skipped_job_is_no_longer_on_the_branch(world: World) -> None:
    jobs: dict[str, dict[str, JsonValue]] = {
        "a": {"when": "{% $params.go %}"},
        "b": {"needs": ["a"]},
        "c": {"needs": ["b"]},
    }
    params = {"go": {"type": "boolean", "default": False}}
    world.write(jobs, params=params)
    session_id = await world.start()
    assert world.calls == []
    world.code.versions["b"] = world.code.versions["a"] = "v2"
    plan = await world.rerun(session_id, strategy=Strategy.CHANGED)
    assert set(plan.values()) == {"skip"}
    world.write({**jobs, "b": {}}, params=params)
    plan = await world.rerun(session_id, strategy=Strategy.CHANGED)
    assert plan == {"a": "skip", "b": "run", "c": "run"}
    assert world.calls == ["b", "c"]


async def test_changed_runs_a_warning_whose_broken_expression_was_mended(world: World) -> None:
    broken = {"severity": "warning", "when": "{% 'no boolean' %}"}
    world.write({"a": broken, "b": {"needs": ["a"]}})
    session_id = await world.start()
    assert world.calls == ["b"]
    kept = await world.rerun(session_id, strategy=Strategy.CHANGED)
    assert "run" not in kept.values()
    world.write({"a": {**broken, "when": "{% true %}"}, "b": {"needs": ["a"]}})
    assert await world.rerun(session_id, strategy=Strategy.CHANGED) == {"a": "run", "b": "run"}


async def test_a_rerun_that_was_planned_as_nothing_does_nothing(world: World) -> None:
    world.outcomes = failing("d")
    session_id = await world.start()
    with pytest.raises(StalePlan):
        await rerun(world.ports, RerunRequest(session_id=session_id), by="bob", nothing=True)
    assert (await world.store.sessions.run(session_id, "taxi")).attempt == 1
