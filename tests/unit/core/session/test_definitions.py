"""Definitions as they were kept: read once, and told where they cannot be read any more."""

from __future__ import annotations

import pytest

from bunsui.core.models.base import JsonValue
from bunsui.core.models.pipeline_version import PipelineVersion
from bunsui.core.pipeline import canonical
from bunsui.core.ports.store import Transaction
from bunsui.core.session.definitions import Definitions, definition_of
from bunsui.errors import NotFound, StoreCorrupt
from bunsui.testing.memory import MemoryStore
from tests.unit.core.pipeline.shapes import pipeline_of
from tests.unit.core.records import NOW

SECRET = {"params": {"pw": {"type": "secret"}, "n": {"type": "integer"}}}


def version(hash: str = "h1", definition: dict[str, JsonValue] | None = None) -> PipelineVersion:
    kept = canonical(pipeline_of({"a": [], "b": ["a"]}, **SECRET)) if definition is None else definition
    return PipelineVersion(
        name="p", hash=hash, definition=kept, project="/p", registered_by="ada", registered_at=NOW
    )


def test_a_kept_version_is_the_pipeline_that_it_was() -> None:
    found = definition_of(version())
    assert canonical(found.pipeline) == version().definition
    assert found.dag.needs == {"a": frozenset(), "b": {"a"}}
    assert found.secrets == {"pw"}


@pytest.mark.parametrize("kept", [{}, {"name": "p"}, {"name": "p", "jobs": {"a": {}}, "unknown": 1}])
def test_what_is_no_pipeline_any_more_is_told_with_a_way_out(kept: dict[str, JsonValue]) -> None:
    with pytest.raises(StoreCorrupt, match="h1 of pipeline p cannot be read") as caught:
        definition_of(version(definition=kept))
    assert "--definition current" in caught.value.next_steps[0]


async def test_a_version_is_read_once() -> None:
    store, known = MemoryStore(), Definitions()
    await store.commit(Transaction(put=[version()]))
    first = await known.get(store.pipelines, "p", "h1")
    assert await known.get(store.pipelines, "p", "h1") is first
    assert (await Definitions().get(store.pipelines, "p", "h1")) is not first


async def test_an_unknown_version_is_not_found_and_not_remembered() -> None:
    store, known = MemoryStore(), Definitions()
    with pytest.raises(NotFound):
        await known.get(store.pipelines, "p", "h1")
    await store.commit(Transaction(put=[version()]))
    assert (await known.get(store.pipelines, "p", "h1")).hash == "h1"


async def test_many_versions_do_not_pile_up() -> None:
    store, known = MemoryStore(), Definitions()
    hashes = [f"h{n}" for n in range(70)]
    await store.commit(Transaction(put=[version(hash) for hash in hashes]))
    first = await known.get(store.pipelines, "p", "h0")
    for hash in hashes:
        await known.get(store.pipelines, "p", hash)
    assert (await known.get(store.pipelines, "p", "h0")) is not first
