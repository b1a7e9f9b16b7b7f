from __future__ import annotations

import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bunsui.core.models.session import Session
from bunsui.core.models.status import Status
from bunsui.core.ports.store import SessionQuery, Store, Transaction
from bunsui.local.sqlite.database import Database
from bunsui.local.sqlite.sessions import _search
from bunsui.local.sqlite.store import SqliteStore

BEGIN = datetime(2026, 1, 1, tzinfo=UTC)


def session(number: int) -> Session:
    return Session(
        id=f"20260101-{number:06x}",
        profile="local",
        key=f"key-{number}",
        tags={"team": f"t{number % 50}"},
        pipelines=(f"p{number % 7}",),
        run_ids=("run",),
        created_by="ada",
        created_at=BEGIN + timedelta(seconds=number),
        updated_at=BEGIN,
        status=Status.FAILED if number % 100 == 0 else Status.SUCCEEDED,
    )


async def fill(path: Path, count: int) -> Store:
    store = SqliteStore(Database(path))
    for begin in range(0, count, 2000):
        batch = [session(number) for number in range(begin, min(count, begin + 2000))]
        await store.commit(Transaction(put=batch))
    return store


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    opened = await fill(tmp_path / "bunsui.db", 300)
    yield opened
    await opened.close()


QUERIES = [
    SessionQuery(limit=17),
    SessionQuery(profile="local", limit=17),
    SessionQuery(profile="local", status=Status.FAILED, limit=2),
    SessionQuery(key="key-7", limit=5),
    SessionQuery(pipeline="p3", limit=7),
    SessionQuery(tags={"team": "t3"}, pipeline="p3", profile="local", limit=1),
    SessionQuery(since=BEGIN + timedelta(seconds=250), limit=17),
]


@pytest.mark.parametrize("query", QUERIES)
async def test_pages_together_are_the_whole_list(store: Store, query: SessionQuery) -> None:
    whole = await store.sessions.find(_with(query, limit=1000, cursor=None))
    found: list[Session] = []
    cursor: str | None = None
    while True:
        page = await store.sessions.find(_with(query, limit=query.limit, cursor=cursor))
        found.extend(page.items)
        cursor = page.cursor
        if cursor is None:
            break
    assert found == list(whole.items)
    assert found
    assert [one.id for one in found] == sorted((one.id for one in found), reverse=True)


@pytest.mark.parametrize("query", QUERIES)
def test_a_page_is_walked_along_an_index(tmp_path: Path, query: SessionQuery) -> None:
    database = Database(tmp_path / "bunsui.db")
    sql, parameters = _search(_with(query, limit=query.limit, cursor="WzE3NjcyMjU2MDAwMDAwMDAsIngiXQ"))
    plan = " ".join(str(row[3]) for row in database.all(f"EXPLAIN QUERY PLAN {sql}", parameters))
    assert "TEMP B-TREE" not in plan
    assert "SCAN" not in plan
    database.close()


@pytest.mark.bench
async def test_the_first_page_costs_the_same_in_a_large_store(tmp_path: Path) -> None:
    small, large = await fill(tmp_path / "s.db", 100), await fill(tmp_path / "l.db", 100_000)
    seconds = {id(store): await _fastest(store) for store in (small, large)}
    print(
        f"first page: {seconds[id(small)] * 1e3:.2f} ms of 100, {seconds[id(large)] * 1e3:.2f} ms of 100,000"
    )
    assert seconds[id(large)] <= 1.5 * seconds[id(small)]
    await small.close()
    await large.close()


async def _fastest(store: Store) -> float:
    taken = []
    for _ in range(20):
        begin = time.perf_counter()
        await store.sessions.find(SessionQuery(profile="local"))
        taken.append(time.perf_counter() - begin)
    return min(taken)


def _with(query: SessionQuery, *, limit: int, cursor: str | None) -> SessionQuery:
    return SessionQuery(
        profile=query.profile,
        status=query.status,
        pipeline=query.pipeline,
        key=query.key,
        tags=query.tags,
        since=query.since,
        limit=limit,
        cursor=cursor,
    )
