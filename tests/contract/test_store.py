"""What every store must do; an adapter is one line in `ADAPTERS`."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from bunsui.core.models.audit import GENESIS, AuditEntry, CallerKind, audit_hash
from bunsui.core.models.base import Record
from bunsui.core.models.event import SessionEvent
from bunsui.core.models.job import JobRun, Try
from bunsui.core.models.payload import Failure, Payload
from bunsui.core.models.pipeline_version import PipelineVersion
from bunsui.core.models.plan import Effect, JobPlan, PlanState, StoredPlan
from bunsui.core.models.session import Attempt, KeyClaim, Overrides, Run, Session
from bunsui.core.models.status import Action, JobStatus, Reason, Status
from bunsui.core.ports.store import ItemQuery, SessionQuery, Store, Transaction
from bunsui.errors import BunsuiError, Conflict, NotFound, UsageError
from bunsui.local.sqlite.database import Database
from bunsui.local.sqlite.store import SqliteStore
from bunsui.testing.memory import MemoryStore

AT = datetime(2026, 3, 1, 12, 30, 15, 123456, tzinfo=UTC)


async def open_memory(path: Path) -> Store:
    return MemoryStore()


async def open_sqlite(path: Path) -> Store:
    return SqliteStore(Database(path / "bunsui.db"))


ADAPTERS: dict[str, Callable[[Path], Awaitable[Store]]] = {"memory": open_memory, "sqlite": open_sqlite}


@pytest.fixture(params=sorted(ADAPTERS))
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Store]:
    opened = await ADAPTERS[request.param](tmp_path)
    yield opened
    await opened.close()


def session(id: str = "20260301-aaaaaa", **changes: Any) -> Session:
    given = {
        "id": id,
        "profile": "local",
        "created_by": "ada",
        "created_at": AT,
        "updated_at": AT,
        **changes,
    }
    return Session(**given)


def run(id: str = "taxi", **changes: Any) -> Run:
    given = {
        "session_id": "20260301-aaaaaa",
        "id": id,
        "pipeline": "taxi",
        "project": "/p",
        "definition": "d",
        **changes,
    }
    return Run(**given)


def attempt(number: int = 1, **changes: Any) -> Attempt:
    given = {
        "session_id": "20260301-aaaaaa",
        "run_id": "taxi",
        "number": number,
        "definition": "d",
        "execution": f"x{number}",
        "jobs": {"fetch": JobPlan(action=Action.RUN, reason=Reason.NEW)},
        "created_at": AT,
        **changes,
    }
    return Attempt(**given)


def job_run(job: str = "fetch", **changes: Any) -> JobRun:
    given = {
        "session_id": "20260301-aaaaaa",
        "run_id": "taxi",
        "attempt": 1,
        "job": job,
        "action": Action.RUN,
        "reason": Reason.NEW,
        "origin": 1,
        **changes,
    }
    return JobRun(**given)


def version(hash: str = "h1", **changes: Any) -> PipelineVersion:
    given = {
        "name": "taxi",
        "hash": hash,
        "definition": {"bunsui": 1, "name": "taxi"},
        "project": "/p",
        "registered_by": "ada",
        "registered_at": AT,
        **changes,
    }
    return PipelineVersion(**given)


def plan(id: str = "p-1", **changes: Any) -> StoredPlan:
    given = {
        "id": id,
        "tool": "session_start",
        "effect": Effect.SPEND,
        "profile": "local",
        "arguments": {"pipeline": "taxi"},
        "title": "Start taxi",
        "text": ("run fetch",),
        "body": {"runs": []},
        "digest": "d",
        "created_by": "ada",
        "created_at": AT,
        "expires_at": AT + timedelta(hours=1),
        **changes,
    }
    return StoredPlan(**given)


def event(kind: str, session_id: str = "20260301-aaaaaa", **changes: Any) -> SessionEvent:
    return SessionEvent(session_id=session_id, at=AT, kind=kind, **changes)


async def put(store: Store, *records: Record) -> None:
    await store.commit(Transaction(put=records))


async def test_what_was_committed_comes_back_as_it_was(store: Store) -> None:
    one = session(key="2026-03", tags={"team": "taxi", "ü": "分"}, pipelines=("taxi",), run_ids=("taxi",))
    its_run = run(
        params={"n": 1.5, "deep": {"a": [None, True]}},
        overrides={"d": Overrides(memory=1024)},
        output=Payload(value={"a": 1}, size=7, digest="x"),
    )
    its_attempt = attempt(failure=Failure(error="States.Runtime", cause="line\nline"))
    its_job = job_run(status=JobStatus.RUNNING, started_at=AT, token="t")
    await put(store, one, its_run, its_attempt, its_job)
    assert await store.sessions.session(one.id) == one
    assert await store.sessions.runs(one.id) == [its_run]
    assert await store.sessions.run(one.id, "taxi") == its_run
    assert await store.sessions.attempt(one.id, "taxi", 1) == its_attempt
    assert await store.jobs.job_runs(one.id, "taxi", 1) == [its_job]
    assert await store.jobs.job_run(one.id, "taxi", 1, "fetch") == its_job


async def test_absent_records_are_not_found_and_near_ids_are_named(store: Store) -> None:
    await put(store, session())
    with pytest.raises(NotFound) as raised:
        await store.sessions.session("20260301-aaaaab")
    assert "20260301-aaaaaa" in " ".join(raised.value.next_steps)
    for absent in (
        store.sessions.run("20260301-aaaaaa", "x"),
        store.sessions.attempt("20260301-aaaaaa", "x", 1),
        store.pipelines.version("x"),
        store.pipelines.version("x", "h"),
        store.plans.plan("p-x"),
    ):
        with pytest.raises(NotFound):
            await absent
    assert await store.jobs.job_run("20260301-aaaaaa", "x", 1, "j") is None
    assert await store.jobs.job_runs("20260301-aaaaaa", "x", 1) == []
    assert await store.sessions.claim("local", "k") is None


@pytest.mark.parametrize("number", [1, 3, 4])
async def test_only_the_next_version_is_taken(store: Store, number: int) -> None:
    first = session()
    await put(store, first)
    await put(store, first.next(status=Status.RUNNING))
    with pytest.raises(Conflict):
        await put(store, first.model_copy(update={"version": number + (number == 3)}))
    assert (await store.sessions.session(first.id)).version == 2


async def test_a_conflict_changes_nothing(store: Store) -> None:
    first = session()
    await put(store, first)
    transaction = Transaction(
        put=[run(), first.next(), attempt(version=2)], delete=[], events=[event("session.created")]
    )
    with pytest.raises(Conflict):
        await store.commit(transaction)
    assert await store.sessions.session(first.id) == first
    assert await store.sessions.attempts(first.id, "taxi") == []
    assert await store.events.events(first.id) == []
    with pytest.raises(NotFound):
        await store.sessions.run(first.id, "taxi")


async def test_of_two_writers_one_wins(store: Store) -> None:
    first = session()
    await put(store, first)
    commits = [put(store, first.next(warnings=number)) for number in range(8)]
    results = await asyncio.gather(*commits, return_exceptions=True)
    assert sorted(isinstance(result, Conflict) for result in results) == [False] + [True] * 7
    assert (await store.sessions.session(first.id)).version == 2


async def test_a_key_is_claimed_once_and_free_after_deletion(store: Store) -> None:
    claim = KeyClaim(profile="local", key="2026-03", session_id="a")
    await put(store, claim)
    with pytest.raises(Conflict):
        await put(store, claim.model_copy(update={"session_id": "b"}))
    with pytest.raises(Conflict):
        await store.commit(Transaction(delete=[claim.model_copy(update={"version": 2})]))
    assert await store.sessions.claim("local", "2026-03") == claim
    await store.commit(Transaction(delete=[claim]))
    assert await store.sessions.claim("local", "2026-03") is None
    await put(store, claim.model_copy(update={"session_id": "b"}))
    with pytest.raises(Conflict):
        await store.commit(Transaction(delete=[claim.model_copy(update={"profile": "other"})]))


async def test_sessions_are_found_by_everything_they_carry(store: Store) -> None:
    await put(
        store,
        session("s1", key="k", tags={"a": "1", "b": "2"}, pipelines=("taxi", "elt")),
        session("s2", status=Status.FAILED, tags={"a": "1"}, created_at=AT + timedelta(microseconds=1)),
        session("s3", profile="prod", pipelines=("elt",), created_at=AT + timedelta(days=1)),
    )

    async def found(**query: Any) -> list[str]:
        return [one.id for one in (await store.sessions.find(SessionQuery(**query))).items]

    assert await found() == ["s3", "s2", "s1"]
    assert await found(profile="local") == ["s2", "s1"]
    assert await found(status=Status.FAILED) == ["s2"]
    assert await found(pipeline="elt") == ["s3", "s1"]
    assert await found(pipeline="el") == []
    assert await found(key="k") == ["s1"]
    assert await found(tags={"a": "1"}) == ["s2", "s1"]
    assert await found(tags={"a": "1", "b": "2"}) == ["s1"]
    assert await found(tags={"a": "2"}) == []
    assert await found(since=AT + timedelta(microseconds=1)) == ["s3", "s2"]
    assert await found(profile="local", tags={"a": "1"}, pipeline="taxi") == ["s1"]


async def test_a_changed_session_is_found_by_what_it_is_now(store: Store) -> None:
    first = session(tags={"a": "1"})
    await put(store, first)
    await put(store, first.next(status=Status.SUCCEEDED, tags={"a": "2"}))
    assert (await store.sessions.find(SessionQuery(status=Status.CREATED))).items == ()
    assert (await store.sessions.find(SessionQuery(tags={"a": "1"}))).items == ()
    assert len((await store.sessions.find(SessionQuery(status=Status.SUCCEEDED, tags={"a": "2"}))).items) == 1


async def test_pages_join_to_the_whole_list_while_newer_sessions_arrive(store: Store) -> None:
    await put(store, *(session(f"s{n:02}", created_at=AT + timedelta(seconds=n // 3)) for n in range(10)))
    seen: list[str] = []
    cursor: str | None = None
    while True:
        page = await store.sessions.find(SessionQuery(limit=3, cursor=cursor))
        seen += [one.id for one in page.items]
        await put(store, session(f"late{len(seen)}", created_at=AT + timedelta(hours=1)))
        cursor = page.cursor
        if cursor is None:
            break
    assert seen == [f"s{n:02}" for n in reversed(range(10))]


async def test_the_last_page_has_no_cursor(store: Store) -> None:
    await put(store, session("s1"), session("s2"))
    assert (await store.sessions.find(SessionQuery(limit=2))).cursor is None
    assert (await store.sessions.find(SessionQuery(limit=1))).cursor is not None


async def test_a_foreign_cursor_is_refused(store: Store) -> None:
    with pytest.raises(UsageError):
        await store.sessions.find(SessionQuery(cursor="nonsense"))


async def test_active_sessions_are_those_that_have_not_ended(store: Store) -> None:
    await put(store, *(session(status.value, status=status) for status in Status))
    active = {one.id for one in await store.sessions.active()}
    assert active == {status.value for status in Status if not status.ended}


async def test_runs_come_in_the_order_of_the_session(store: Store) -> None:
    await put(store, session(run_ids=("b", "a")), run("a"), run("b"))
    assert [one.id for one in await store.sessions.runs("20260301-aaaaaa")] == ["b", "a"]


async def test_attempts_come_oldest_first(store: Store) -> None:
    await put(store, *(attempt(number) for number in (2, 10, 1)))
    found = await store.sessions.attempts("20260301-aaaaaa", "taxi")
    assert [one.number for one in found] == [1, 2, 10]


async def test_job_runs_come_in_definition_order_without_items(store: Store) -> None:
    items = [job_run("by_zone", item=key, index=index) for index, key in enumerate(["z", "a", "m"])]
    await put(store, job_run("b", position=1), job_run("a", position=2), job_run("c", position=0), *items)
    await put(store, job_run("c", attempt=2))
    jobs = await store.jobs.job_runs("20260301-aaaaaa", "taxi", 1)
    assert [one.job for one in jobs] == ["c", "b", "a"]
    of_map = await store.jobs.items("20260301-aaaaaa", "taxi", 1, "by_zone")
    assert [one.item for one in of_map] == ["z", "a", "m"]
    assert await store.jobs.job_run("20260301-aaaaaa", "taxi", 1, "by_zone", "m") == items[2]


async def test_items_come_in_pages_with_the_failed_ones_first(store: Store) -> None:
    bad = {3: JobStatus.FAILED, 5: JobStatus.TIMED_OUT, 6: JobStatus.QUEUED}
    rows = [
        job_run("each", item=f"k{index}", index=index, status=bad.get(index, JobStatus.SUCCEEDED))
        for index in range(8)
    ]
    await put(store, job_run("each", items=8), *rows, job_run("other", item="k0", index=0))
    place = ("20260301-aaaaaa", "taxi", 1, "each")
    seen: list[str] = []
    after = None
    while page := await store.jobs.item_page(*place, ItemQuery(failed_first=True, limit=3, after=after)):
        seen += [row.item for _, row in page]
        after = page[-1][0]
    assert seen == ["k3", "k5", "k0", "k1", "k2", "k4", "k6", "k7"]
    failed = await store.jobs.item_page(*place, ItemQuery(status=JobStatus.FAILED))
    assert [row.item for _, row in failed] == ["k3"]
    counts = await store.jobs.item_counts(*place)
    assert counts == {
        JobStatus.QUEUED: 1,
        JobStatus.SUCCEEDED: 5,
        JobStatus.FAILED: 1,
        JobStatus.TIMED_OUT: 1,
    }


async def test_open_items_are_counted_up_to_a_limit(store: Store) -> None:
    ended = {2: JobStatus.SUCCEEDED, 4: JobStatus.REUSED, 5: JobStatus.FAILED}
    rows = [
        job_run("each", item=f"k{index}", index=index, status=ended.get(index, JobStatus.QUEUED))
        for index in range(7)
    ]
    others = [job_run("other", item="k0", index=0), job_run("each", item="k0", index=0, attempt=2)]
    await put(store, job_run("each", items=7, status=JobStatus.RUNNING), *rows, *others)
    place = ("20260301-aaaaaa", "taxi", 1, "each")
    assert await store.jobs.open_items(*place, limit=100) == 4
    assert await store.jobs.open_items(*place, limit=3) == 3
    assert await store.jobs.open_items(*place, limit=0) == 0
    await put(store, rows[0].next(status=JobStatus.RUNNING), rows[1].next(status=JobStatus.LOST))
    assert await store.jobs.open_items(*place, limit=100) == 3
    assert await store.jobs.open_items("20260301-aaaaaa", "taxi", 1, "none", limit=9) == 0


@pytest.mark.parametrize("status", list(JobStatus))
async def test_an_item_is_open_until_it_has_ended(store: Store, status: JobStatus) -> None:
    await put(store, job_run("each", item="k", index=0, status=status))
    found = await store.jobs.open_items("20260301-aaaaaa", "taxi", 1, "each", limit=9)
    assert found == int(not status.ended)


async def test_tries_come_by_operation_and_number(store: Store) -> None:
    def one(operation: int, number: int) -> Try:
        return Try(
            session_id="20260301-aaaaaa",
            run_id="taxi",
            attempt=1,
            job="fetch",
            operation=operation,
            number=number,
            started_at=AT,
            log=f"l{operation}{number}",
        )

    await put(store, one(1, 1), one(0, 2), one(0, 1))
    tries = await store.jobs.tries("20260301-aaaaaa", "taxi", 1, "fetch")
    assert [(t.operation, t.number) for t in tries] == [(0, 1), (0, 2), (1, 1)]
    assert await store.jobs.tries("20260301-aaaaaa", "taxi", 1, "other") == []


async def test_the_newest_registered_version_stands_for_the_name(store: Store) -> None:
    await put(
        store,
        version("h1", registered=True),
        version("h2", registered=True, registered_at=AT + timedelta(seconds=1)),
        version("h3", registered_at=AT + timedelta(seconds=2)),
        version("h1", name="elt"),
    )
    assert (await store.pipelines.version("taxi")).hash == "h2"
    assert (await store.pipelines.version("taxi", "h3")).hash == "h3"
    assert [one.hash for one in await store.pipelines.versions("taxi")] == ["h3", "h2", "h1"]
    assert [(one.name, one.hash) for one in await store.pipelines.newest()] == [("taxi", "h2")]
    with pytest.raises(NotFound):
        await store.pipelines.version("elt")


async def test_a_version_that_an_attempt_runs_is_not_deleted(store: Store) -> None:
    used, other = version("d"), version("other")
    await put(store, used, other, session(pipelines=("taxi",), run_ids=("taxi",)), run(), attempt())
    with pytest.raises(Conflict, match="pipeline taxi is run by a session"):
        await store.commit(Transaction(put=[plan()], delete=[other, used]))
    assert await store.plans.plans() == []
    assert len(await store.pipelines.versions("taxi")) == 2
    await store.commit(Transaction(delete=[other]))
    await store.commit(Transaction(delete=[await store.sessions.session("20260301-aaaaaa"), used]))
    assert await store.pipelines.versions("taxi") == []


async def test_what_needs_a_version_is_not_put_without_it(store: Store) -> None:
    its = [session(pipelines=("taxi",), run_ids=("taxi",)), run(), attempt()]
    with pytest.raises(Conflict, match="pipeline taxi has just been deleted"):
        await store.commit(Transaction(put=its, present=[version("d")]))
    with pytest.raises(NotFound):
        await store.sessions.session("20260301-aaaaaa")
    await put(store, version("d"))
    await put(store, version("d", version=2, registered=True))
    await store.commit(Transaction(put=its, present=[version("d")]))


async def test_plans_come_newest_first(store: Store) -> None:
    await put(store, *(plan(f"p-{n}", created_at=AT + timedelta(seconds=n)) for n in range(3)))
    first = await store.plans.plan("p-0")
    await put(store, first.next(state=PlanState.USED, used_at=AT))
    assert [one.id for one in await store.plans.plans()] == ["p-2", "p-1", "p-0"]
    assert [one.id for one in await store.plans.plans(PlanState.PENDING, limit=1)] == ["p-2"]
    assert (await store.plans.plan("p-0")).used_at == AT


async def test_the_audit_trail_is_a_chain(store: Store) -> None:
    def entry(subject: str) -> AuditEntry:
        return AuditEntry(
            at=AT,
            kind="done",
            caller=CallerKind.PERSON,
            actor="ada",
            profile="local",
            tool="session_start",
            subject=subject,
            data={"a": 1},
        )

    given = await asyncio.gather(*(store.audit.append(entry(f"s{n}")) for n in range(5)))
    kept = await store.audit.entries()
    assert sorted(given, key=lambda one: one.seq) == kept
    assert [one.seq for one in kept] == [1, 2, 3, 4, 5]
    assert [one.previous for one in kept] == [GENESIS, *(one.hash for one in kept[:-1])]
    assert all(one.hash == audit_hash(one) for one in kept)
    assert [one.seq for one in await store.audit.entries(after=3, limit=1)] == [4]
    assert [one.subject for one in await store.audit.entries(subject="s2")] == ["s2"]
    assert await store.audit.entries(tool="other") == []


async def test_entries_of_a_subject_are_those_of_its_plans_too(store: Store) -> None:
    told = [
        ("planned", "p-1", None),
        ("planned", "p-2", "s2"),
        ("allowed", "p-1", None),
        ("denied", None, None),
        ("done", "p-1", "s1"),
        ("denied", None, "s1"),
        ("allowed", "p-2", None),
    ]
    for kind, plan_id, subject in told:
        entry = {"at": AT, "caller": "person", "actor": "ada", "profile": "local", "tool": "session_start"}
        await store.audit.append(
            AuditEntry.model_validate({**entry, "kind": kind, "plan_id": plan_id, "subject": subject})
        )

    async def found(subject: str, after: int = 0, limit: int = 100) -> list[int]:
        return [one.seq for one in await store.audit.entries(subject=subject, after=after, limit=limit)]

    assert await found("s1") == [1, 3, 5, 6]
    assert await found("s1", after=1, limit=2) == [3, 5]
    assert await found("s2") == [2, 7]
    assert await found("none") == []
    assert await store.audit.entries(subject="s1", tool="other") == []


async def test_events_are_numbered_per_session(store: Store) -> None:
    await store.commit(Transaction(events=[event("a", data={"n": 1}), event("b", "other")]))
    await store.commit(Transaction(events=[event("c", job="fetch", attempt=1)]))
    kept = await store.events.events("20260301-aaaaaa")
    assert [(one.seq, one.kind) for one in kept] == [(1, "a"), (2, "c")]
    assert [one.kind for one in await store.events.events("20260301-aaaaaa", after=1)] == ["c"]
    assert [one.seq for one in await store.events.events("other")] == [1]
    assert [one.kind for one in await store.events.events("20260301-aaaaaa", limit=1)] == ["a"]


async def test_a_commit_wakes_those_who_wait(store: Store) -> None:
    assert await store.events.changed(timeout=0.01) is False
    waiting = asyncio.create_task(store.events.changed(timeout=30))
    await asyncio.sleep(0)
    await put(store, session())
    assert await waiting is True


async def test_every_error_is_ours(store: Store) -> None:
    with pytest.raises(BunsuiError):
        await store.commit(Transaction(delete=[session()]))
