"""Cached results: taken where the plan says so, named with their origin, never mixed with recovery."""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar

import pytest

from bunsui.core.models.base import JsonValue
from bunsui.core.models.plan import JobPlan
from bunsui.core.pipeline import load_pipeline
from bunsui.core.ports.store import Transaction
from bunsui.core.session.requests import RerunRequest, StartRequest, Strategy
from bunsui.core.session.rerun import plan_session_rerun
from bunsui.core.session.start import plan_start
from bunsui.errors import DefinitionInvalid
from bunsui.testing.memory import MemoryBlobs
from tests.unit.core.world import World, failing

READS = {"input": {"day": "{% $params.day %}"}}
JOBS: dict[str, dict[str, Any]] = {
    "a": {"cache": True, "lambda": {"handler": "handlers:run", **READS}},
    "b": {"cache": True, "needs": ["a"]},
    "c": {"needs": ["b"]},
}
OUTPUTS: dict[str, JsonValue] = {"a": {"rows": 1}, "b": {"rows": 2}, "c": {"rows": 3}}


@pytest.fixture
def world(tmp_path: Path) -> World:
    made = World(tmp_path)
    made.write(JOBS, params={"day": {"type": "string", "default": "mon"}})
    made.outcomes.update(OUTPUTS)
    return made


async def planned(world: World, **request: Any) -> dict[str, JobPlan]:
    given = {"profile": "local", "pipelines": (str(world.file),), **request}
    return (await plan_start(world.ports, StartRequest(**given))).runs[0].jobs


async def session(world: World, **request: Any) -> tuple[str, list[str]]:
    """A session, and the jobs that were called for it."""
    world.calls.clear()
    found = await world.start(**request)
    return found, sorted(world.calls)


def actions(jobs: dict[str, JobPlan]) -> dict[str, tuple[str, str]]:
    return {job: (plan.action.value, plan.reason.value) for job, plan in jobs.items()}


async def test_another_session_takes_what_is_the_same_and_says_from_where(world: World) -> None:
    first, calls = await session(world)
    assert calls == ["a", "b", "c"]
    plan = await planned(world)
    assert actions(plan) == {"a": ("reuse", "cached"), "b": ("reuse", "cached"), "c": ("run", "new")}
    assert plan["a"].detail == f"session {first} run taxi attempt 1"
    second, calls = await session(world)
    assert calls == ["c"]
    jobs = await world.jobs(second)
    assert await world.statuses(second) == {"a": "reused", "b": "reused", "c": "succeeded"}
    assert jobs["b"].output is not None
    assert jobs["b"].output.value == {"rows": 2}
    assert jobs["a"].session_id == second
    # What was taken is no source: a third session names the one that made it.
    assert (await planned(world))["a"].detail == plan["a"].detail


async def test_force_and_other_parameters_and_other_code_run(world: World) -> None:
    await session(world)
    assert (await session(world, force=True))[1] == ["a", "b", "c"]
    # b is given the same as before, but that is only known once a has run.
    assert (await session(world, params={"day": "tue"}))[1] == ["a", "b", "c"]
    world.code.versions["b"] = "v2"
    assert (await session(world))[1] == ["b", "c"]


async def test_only_what_succeeded_counts(world: World) -> None:
    world.outcomes.update(failing("b"))
    first, _ = await session(world)
    world.outcomes.update(OUTPUTS)
    assert (await session(world))[1] == ["b", "c"]
    # In the failed session b is cached now, and what depends on it runs.
    plan = await plan_session_rerun(world.ports, RerunRequest(session_id=first))
    assert actions(plan.runs[0].jobs) == {
        "a": ("reuse", "unchanged"),
        "b": ("reuse", "cached"),
        "c": ("run", "downstream-of"),
    }
    await world.rerun(first)
    assert world.calls == ["c"]


async def test_a_rerun_that_only_takes_cached_results_ends_the_session(world: World) -> None:
    world.write({"a": JOBS["a"]}, params={"day": {"type": "string", "default": "mon"}})
    world.outcomes.update(failing("a"))
    first, _ = await session(world)
    world.outcomes.update(OUTPUTS)
    await session(world)
    assert await world.rerun(first) == {"a": "reuse"}
    assert world.calls == []
    assert (await world.store.sessions.session(first)).status.value == "succeeded"


async def test_what_is_asked_for_by_name_runs(world: World) -> None:
    first, _ = await session(world)
    await session(world)
    assert (await world.rerun(first, jobs=("a",)))["a"] == "run"
    assert (await world.rerun(first, strategy=Strategy.ALL))["b"] == "run"


async def test_going_back_to_old_parameters_takes_the_old_result(world: World) -> None:
    first, _ = await session(world)
    await world.rerun(first, params={"day": "tue"})
    plan = await plan_session_rerun(world.ports, RerunRequest(session_id=first, params={"day": "mon"}))
    assert actions(plan.runs[0].jobs)["a"] == ("reuse", "cached")
    assert plan.runs[0].jobs["a"].detail.endswith("attempt 1")


async def test_a_deleted_session_gives_nothing_and_leaves_what_was_taken(world: World) -> None:
    first, _ = await session(world)
    second, _ = await session(world)
    gone = await world.store.sessions.session(first)
    await world.store.commit(Transaction(delete=[gone]))
    assert actions(await planned(world))["a"] == ("run", "new")
    output = (await world.jobs(second))["a"].output
    assert output is not None
    assert output.value == {"rows": 1}


async def test_a_result_that_cannot_be_read_is_no_result(world: World) -> None:
    world.outcomes["a"] = {"rows": "x" * 40_000}
    await session(world)
    assert actions(await planned(world))["a"] == ("reuse", "cached")
    world.blobs.data.clear()
    assert actions(await planned(world))["a"] == ("run", "new")


class Touched(MemoryBlobs):
    """Remembers what was put: that is not cleared for a while."""

    keys: ClassVar[set[str]] = set()

    async def put(self, data: bytes) -> str:
        key = await super().put(data)
        self.keys.add(key)
        return key


async def test_what_a_taken_record_refers_to_is_not_cleared_in_the_same_moment(tmp_path: Path) -> None:
    world = World(tmp_path, blobs=Touched())
    world.write({"a": JOBS["a"]}, params={"day": {"type": "string", "default": "x" * 40_000}})
    world.outcomes["a"] = {"rows": "x" * 50_000}
    await session(world)
    Touched.keys.clear()
    second, calls = await session(world)
    taken = (await world.jobs(second))["a"]
    assert calls == []
    assert {value.blob for value in (taken.input, taken.output) if value} == Touched.keys
    assert taken.input is not None
    del world.blobs.data[str(taken.input.blob)]
    assert actions(await planned(world))["a"] == ("run", "new")


@pytest.mark.parametrize("reads", ["$params.token", "$lookup($params, $params.day)"])
async def test_of_a_secret_the_reference_counts_and_the_plan_says_so(world: World, reads: str) -> None:
    params = {"day": {"type": "string", "default": "token"}, "token": {"type": "secret"}}
    read = {"handler": "handlers:run", "input": {"t": "{% " + reads + " %}"}}
    world.write({"a": {"cache": True, "lambda": read}, "b": {"cache": True}}, params=params)
    first, _ = await session(world, params={"token": "env:ONE"})
    plan = await planned(world, params={"token": "env:ONE"})
    origin = f"session {first} run taxi attempt 1"
    assert (plan["a"].action.value, plan["a"].detail) == ("reuse", f"{origin}, whatever token held then")
    assert plan["b"].detail == origin
    other = await planned(world, params={"token": "env:TWO"})
    assert actions(other) == {"a": ("run", "new"), "b": ("reuse", "cached")}


@pytest.mark.parametrize(
    "job, message",
    [
        ({"map": {"items": [1]}}, "combined with map"),
        ({"approval": {"message": "Go?"}}, "combined with approval"),
        ({"lambda": {"handler": "handlers:run", "input": {"key": "{% $session.key %}"}}}, r"reads \$session"),
        ({"when": "{% $session.key = 'x' %}"}, r"reads \$session"),
    ],
)
def test_what_a_cache_cannot_go_with(world: World, job: dict[str, Any], message: str) -> None:
    world.write({"a": {"cache": True, **job}})
    with pytest.raises(DefinitionInvalid, match=message):
        load_pipeline(world.file)
