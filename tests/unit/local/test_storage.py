"""Removing: nothing that is referred to goes, nothing of what was removed stays, whatever happened before."""

from __future__ import annotations

import os
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bunsui.core.models.job import JobRun, Try
from bunsui.core.models.payload import Payload
from bunsui.core.models.session import Attempt, KeyClaim, Run, Session
from bunsui.core.models.status import Action, JobStatus, Reason, Status
from bunsui.core.payloads import keep
from bunsui.core.ports.exchange import Slot
from bunsui.core.ports.store import SessionQuery, Transaction
from bunsui.core.session.ports import SessionPorts
from bunsui.core.session.retention import Retention, plan_collect, plan_delete, remove
from bunsui.errors import Conflict, NotFound
from bunsui.local.backend import LocalBackend, LocalSettings, open_local
from bunsui.local.data_dir import DataDir
from bunsui.local.engine.calls import Call, save
from bunsui.local.engine.executions import Executions, NewExecution, Owner
from bunsui.local.logs import log_key
from bunsui.local.sqlite.database import Database
from bunsui.local.storage import LocalStorage
from bunsui.testing.memory import FakeClock

NOW = datetime(2026, 3, 1, tzinfo=UTC)
LARGE = 17 * 1024
PROFILE = "local"
ENDED = [Status.SUCCEEDED, Status.FAILED, Status.STOPPED]


class Place:
    """A data directory whose files are all a day old."""

    def __init__(self, root: Path) -> None:
        self.data = DataDir(root / "data")
        self.backend: LocalBackend = open_local(self.data.root, settings=LocalSettings(environment={}))
        self.database = Database(self.data.database)
        self.clock = FakeClock(NOW)
        self.storage = LocalStorage(self.data, self.database, self.clock)
        store = self.backend.store
        self.ports = SessionPorts(
            store=store,
            blobs=self.backend.blobs,
            logs=self.backend.logs,
            engine=self.backend.engine,
            exchange=self.backend.exchange,
            code=self.backend.code,
            clock=self.clock,
            ids=self.backend.ids,
        )

    async def session(self, number: int, status: Status, age: float, values: list[int]) -> Session:
        """A session with one job run per value; equal values are one blob."""
        ended = NOW - timedelta(days=age) if status.ended else None
        created = NOW - timedelta(days=age, hours=1)
        session = Session(
            id=f"s{number}",
            profile=PROFILE,
            key=f"k{number}",
            status=status,
            run_ids=("r",),
            created_by="ada",
            created_at=created,
            updated_at=ended or created,
            finished_at=ended,
        )
        run = Run(session_id=session.id, id="r", pipeline="p", project="/p", definition="d")
        attempt = Attempt(
            session_id=session.id,
            run_id="r",
            number=1,
            definition="d",
            execution=f"e{number}",
            jobs={},
            created_at=created,
        )
        jobs = [await self._job(session.id, index, value) for index, value in enumerate(values)]
        tries = [self._try(job) for job in jobs]
        claim = KeyClaim(profile=PROFILE, key=f"k{number}", session_id=session.id)
        put = [session, run, attempt, *jobs, *tries, claim]
        await self.backend.store.commit(Transaction(put=put))
        return session

    async def _job(self, session_id: str, index: int, value: int) -> JobRun:
        output: Payload = await keep(self.backend.blobs, f"{value}" * LARGE)
        return JobRun(
            session_id=session_id,
            run_id="r",
            attempt=1,
            job=f"j{index}",
            position=index,
            status=JobStatus.SUCCEEDED,
            action=Action.RUN,
            reason=Reason.NEW,
            origin=1,
            output=output,
        )

    def _try(self, job: JobRun) -> Try:
        log = log_key(Slot(session_id=job.session_id, run_id="r", attempt=1, job=job.job), 1)
        one = Try(session_id=job.session_id, run_id="r", attempt=1, job=job.job, started_at=NOW, log=log)
        path = self.data.logs / one.log
        path.parent.mkdir(parents=True)
        path.write_text("said", encoding="utf-8")
        return one

    def age(self) -> None:
        yesterday = (NOW - timedelta(days=1)).timestamp()
        for path in self.data.root.rglob("*"):
            os.utime(path, (yesterday, yesterday))

    def execution(self, session_id: str) -> int:
        return Executions(self.database).create(
            NewExecution(
                name=f"e-{session_id}",
                definition={},
                start={"input": {}},
                created_at=round(NOW.timestamp() * 1e6),
                owner=Owner(session_id=session_id, run_id="r", attempt=1),
            )
        )

    def end_executions(self) -> None:
        with self.database.write() as connection:
            connection.execute("UPDATE executions SET closed = 1")

    async def readable(self, session_id: str) -> None:
        """All that a session refers to is there."""
        store = self.backend.store
        for job in await store.jobs.job_runs(session_id, "r", 1):
            assert job.output is not None
            assert job.output.blob is not None
            await self.backend.blobs.get(job.output.blob)
            for one in await store.jobs.tries(session_id, "r", 1, job.job):
                assert (await self.backend.logs.read(one.log)).data == b"said"

    def traces(self, session_id: str) -> list[str]:
        """Where a session is still to be found."""
        named = self.database.all("SELECT name FROM sqlite_master WHERE type = 'table'")
        tables = [str(row[0]) for row in named]
        found = [str(path) for path in self.data.root.rglob(session_id)]
        for table in tables:
            columns = [str(row[1]) for row in self.database.all(f"PRAGMA table_info({table})")]
            for column in {"session_id", "id"} & set(columns):
                rows = self.database.all(f"SELECT 1 FROM {table} WHERE {column} = ?", (session_id,))
                found += [table] if rows else []
        return found

    def blobs(self) -> int:
        return sum(path.is_file() for path in self.data.blobs.rglob("*"))

    async def close(self) -> None:
        await self.backend.store.close()
        self.database.close()


histories = st.lists(
    st.tuples(
        st.sampled_from([*ENDED, Status.RUNNING, Status.PAUSED]),
        st.floats(min_value=0, max_value=100),
        st.lists(st.integers(min_value=0, max_value=5), min_size=1, max_size=3),
    ),
    max_size=7,
)
limits = st.builds(
    Retention,
    days=st.none() | st.integers(min_value=0, max_value=100).map(float),
    sessions=st.none() | st.integers(min_value=0, max_value=7),
)


@given(histories, limits)
@settings(deadline=None, max_examples=15)
async def test_what_stays_is_whole_and_what_goes_is_gone(
    history: list[tuple[Status, float, list[int]]], retention: Retention
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        place = Place(Path(folder))
        made = [await place.session(number, *one) for number, one in enumerate(history)]
        stray = await place.backend.blobs.put(b"nobody's")
        place.age()
        plan = await plan_collect(place.ports, place.storage, PROFILE, retention)
        cleared = await remove(place.ports, place.storage, plan)
        assert cleared == list(plan.leftovers)
        page = await place.backend.store.sessions.find(SessionQuery(limit=100))
        kept = {session.id for session in page.items}
        assert kept == {one.id for one in made} - plan.sessions.keys()
        assert {one.id for one in made if not one.status.ended} <= kept
        assert expected(made, retention) == set(plan.sessions)
        for session in made:
            if session.id in kept:
                await place.readable(session.id)
            else:
                assert place.traces(session.id) == []
        values = {value for number, one in enumerate(history) if f"s{number}" in kept for value in one[2]}
        assert place.blobs() == len(values)
        assert not await place.backend.blobs.has(stray)
        again = await plan_collect(place.ports, place.storage, PROFILE, retention)
        assert again.empty
        await place.close()


def expected(made: list[Session], retention: Retention) -> set[str]:
    """The same rule, said another way."""
    ended = sorted(
        (one for one in made if one.status.ended), key=lambda one: (one.created_at, one.id), reverse=True
    )
    many = ended[retention.sessions :] if retention.sessions is not None else []
    old = [
        one
        for one in ended
        if retention.days is not None
        and one.finished_at is not None
        and (NOW - one.finished_at).total_seconds() > retention.days * 86_400
    ]
    return {one.id for one in [*many, *old]}


@pytest.fixture
async def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


async def test_a_running_session_cannot_be_deleted(place: Place) -> None:
    await place.session(1, Status.RUNNING, 1, [1])
    with pytest.raises(Conflict, match="running"):
        await plan_delete(place.ports, place.storage, "s1")
    await place.close()


async def test_a_session_whose_process_is_still_being_ended_stays(place: Place) -> None:
    await place.session(1, Status.STOPPED, 1, [1])
    execution = place.execution("s1")
    plan = await plan_delete(place.ports, place.storage, "s1")
    with pytest.raises(Conflict, match="still being ended"):
        await remove(place.ports, place.storage, plan)
    place.end_executions()
    with place.database.write() as connection:
        save(connection, Call(execution=execution, task="t", kind="lambda", id="c"))
    with pytest.raises(Conflict, match="still being ended"):
        await remove(place.ports, place.storage, plan)
    with place.database.write() as connection:
        connection.execute("DELETE FROM calls")
    await remove(place.ports, place.storage, plan)
    assert place.traces("s1") == []
    with pytest.raises(NotFound):
        await place.backend.store.sessions.session("s1")
    await place.close()


async def test_a_session_that_was_rerun_meanwhile_stays(place: Place) -> None:
    session = await place.session(1, Status.FAILED, 1, [1])
    plan = await plan_delete(place.ports, place.storage, "s1")
    await place.backend.store.commit(Transaction(put=[session.next(status=Status.RUNNING)]))
    with pytest.raises(Conflict):
        await remove(place.ports, place.storage, plan)
    await place.readable("s1")
    await place.close()


async def test_what_was_just_put_or_may_belong_to_what_runs_stays(place: Place) -> None:
    fresh = await place.backend.blobs.put(b"fresh")
    os.utime(place.data.blobs / fresh[:2] / fresh[2:], (NOW.timestamp(), NOW.timestamp()))
    assert await place.storage.sweep() == []
    place.clock.at = NOW + timedelta(days=3)
    place.execution("runs")  # it began before the blob was put three days ago
    assert await place.storage.sweep() == []
    place.end_executions()
    assert [one.kind for one in await place.storage.sweep()] == ["blobs"]
    await place.close()


async def test_spool_files_of_calls_in_flight_stay(place: Place) -> None:
    place.data.spool.mkdir(parents=True)
    execution = place.execution("runs")
    with place.database.write() as connection:
        call = Call(execution=execution, task="a/b", kind="lambda", id="id", spool="/data/spool/flying")
        save(connection, call)
    names = ["flying", "flying.12.tmp", f"{execution}-a-b.progress", "landed", "landed.7.tmp", "landed.input"]
    for name in names:
        (place.data.spool / name).write_bytes(b"x")
    place.age()
    (place.data.spool / "new.input").write_bytes(b"x")
    (found,) = [one for one in await place.storage.sweep() if one.kind == "spool"]
    assert (found.count, found.bytes) == (3, 3)
    left = {path.name for path in place.data.spool.iterdir()}
    assert left == {*names[:3], "new.input"}
    await place.close()
