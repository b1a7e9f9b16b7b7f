"""Registering a pipeline: the name stands for the newest version, and again changes nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from bunsui.errors import DefinitionInvalid, NotFound
from tests.unit.tools.helpers import clock
from tests.unit.tools.project import Project, project


@pytest.fixture
def chain(tmp_path: Path) -> Project:
    return project(tmp_path)


async def register(chain: Project) -> dict[str, object]:
    clock(chain.runtime).advance()
    return await chain.document("pipeline_register", pipeline=str(chain.folder))


def edit(chain: Project, old: str, new: str) -> None:
    file = chain.folder / "pipeline.yaml"
    file.write_text(file.read_text().replace(old, new))


async def test_the_name_stands_for_what_was_registered_last(chain: Project) -> None:
    first = await register(chain)
    edit(chain, "default: 5", "default: 6")
    second = await register(chain)
    assert (first["changed"], second["changed"], second["before"]) == (True, True, first["version"])
    newest = await chain.runtime.ports.store.pipelines.version("chain")
    assert newest.hash == second["version"]
    edit(chain, "default: 6", "default: 5")
    back = await register(chain)
    assert (await chain.runtime.ports.store.pipelines.version("chain")).hash == back["version"]


async def test_registering_the_same_again_changes_nothing(chain: Project) -> None:
    first = await register(chain)
    again = await register(chain)
    assert (again["version"], again["changed"]) == (first["version"], False)
    assert len(await chain.runtime.ports.store.pipelines.versions("chain")) == 1


async def test_a_description_is_no_other_version(chain: Project) -> None:
    first = await register(chain)
    edit(chain, "Three jobs in a row", "Three jobs, one after the other")
    assert (await register(chain))["version"] == first["version"]


async def test_what_is_wrong_is_not_registered(chain: Project) -> None:
    edit(chain, "handlers:fetch", "handlers:missing")
    with pytest.raises(DefinitionInvalid):
        await register(chain)
    with pytest.raises(NotFound):
        await chain.runtime.ports.store.pipelines.version("chain")
