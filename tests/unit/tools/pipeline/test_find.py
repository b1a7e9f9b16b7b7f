"""Listing pipelines: by name, in pages that visit each once."""

from __future__ import annotations

from typing import Any

import pytest

from bunsui.core.models.pipeline_version import PipelineVersion
from bunsui.core.ports.store import Transaction
from bunsui.errors import UsageError
from bunsui.tools.cursor import pack
from bunsui.tools.invoke import invoke
from bunsui.tools.runtime import Runtime
from tests.unit.core.records import NOW
from tests.unit.tools.helpers import PERSON, counting

NAMES = ["beta", "Alpha", "gamma", "alphabet"]


async def kept() -> Runtime:
    runtime = await counting()
    versions = [
        PipelineVersion(
            name=name,
            hash="h",
            definition={},
            project="/p",
            registered=True,
            registered_by="ada",
            registered_at=NOW,
        )
        for name in NAMES
    ]
    await runtime.ports.store.commit(Transaction(put=versions))
    return runtime


async def listed(runtime: Runtime, **given: Any) -> dict[str, Any]:
    return dict((await invoke(runtime, "pipeline_list", given, PERSON)).document())


def names(document: dict[str, Any]) -> list[str]:
    return [one["name"] for one in document["pipelines"]]


async def test_pages_visit_every_pipeline_once_and_in_order() -> None:
    runtime, seen, cursor = await kept(), list[str](), None
    while True:
        page = await listed(runtime, limit=1, cursor=cursor)
        seen += names(page)
        cursor = page["cursor"]
        assert page["complete"] is (cursor is None)
        if cursor is None:
            break
    assert seen == sorted(NAMES)


async def test_a_search_looks_inside_names_whatever_the_capitals() -> None:
    assert names(await listed(await kept(), search="ALPHA")) == ["Alpha", "alphabet"]


async def test_a_page_that_just_fits_is_complete() -> None:
    page = await listed(await kept(), limit=len(NAMES))
    assert (page["complete"], page["cursor"]) == (True, None)


@pytest.mark.parametrize("cursor", ["nonsense", pack("items", "Alpha"), pack("pipelines", 1)])
async def test_a_cursor_of_something_else_is_refused(cursor: str) -> None:
    with pytest.raises(UsageError):
        await listed(await kept(), cursor=cursor)
