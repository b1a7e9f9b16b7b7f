"""The tools about jobs."""

from __future__ import annotations

from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bunsui.core.models.base import Record
from bunsui.core.models.status import JobStatus
from bunsui.core.ports.store import Transaction
from bunsui.errors import NotFound, UsageError
from bunsui.testing.memory import MemoryLogs
from bunsui.tools.job.lines import CHUNK, LINE_CHARACTERS, LONGEST, lines, tail_offset
from tests.unit.tools.project import Project, tried

OK, FAILED, RUNNING = JobStatus.SUCCEEDED, JobStatus.FAILED, JobStatus.RUNNING


async def failed(chain: Project, log: bytes = b"one\ntwo\nthree\n") -> str:
    session = await chain.started()
    await chain.play(session, {"fetch": OK, "clean": FAILED}, log=log)
    return session


async def another_try(chain: Project, session: str, log: bytes, status: JobStatus = FAILED) -> str:
    """A second try of `clean`; returns the key of its log."""
    store = chain.runtime.ports.store
    job = await store.jobs.job_run(session, "chain", 1, "clean")
    assert job is not None
    key = chain.log(job, log, 2)
    record: Record = tried(job, status, chain.runtime.ports.clock.now(), key, 2)
    await store.commit(Transaction(put=[record]))
    return key


async def log_of(chain: Project, session: str, **given: Any) -> dict[str, Any]:
    return await chain.document("job_logs", session=session, job="clean", **given)


def texts(document: dict[str, Any]) -> list[str]:
    return [text for section in document["sections"] for text in section["lines"]]


async def test_tries_follow_each_other_under_their_own_heads(chain: Project) -> None:
    session = await failed(chain)
    await another_try(chain, session, b"four\n")
    document = await log_of(chain, session)
    assert [(one["number"], one["lines"]) for one in document["sections"]] == [
        (1, ["one", "two", "three"]),
        (2, ["four"]),
    ]
    assert document["complete"]
    assert document["ended"]


async def test_tail_crosses_tries(chain: Project) -> None:
    session = await failed(chain)
    await another_try(chain, session, b"four\nfive")
    assert texts(await log_of(chain, session, tail=3)) == ["three", "four", "five"]
    assert texts(await log_of(chain, session, tail=1)) == ["five"]
    assert texts(await log_of(chain, session, tail=99)) == ["one", "two", "three", "four", "five"]


async def test_search_alone_and_with_tail(chain: Project) -> None:
    session = await failed(chain, b"Error 1\nfine\nerror 2\nfine\nERROR 3\n")
    assert texts(await log_of(chain, session, search="error")) == ["Error 1", "error 2", "ERROR 3"]
    assert texts(await log_of(chain, session, search="error", tail=2)) == ["error 2", "ERROR 3"]
    assert texts(await log_of(chain, session, search="nothing")) == []


async def test_pages_visit_every_line_once(chain: Project) -> None:
    session = await failed(chain, "".join(f"line {n}\n" for n in range(25)).encode())
    await another_try(chain, session, b"last\n")
    seen, cursor = list[str](), None
    while True:
        page = await log_of(chain, session, limit=7, cursor=cursor)
        seen += texts(page)
        cursor = page["cursor"]
        if page["complete"]:
            break
    assert seen == [*(f"line {n}" for n in range(25)), "last"]


async def test_a_growing_log_is_followed_line_by_line(chain: Project) -> None:
    session = await failed(chain, b"")
    key = await another_try(chain, session, b"half a li", RUNNING)
    logs = cast("MemoryLogs", chain.runtime.ports.logs)
    first = await log_of(chain, session)
    assert texts(first) == ["working"]
    logs.write(key, b"ne\nnext\n")
    second = await log_of(chain, session, cursor=first["cursor"])
    assert texts(second) == ["half a line", "next"]
    third = await log_of(chain, session, cursor=second["cursor"])
    assert texts(third) == []
    logs.write(key, b"more\n")
    assert texts(await log_of(chain, session, cursor=third["cursor"])) == ["more"]


async def test_following_goes_on_behind_a_tail(chain: Project) -> None:
    session = await failed(chain)
    document = await log_of(chain, session, tail=1)
    await another_try(chain, session, b"four\n")
    assert texts(await log_of(chain, session, cursor=document["cursor"])) == ["four"]


async def test_lines_are_stripped_redacted_and_capped(chain: Project) -> None:
    huge = b"x" * (3 * LONGEST)
    session = await failed(chain, b"\x1b[31mred\x1b[0m \xff\xfe\nPASSWORD=hunter2\n" + huge + b"\nend\n")
    found = texts(await log_of(chain, session))
    assert found[:2] == ["red \ufffd\ufffd", "PASSWORD=***"]
    assert found[-1] == "end"
    assert max(map(len, found)) == LINE_CHARACTERS


async def test_a_foreign_cursor_is_refused(chain: Project) -> None:
    session = await failed(chain)
    for cursor in ("", "x", "WyJhdWRpdCIsMV0", "ł"):
        with pytest.raises(UsageError, match="cursor"):
            await log_of(chain, session, cursor=cursor)


@given(st.lists(st.binary(max_size=20)), st.integers(min_value=1, max_value=30))
async def test_a_tail_is_the_end_of_the_whole(parts: list[bytes], count: int) -> None:
    logs = MemoryLogs()
    logs.write("k", b"\n".join(parts))
    whole = [line.text async for line in lines(logs, "k", 0, ended=True)]
    offset = await tail_offset(logs, "k", count)
    assert [line.text async for line in lines(logs, "k", offset, ended=True)] == whole[-count:]


async def test_a_tail_reads_the_end_of_a_large_log() -> None:
    logs = MemoryLogs()
    logs.write("k", b"x" * 99 + b"\n")
    logs.data["k"] *= 3 * CHUNK // 100
    offset = await tail_offset(logs, "k", 10)
    assert len(logs.data["k"]) - offset == 1_000


async def test_show_has_the_tries_and_values(chain: Project) -> None:
    session = await failed(chain)
    document = await chain.document("job_show", session=session, job="clean")
    assert (document["status"], document["reason"]) == ("failed", "new")
    assert document["error"] == {"error": "ValueError", "cause": "password=*** too bad"}
    assert document["log_tail"] == "one\ntwo\nthree"
    assert [one["number"] for one in document["tries"]] == [1]
    fetched = await chain.document("job_show", session=session, job="chain/fetch")
    assert fetched["output"]["value"] == {"path": "x", "rows": 3}


async def test_a_reused_job_shows_the_log_of_the_attempt_that_made_it(chain: Project) -> None:
    session = await failed(chain)
    await chain.call("session_rerun", session=session)
    document = await chain.document("job_logs", session=session, job="fetch")
    assert (document["attempt"], texts(document)) == (1, ["one", "two", "three"])


@pytest.mark.parametrize(
    "job, near", [("clena", "did you mean clean?"), ("chian/clean", "did you mean chain?")]
)
async def test_unknown_jobs_name_the_nearest(chain: Project, job: str, near: str) -> None:
    session = await failed(chain)
    with pytest.raises(NotFound) as caught:
        await chain.call("job_show", session=session, job=job)
    assert near in caught.value.next_steps


async def test_an_unknown_item_is_told_with_its_job_and_the_first_of_many(chain: Project) -> None:
    session = await failed(chain)
    store = chain.runtime.ports.store
    job = await store.jobs.job_run(session, "chain", 1, "clean")
    assert job is not None
    items: list[Record] = [
        job.model_copy(update={"item": f"f{n:02}", "index": n, "version": 1}) for n in range(30)
    ]
    await store.commit(Transaction(put=items))
    with pytest.raises(NotFound, match=r"chain/clean of session .* has no item 'zzz'") as caught:
        await chain.call("job_show", session=session, job="clean", item="zzz")
    assert "f19 and 10 more)" in str(caught.value)
    assert caught.value.next_steps == (f"bunsui job show {session} chain/clean",)


async def test_a_job_of_many_runs_is_asked_for_with_the_first_of_them(chain: Project) -> None:
    document = await chain.document(
        "session_start", pipelines=[str(chain.folder)], each={"month": "2001-01..2004-12"}
    )
    with pytest.raises(UsageError, match="several runs have a job fetch") as caught:
        await chain.call("job_show", session=document["id"], job="fetch")
    assert str(caught.value).endswith("chain@2002-08/fetch and 28 more")


async def test_an_unknown_session_is_named_as_such(chain: Project) -> None:
    with pytest.raises(NotFound, match="session"):
        await chain.call("job_logs", session="nothing", job="clean")
