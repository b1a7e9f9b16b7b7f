"""What the functions and tasks of an attempt are: those of its version, with the overrides of its run."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from bunsui.core.models.session import Overrides
from bunsui.errors import NotFound
from bunsui.local.engine.executions import Owner
from bunsui.local.secrets import Secrets
from bunsui.local.worker.programs import Program, Programs
from tests.unit.core.world import World, failing

SECRET: dict[str, Any] = {
    "a": {"lambda": {"handler": "handlers:run", "input": {"pw": "{% $params.pw %}"}}},
    "b": {"needs": ["a"], "ecs": {"image": "i", "command": ["true"], "cpu": 256, "memory": 512}},
}


@pytest.fixture
def world(tmp_path: Path) -> World:
    made = World(tmp_path)
    made.write(SECRET, params={"pw": {"type": "secret"}})
    return made


def programs(world: World) -> Programs:
    return Programs(world.store, Secrets({"PW": "hunter2"}))


async def started(world: World, **more: Any) -> Owner:
    session = await world.start(params={"pw": "env:PW"}, **more)
    return Owner(session_id=session, run_id="taxi", attempt=1)


async def program(world: World) -> Program:
    return await programs(world).of(await started(world))


async def test_functions_and_tasks_are_found_by_the_names_in_the_machine(world: World) -> None:
    found = await program(world)
    (function,), (task,) = found.compiled.functions, found.compiled.tasks
    assert found.function(function) is found.compiled.functions[function]
    assert found.task(task) is found.compiled.tasks[task]
    assert found.project == world.folder


async def test_a_name_that_the_pipeline_does_not_have_is_told_with_those_it_has(world: World) -> None:
    found = await program(world)
    with pytest.raises(NotFound, match="no function nope") as caught:
        found.function("nope")
    assert next(iter(found.compiled.functions)) in caught.value.next_steps[0]
    with pytest.raises(NotFound, match="no task definition nope"):
        found.task("nope")


async def test_secrets_are_put_in_their_places_only_when_asked(world: World) -> None:
    found = await program(world)
    assert "hunter2" not in str(world.seen["a"])
    assert "hunter2" in str(found.reveal(world.seen["a"]))
    assert found.mask().data(b"x hunter2 y") == b"x ******* y"


async def test_a_rerun_with_another_definition_has_another_program(world: World) -> None:
    world.outcomes = failing("b")
    known, first = programs(world), await started(world)
    before = await known.of(first)
    world.write({**SECRET, "c": {}}, params={"pw": {"type": "secret"}})
    await world.rerun(first.session_id, overrides={"b.memory": 1024})
    after = await known.of(Owner(session_id=first.session_id, run_id="taxi", attempt=2))
    assert set(after.pipeline.jobs) - set(before.pipeline.jobs) == {"c"}
    assert (await known.of(first)) is before
    assert after.overrides("b") == Overrides(memory=1024)
    assert after.overrides("a") == Overrides()


async def test_an_attempt_that_never_was_is_not_found(world: World) -> None:
    with pytest.raises(NotFound):
        await programs(world).of(Owner(session_id="no", run_id="taxi", attempt=1))
