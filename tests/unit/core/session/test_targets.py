"""Facts for the planner, read from records, files and code."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from bunsui.core.models.session import Run
from bunsui.core.session.requests import DefinitionChoice
from bunsui.core.session.targets import candidate, history_of, notes_on, source_of
from bunsui.errors import Conflict, DefinitionInvalid, NotFound, UsageError
from tests.unit.core.world import World, failing

CURRENT, ORIGINAL = DefinitionChoice.CURRENT, DefinitionChoice.ORIGINAL
JOBS: dict[str, Any] = {
    "a": {},
    "m": {"needs": ["a"], "map": {"items": "{% $jobs.a %}"}},
    "p": {"lambda": {"handler": "handlers:run", "input": "{% $params.n %}"}},
}
PARAMS = {"n": {"type": "integer", "default": 1}}


@pytest.fixture
def world(tmp_path: Path) -> World:
    made = World(tmp_path)
    made.write({"a": {}, "p": JOBS["p"]}, params=PARAMS)
    return made


async def ran(world: World) -> Run:
    session = await world.start()
    return await world.store.sessions.run(session, "taxi")


async def test_the_definition_of_now_is_that_of_the_file_and_the_original_stays(world: World) -> None:
    run = await ran(world)
    world.write({"a": {}, "b": {}}, params=PARAMS)
    current = await source_of(world.ports, run, CURRENT, "eve")
    original = await source_of(world.ports, run, ORIGINAL, "eve")
    assert set(current.definition.pipeline.jobs) == {"a", "b"}
    assert set(original.definition.pipeline.jobs) == {"a", "p"}
    assert (current.version.registered_by, original.version.hash) == ("eve", run.definition)


async def test_a_file_that_now_holds_another_pipeline_is_a_conflict(world: World) -> None:
    run = await ran(world)
    world.file.write_text(world.file.read_text().replace("name: taxi", "name: bus"))
    with pytest.raises(Conflict, match="now defines pipeline bus") as caught:
        await source_of(world.ports, run, CURRENT, "eve")
    assert "--definition original" in caught.value.next_steps[0]


@pytest.mark.parametrize("text", ["", "jobs: ["])
async def test_a_file_that_is_broken_now_does_not_hinder_the_original(world: World, text: str) -> None:
    run = await ran(world)
    world.file.write_text(text)
    with pytest.raises(DefinitionInvalid):
        await source_of(world.ports, run, CURRENT, "eve")
    source = await source_of(world.ports, run, ORIGINAL, "eve")
    assert "code is not kept" in (await notes_on(world.ports, run, source, ORIGINAL, "eve"))[0]


async def test_who_asks_for_the_original_hears_what_has_changed_since(world: World) -> None:
    run = await ran(world)
    source = await source_of(world.ports, run, ORIGINAL, "eve")
    assert len(await notes_on(world.ports, run, source, ORIGINAL, "eve")) == 1
    world.write({"a": {"timeout": "5m"}, "p": JOBS["p"], "new": {}}, params=PARAMS)
    note = (await notes_on(world.ports, run, source, ORIGINAL, "eve"))[1]
    assert "(a, new)" in note
    assert await notes_on(world.ports, run, source, CURRENT, "eve") == ()


async def test_new_parameters_change_the_mark_of_what_reads_them_only(world: World) -> None:
    run = await ran(world)
    source = await source_of(world.ports, run, CURRENT, "eve")
    before = await candidate(world.ports, run, source, {})
    after = await candidate(world.ports, run, source, {"n": "2"})
    assert after.params == {"n": 2}
    changed = {
        job for job, mark in after.target.fingerprints.items() if mark != before.target.fingerprints[job]
    }
    assert changed == {"p"}
    with pytest.raises(UsageError):
        await candidate(world.ports, run, source, {"n": "two"})


async def test_a_parameter_that_is_no_longer_declared_is_left_behind(world: World) -> None:
    run = await ran(world)
    world.write({"a": {}})
    source = await source_of(world.ports, run, CURRENT, "eve")
    assert (await candidate(world.ports, run, source, {})).params == {}


async def test_the_items_of_a_map_are_known_where_what_gives_them_is(tmp_path: Path) -> None:
    world = World(tmp_path, outcomes={"a": [1, 2]})
    world.write(JOBS, params=PARAMS)
    run = await ran(world)
    source = await source_of(world.ports, run, CURRENT, "eve")
    items = (await candidate(world.ports, run, source, {})).target.items
    assert items["m"] is not None
    assert len(items["m"]) == 2


async def test_items_whose_list_is_gone_are_unknown_not_an_error(tmp_path: Path) -> None:
    world = World(tmp_path, outcomes=failing("a"))
    world.write(JOBS, params=PARAMS)
    run = await ran(world)
    source = await source_of(world.ports, run, CURRENT, "eve")
    assert (await candidate(world.ports, run, source, {})).target.items == {"m": None}


async def test_a_result_whose_blob_is_gone_is_not_available(world: World) -> None:
    world.outcomes = {"a": "x" * 100_000}
    run = await ran(world)
    world.blobs.data.clear()
    jobs = await world.store.jobs.job_runs(run.session_id, run.id, 1)
    attempt = await world.store.sessions.attempt(run.session_id, run.id, 1)
    facts = (await history_of(world.ports, run, attempt, jobs)).jobs
    assert (facts["a"].available, facts["p"].available) == (False, True)


async def test_without_a_version_there_is_nothing_to_run(world: World) -> None:
    run = (await ran(world)).model_copy(update={"definition": "gone"})
    with pytest.raises(NotFound):
        await source_of(world.ports, run, ORIGINAL, "eve")
