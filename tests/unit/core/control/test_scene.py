"""An attempt while control works on it: what changed is committed once, and who was slower reads again."""

from __future__ import annotations

from pathlib import Path

import pytest

from bunsui.core.control.scene import Place, Scene, commit_scene, read_scene
from bunsui.core.models.limit import Maintenance
from bunsui.core.models.session import Pause
from bunsui.core.models.status import JobStatus, Status
from bunsui.core.session.reducer import JobEvent, job_after
from bunsui.core.session.requests import StartRequest
from bunsui.core.session.start import start
from bunsui.errors import Conflict, InternalError, NotFound
from tests.unit.core.records import NOW, later
from tests.unit.core.world import World


@pytest.fixture
def world(tmp_path: Path) -> World:
    made = World(tmp_path)
    made.write({"a": {}, "b": {}})
    return made


async def place(world: World) -> Place:
    request = StartRequest(profile="local", pipelines=(str(world.file),))
    session = (await start(world.ports, request, by="ada")).session_id
    return Place(session, "taxi", 1)


async def read(world: World) -> Scene:
    return await read_scene(world.control, await place(world))


def queue(scene: Scene, name: str) -> None:
    scene.put(job_after(scene.job(name), JobEvent.QUEUED, later(1), token="t"))


async def test_several_changes_of_a_job_make_one_new_version(world: World) -> None:
    scene = await read(world)
    queue(scene, "a")
    scene.put(scene.job("a").next(token="other"))
    (changed,) = scene.changed
    assert (changed.version, changed.token) == (2, "other")


async def test_nothing_changed_is_nothing_committed(world: World) -> None:
    scene = await read(world)
    await commit_scene(world.control, scene)
    assert (await world.store.sessions.attempt(scene.session.id, "taxi", 1)) == scene.attempt


async def test_of_two_that_change_an_attempt_at_once_the_slower_reads_again(world: World) -> None:
    where = await place(world)
    first, second = [await read_scene(world.control, where) for _ in range(2)]
    queue(first, "a")
    queue(second, "b")
    await commit_scene(world.control, first)
    with pytest.raises(Conflict):
        await commit_scene(world.control, second)


async def test_a_touch_makes_whoever_read_before_read_again(world: World) -> None:
    where = await place(world)
    before = await read_scene(world.control, where)
    await commit_scene(world.control, await read_scene(world.control, where), touch=True)
    queue(before, "a")
    with pytest.raises(Conflict):
        await commit_scene(world.control, before)
    assert (await read_scene(world.control, where)).attempt.status is Status.CREATED


async def test_an_attempt_begins_once_and_takes_run_and_session_along(world: World) -> None:
    where = await place(world)
    for name in ("a", "b"):
        scene = await read_scene(world.control, where)
        queue(scene, name)
        await commit_scene(world.control, scene, begins=True)
    after = await read_scene(world.control, where)
    assert {after.attempt.status, after.run.status, after.session.status} == {Status.RUNNING}
    assert after.attempt.started_at == NOW
    kinds = [event.kind for event in await world.store.events.events(where.session_id)]
    assert kinds.count("attempt.started") == 1
    assert kinds.index("attempt.started") < kinds.index("job.queued")


@pytest.mark.parametrize("hold", ["pause", "stopping", "maintenance", "none"])
async def test_a_session_is_held_for_three_reasons(world: World, hold: str) -> None:
    scene = await read(world)
    mark = Pause(by="ann", at=NOW)
    if hold in {"pause", "stopping"}:
        scene.session = scene.session.model_copy(update={hold: mark})
    on = hold == "maintenance"
    scene.maintenance = Maintenance(profile="local", on=on, by="ann", at=NOW)
    assert scene.held is (hold != "none")


async def test_a_job_that_the_definition_does_not_have_is_a_bug_of_ours(world: World) -> None:
    scene = await read(world)
    assert scene.job("a").status is JobStatus.PENDING
    with pytest.raises(InternalError, match="has no job zzz"):
        scene.job("zzz")


@pytest.mark.parametrize("missing", [Place("no", "taxi", 1), Place("", "no", 1)])
async def test_what_is_not_there_is_not_found(world: World, missing: Place) -> None:
    with pytest.raises(NotFound):
        await read_scene(world.control, missing)
