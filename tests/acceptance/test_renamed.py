"""A job that was renamed keeps what it had: items, tries with their logs, overrides."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from bunsui.core.session.requests import RerunRequest
from bunsui.core.session.rerun import plan_session_rerun, rerun
from tests.acceptance.local_world import World

HANDLER = "def run(event, context):\n    print('seen', event)\n    return event\n"
EACH: dict[str, Any] = {
    "lambda": {"handler": "handlers:run", "input": {"name": "{% $item %}"}},
    "map": {"items": "{% ['x', 'y', 'z'] %}", "key": "{% $item %}"},
}


def write(project: Path, name: str, **more: Any) -> None:
    project.mkdir(exist_ok=True)
    (project / "handlers.py").write_text(HANDLER, encoding="utf-8")
    jobs = {name: {**EACH, **more}, "last": {"needs": [name], "lambda": {"handler": "handlers:run"}}}
    text = yaml.safe_dump({"bunsui": 1, "name": "renamed", "jobs": jobs}, sort_keys=False)
    (project / "pipeline.yaml").write_text(text, encoding="utf-8")


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    write(tmp_path / "project", "load")
    world = World(tmp_path, tmp_path / "project")
    yield world
    await world.close()


async def test_a_renamed_map_job_keeps_items_logs_and_overrides(world: World) -> None:
    session = await world.start()
    await world.wait(session)
    overriding = RerunRequest(session_id=session, jobs=("last",), overrides={"load.memory": 1024})
    await rerun(world.ports, overriding, by="ada")
    await world.wait(session)
    write(world.project, "stage", renamed_from="load")
    for _ in range(2):
        await rerun(world.ports, RerunRequest(session_id=session, jobs=("last",)), by="ada")
        ended = await world.wait(session)
        stage = next(job for job in ended.jobs if job.job == "stage")
        assert (stage.status.value, stage.origin) == ("reused", 1)
        items = await world.backend.store.jobs.items(*stage.made_at)
        assert [item.item for item in items] == ["x", "y", "z"]
        assert all([await world.backend.store.jobs.tries(*item.made_at, item.item) for item in items])
    assert ended.runs[0].overrides["stage"].memory == 1024
    plan = await plan_session_rerun(world.ports, RerunRequest(session_id=session, items=("stage:y",)))
    found = plan.runs[0].jobs["stage"]
    assert ([item.key for item in found.items], found.kept) == (["y"], 2)


async def test_an_item_that_is_rerun_after_a_rename_leaves_the_others_as_they_were(world: World) -> None:
    session = await world.start()
    await world.wait(session)
    write(world.project, "stage", renamed_from="load")
    await rerun(world.ports, RerunRequest(session_id=session, items=("stage:y",)), by="ada")
    ended = await world.wait(session)
    stage = next(job for job in ended.jobs if job.job == "stage")
    items = {item.item: item for item in await world.backend.store.jobs.items(*stage.made_at)}
    assert {key: (item.status.value, item.made_at[2:]) for key, item in items.items()} == {
        "x": ("reused", (1, "load")),
        "y": ("succeeded", (2, "stage")),
        "z": ("reused", (1, "load")),
    }
    assert all([await world.backend.store.jobs.tries(*item.made_at, key) for key, item in items.items()])
