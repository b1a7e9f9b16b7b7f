"""The same calls over the SQLite store, where commits really take turns."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from bunsui.core.ports.store import Transaction
from bunsui.errors import ApprovalRequired, Conflict
from bunsui.local.backend import LocalSettings, open_local
from bunsui.tools.decision import decide
from bunsui.tools.invoke import invoke
from bunsui.tools.runtime import Runtime
from bunsui.tools.tool import ToolResult
from tests.unit.tools.helpers import COUNTER, MODEL, PERSON, counting, value


async def on_sqlite(data_dir: Path) -> Runtime:
    runtime = await counting()
    session = await runtime.ports.store.sessions.session(COUNTER)
    store = open_local(data_dir, settings=LocalSettings(environment={})).store
    await store.commit(Transaction(put=[session]))
    return replace(runtime, ports=replace(runtime.ports, store=store))


async def verified(runtime: Runtime) -> int:
    document = (await invoke(runtime, "audit_verify", {}, MODEL)).document()
    assert document["valid"] is True
    return int(str(document["entries"]))


async def test_of_many_users_of_one_plan_one_wins(data_dir: Path) -> None:
    runtime = await on_sqlite(data_dir)
    with pytest.raises(ApprovalRequired) as caught:
        await invoke(runtime, "counter_write", {}, MODEL)
    plan_id = str(caught.value.details["plan_id"])
    await decide(runtime, plan_id, PERSON)
    calls = [invoke(runtime, "counter_write", {"plan_id": plan_id}, MODEL) for _ in range(10)]
    ended = await asyncio.gather(*calls, return_exceptions=True)
    assert sum(isinstance(one, ToolResult) for one in ended) == 1
    assert all(isinstance(one, ToolResult | Conflict) for one in ended)
    assert await value(runtime) == 1
    await verified(runtime)
    await runtime.ports.store.close()


async def test_two_clients_keep_one_unbroken_trail(data_dir: Path) -> None:
    runtime = await on_sqlite(data_dir)
    other = replace(
        runtime,
        ports=replace(
            runtime.ports, store=open_local(data_dir, settings=LocalSettings(environment={})).store
        ),
    )
    calls = [invoke(one, "counter_write", {}, PERSON) for one in (runtime, other) * 3]
    ended = await asyncio.gather(*calls, return_exceptions=True)
    done = sum(isinstance(one, ToolResult) for one in ended)
    assert all(isinstance(one, ToolResult | Conflict) for one in ended)
    assert await value(other) == done > 0
    assert await verified(runtime) >= 12
    await runtime.ports.store.close()
    await other.ports.store.close()
