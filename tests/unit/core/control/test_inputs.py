"""What decides the result of a job, part by part."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from bunsui.core.control.inputs import fingerprint_of, mark_of_skipped, resolved
from bunsui.core.control.scene import Place, Scene, read_scene
from bunsui.core.models.job import Fingerprint
from bunsui.core.models.pipeline import Job
from bunsui.core.pipeline import Bindings
from bunsui.errors import RunFailed
from tests.unit.core.world import World

JOBS: dict[str, Any] = {
    "a": {},
    "b": {"lambda": {"handler": "handlers:run", "input": {"x": "{% $jobs.a.v & $params.n %}"}}},
}


async def mark(
    folder: Path, output: Any = 1, n: str = "1", code: str = "v1"
) -> tuple[World, Scene, Fingerprint]:
    world = World(folder, outcomes={"a": {"v": output}})
    world.code.versions["b"] = code
    world.write(JOBS, params={"n": {"type": "string"}, "unread": {"type": "string", "default": n}})
    session = await world.start(params={"n": n})
    scene = await read_scene(world.control, Place(session, "taxi", 1))
    return world, scene, await fingerprint_of(world.control, scene, "b")


async def test_every_part_follows_what_it_stands_for_and_nothing_else(tmp_path: Path) -> None:
    _, _, plain = await mark(tmp_path)
    assert (await mark(tmp_path))[2] == plain
    for part, changed in [
        ("inputs", (await mark(tmp_path, output=2))[2]),
        ("params", (await mark(tmp_path, n="2"))[2]),
        ("code", (await mark(tmp_path, code="v2"))[2]),
    ]:
        others = changed.model_copy(update={part: getattr(plain, part)})
        assert changed != plain
        assert others == plain


async def test_a_skipped_job_hangs_on_neither_code_nor_parameters(tmp_path: Path) -> None:
    skipped = [mark_of_skipped((await mark(tmp_path, n=n, code=n))[1], "b") for n in "12"]
    assert skipped[0] == skipped[1]
    assert (skipped[0].code, skipped[0].params) == ("", "")


def test_an_operation_without_an_input_is_called_with_an_empty_object() -> None:
    operation = Job.model_validate({"lambda": {"handler": "h:f"}}).operations[0]
    assert resolved(operation, Bindings(params={}, jobs={}, session={})) == {}


def test_an_expression_that_fails_fails_the_job() -> None:
    operation = Job.model_validate({"lambda": {"handler": "h:f", "input": "{% $error('no') %}"}}).operations[
        0
    ]
    with pytest.raises(RunFailed):
        resolved(operation, Bindings(params={}, jobs={}, session={}))
