"""Listing sessions: filters hold together, pages visit each once, other profiles are not seen."""

from __future__ import annotations

from typing import Any

import pytest

from bunsui.core.models.status import Status
from bunsui.core.ports.store import Transaction
from bunsui.errors import UsageError
from bunsui.tools.invoke import invoke
from bunsui.tools.runtime import Runtime
from tests.unit.core.records import later, session
from tests.unit.tools.helpers import COUNTER, PERSON, clock, counting


async def kept() -> Runtime:
    runtime = await counting()
    put = [
        session(
            f"s{n}",
            profile="dev",
            created_at=later(60 * n),
            key=f"k{n % 2}",
            tags={"team": "red" if n % 2 else "blue"},
            status=Status.FAILED if n == 3 else Status.SUCCEEDED,
            pipelines=("load",) if n < 3 else ("report",),
        )
        for n in range(1, 6)
    ]
    await runtime.ports.store.commit(Transaction(put=[*put, session("other", profile="prod")]))
    clock(runtime).advance(600)
    return runtime


async def ids(runtime: Runtime, **given: Any) -> list[str]:
    found = (await invoke(runtime, "session_list", given, PERSON)).document()
    listed: Any = found["sessions"]
    return [one["id"] for one in listed if one["id"] != COUNTER]


@pytest.mark.parametrize(
    ("given", "found"),
    [
        ({}, ["s5", "s4", "s3", "s2", "s1"]),
        ({"status": "failed"}, ["s3"]),
        ({"pipeline": "load"}, ["s2", "s1"]),
        ({"key": "k0"}, ["s4", "s2"]),
        ({"tags": {"team": "red"}}, ["s5", "s3", "s1"]),
        ({"tags": {"team": "red"}, "pipeline": "load"}, ["s1"]),
        ({"since": "7m"}, ["s5", "s4", "s3"]),
        ({"tags": {"team": "green"}}, []),
    ],
)
async def test_filters_hold_together_newest_first(given: dict[str, Any], found: list[str]) -> None:
    assert await ids(await kept(), **given) == found


async def test_pages_visit_every_session_once() -> None:
    runtime, seen, cursor = await kept(), list[str](), None
    while True:
        page: Any = (await invoke(runtime, "session_list", {"limit": 2, "cursor": cursor}, PERSON)).document()
        seen += [one["id"] for one in page["sessions"]]
        cursor = page["cursor"]
        if page["complete"]:
            break
    assert cursor is None
    assert [one for one in seen if one != COUNTER] == ["s5", "s4", "s3", "s2", "s1"]


async def test_a_time_that_is_none_is_refused() -> None:
    with pytest.raises(UsageError, match="is no time"):
        await ids(await kept(), since="lately")
