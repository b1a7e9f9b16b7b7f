"""Large worlds: every row is on exactly one page, no result is too large, no failure goes unsaid."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mcp import Client

from bunsui.core.models.base import JsonValue, Record
from bunsui.core.models.job import JobRun
from bunsui.core.models.payload import Failure
from bunsui.core.models.session import Session
from bunsui.core.models.status import Action, JobStatus, Reason, Status
from bunsui.core.ports.store import Transaction
from bunsui_mcp.concise import concise
from bunsui_mcp.paging import page, size
from tests.mcp.connections import LEGACY, document, in_memory, said
from tests.unit.tools.project import Project

TOKENS = 25_000


async def pages(client: Client, name: str, **given: Any) -> AsyncIterator[dict[str, Any]]:
    """Every page of a call, each checked for its size and for a way to go on."""
    more: dict[str, Any] = {}
    while True:
        result = await client.call_tool(name, {**given, **more})
        assert not result.is_error, said(result)
        assert len(result.model_dump_json(by_alias=True, exclude_none=True)) / 4 <= TOKENS
        found = document(result)
        yield found
        if found["complete"]:
            return
        assert "cursor" in said(result)
        more = {"cursor": found["cursor"]}


async def sessions(chain: Project, count: int) -> list[str]:
    now = chain.runtime.ports.clock.now()
    ids = [f"20260101-{number:06}" for number in range(count)]
    records = [
        Session(
            id=one,
            profile="dev",
            status=Status.FAILED if number % 7 == 0 else Status.SUCCEEDED,
            tags={"note": "x" * 200},
            created_by="ann",
            created_at=now,
            updated_at=now,
        )
        for number, one in enumerate(ids)
    ]
    await chain.runtime.ports.store.commit(Transaction(put=records))
    return ids


@pytest.mark.parametrize(
    "count", [1_000, pytest.param(10_000, marks=[pytest.mark.bench, pytest.mark.timeout(600)])]
)
@pytest.mark.parametrize("limit", [37, 500])
async def test_every_session_is_listed_once(chain: Project, count: int, limit: int) -> None:
    ids = await sessions(chain, count)
    seen: list[str] = []
    bad: list[str] = []
    async with in_memory(chain.runtime, LEGACY) as client:
        async for found in pages(client, "session_list", limit=limit):
            seen += [one["id"] for one in found["sessions"]]
        async for found in pages(client, "session_list", limit=limit, status="failed"):
            bad += [one["id"] for one in found["sessions"]]
    assert sorted(seen) == ids
    assert sorted(bad) == ids[::7]


def failing(session: str, job: str, item: str, position: int) -> JobRun:
    return JobRun(
        session_id=session,
        run_id="chain",
        attempt=1,
        job=job,
        item=item,
        index=position if item else None,
        position=position,
        status=JobStatus.FAILED,
        action=Action.RUN,
        reason=Reason.NEW,
        origin=1,
        failure=Failure(error="ValueError", cause=f"row {position} " + "is wrong " * 40),
    )


COUNTS = [200, pytest.param(2_000, marks=[pytest.mark.bench, pytest.mark.timeout(600)])]


@pytest.mark.parametrize("count", COUNTS)
@pytest.mark.parametrize("format", ["concise", "detailed"])
async def test_every_failed_job_of_a_session_is_shown_once(chain: Project, count: int, format: str) -> None:
    session = await chain.started()
    jobs: list[Record] = [failing(session, f"job-{number:04}", "", 10 + number) for number in range(count)]
    await chain.runtime.ports.store.commit(Transaction(put=jobs))
    seen: list[str] = []
    async with in_memory(chain.runtime) as client:
        async for found in pages(client, "session_show", session=session, response_format=format):
            here = [job["id"] for run in found["runs"] for job in run["jobs"] if job["status"] == "failed"]
            seen += here
            if not found["complete"]:
                assert found["more"].startswith(f"{len(here)} of {count} failed")
        waited = document(await client.call_tool("session_wait", {"session": session, "timeout": 0}))
    assert sorted(seen) == [f"job-{number:04}" for number in range(count)]
    assert waited["jobs"]["failed"] == count
    assert not waited["complete"]


@pytest.mark.parametrize("count", COUNTS)
async def test_every_failed_item_of_a_job_is_shown_once(chain: Project, count: int) -> None:
    session = await chain.started()
    keys = [f"item-{number:04}" for number in range(count)]
    store = chain.runtime.ports.store
    job = await store.jobs.job_run(session, "chain", 1, "clean")
    assert job is not None
    items: list[Record] = [failing(session, "clean", key, number) for number, key in enumerate(keys)]
    await store.commit(Transaction(put=[job.next(items=count), *items]))
    asked = {"session": session, "job": "clean", "status": "failed", "limit": 500}
    seen: list[str] = []
    async with in_memory(chain.runtime) as client:
        async for found in pages(client, "job_show", **asked):
            seen += [item["key"] for item in found["items"]["page"]]
            assert found["items"]["counts"] == {"failed": count}
    assert sorted(seen) == keys


async def test_a_log_of_any_size_is_read_in_pages(chain: Project) -> None:
    session = await chain.started()
    lines = [f"{number:06} " + "x" * 90 for number in range(5_000)]
    await chain.play(session, {"fetch": JobStatus.FAILED}, log="\n".join(lines).encode() + b"\n")
    seen: list[str] = []
    async with in_memory(chain.runtime) as client:
        async for found in pages(client, "job_logs", session=session, job="fetch", limit=2_000):
            seen += [line for section in found["sections"] for line in section["lines"]]
            if found.get("ended"):
                break
        tail = await client.call_tool("job_logs", {"session": session, "job": "fetch", "tail": 2_000})
    assert seen == lines
    last = [line for section in document(tail)["sections"] for line in section["lines"]]
    assert last == lines[-len(last) :]
    assert f"last {len(last)} lines" in said(tail)


async def test_the_audit_trail_is_read_in_pages(chain: Project) -> None:
    for number in range(60):
        await chain.call("pipeline_register", pipeline=str(chain.folder))
        session = await chain.started(tags={"number": str(number)})
        await chain.call("session_stop", session=session)
    entries = await chain.runtime.ports.store.audit.entries(limit=10_000)
    seen: list[int] = []
    async with in_memory(chain.runtime) as client:
        async for found in pages(client, "audit_list", limit=500):
            seen += [entry["seq"] for entry in found["entries"]]
    assert seen == [entry.seq for entry in entries]


def rows(value: JsonValue) -> list[int]:
    """The numbers in a document: every one of them is unique."""
    if isinstance(value, dict):
        return [number for key, part in value.items() if key != "plain" for number in rows(part)]
    if isinstance(value, list):
        return [number for part in value for number in rows(part)]
    return [value] if isinstance(value, int) else []


@st.composite
def documents(draw: st.DrawFn) -> dict[str, JsonValue]:
    """Runs with jobs with items, every leaf a number of its own."""
    numbers = iter(range(100_000))

    def part(depth: int) -> JsonValue:
        leaf: dict[str, JsonValue] = {"plain": "x" * draw(st.integers(0, 40))}
        leaf["ids"] = [next(numbers) for _ in range(draw(st.integers(0, 5)))]
        if depth:
            leaf["parts"] = [part(depth - 1) for _ in range(draw(st.integers(0, 6)))]
        return leaf

    return {"plain": "head", "runs": [part(2) for _ in range(draw(st.integers(0, 4)))]}


@given(documents(), st.integers(60, 2_000))
@settings(max_examples=150)
def test_pages_of_any_document_hold_every_row_once(whole: dict[str, JsonValue], limit: int) -> None:
    seen: list[int] = []
    cursor = None
    for _ in range(10_000):
        part = page(whole, cursor, limit)
        seen += rows(part.document)
        if (cursor := part.cursor) is None:
            break
    assert sorted(seen) == sorted(rows(whole))


@given(documents())
def test_concise_documents_lose_no_row(whole: dict[str, JsonValue]) -> None:
    short = concise(whole)
    assert rows(short) == rows(whole)
    assert size(short) <= size(whole)
    assert json.dumps(short)
