"""Calls that are recorded ahead: what is committed before they are made, and when they are not."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

import pytest

from bunsui.asl import Signal, TaskSucceeded
from bunsui.asl.effects import StartTask
from bunsui.core.models.job import Try
from bunsui.core.models.status import JobStatus
from bunsui.core.ports.exchange import Slot
from bunsui.local.engine.calls import Call, Calls, save
from bunsui.local.engine.executions import ExecutionRecord, Options, Owner
from bunsui.local.identity import SystemClock
from bunsui.local.logs import FileLogs
from bunsui.local.runners.function_runner import FunctionRunner
from bunsui.local.runners.outcomes import Cancelled, Lost, Outcome, Report, Returned, TaskOutcome
from bunsui.local.runners.pool import Reserved
from bunsui.local.runners.specs import InFlight, Started, StartedCallback
from bunsui.local.sqlite.database import Database
from bunsui.local.sqlite.store import SqliteStore
from bunsui.local.worker.assignment import Answer, Assignment
from bunsui.local.worker.lambda_calls import response
from bunsui.local.worker.ledger import Ledger
from bunsui.local.worker.mailbox import Mailbox
from bunsui.local.worker.masking import Mask
from bunsui.local.worker.runner_calls import Place, RunnerCalls, cancelled

SLOT = Slot(session_id="20260301-aaaaaa", run_id="r", attempt=1, job="j")
OWNER = Owner(session_id=SLOT.session_id, run_id="r", attempt=1)
EXECUTION = ExecutionRecord(
    id=1,
    name="e",
    machine="",
    start={},
    owner=OWNER,
    options=Options(),
    status="RUNNING",
    error=None,
    cause=None,
)


@dataclass(kw_only=True)
class Work:
    """A function whose runner is idle, unless it is `busy`."""

    busy: bool = False
    kind: str = "lambda"
    slot: Slot = SLOT
    others: tuple[str, ...] = ()
    timeout: float = 10.0
    code: str | None = None
    mask: Mask = field(default_factory=lambda: Mask(()))
    memory: int = 128
    told: list[Started] = field(default_factory=list)
    made: list[str] = field(default_factory=list)
    freed: int = 0
    kept: bool = True
    answers: list[Path] = field(default_factory=list)

    def reserve(self, call_id: str) -> Reserved | None:
        started = Started(id=call_id, pid=7, create_time=1.0, deadline=2.0)
        nobody = cast("FunctionRunner", None)
        return None if self.busy else Reserved(nobody, started, until=0.0, spool=None)

    def free(self) -> None:
        self.freed += 1

    async def call(self, place: Place, started: StartedCallback) -> Outcome | TaskOutcome:
        self.made.append(place.id)
        report = Report(duration_ms=1.0, memory_mb=128, max_memory_mb=1)
        return Returned(id=place.id, payload=b"1", report=report)

    async def adopt(self, flight: InFlight) -> Outcome | TaskOutcome:
        raise AssertionError("nothing was left")

    def end(self, call_id: str) -> bool:
        return False

    def answered(self, spool: Path) -> None:
        self.answers.append(spool)

    def recorded(self, spool: Path) -> bool:
        return self.kept

    def begun(self, now: float) -> Signal | None:
        return None

    async def answer(self, outcome: Outcome | TaskOutcome) -> Answer:
        return cancelled(outcome) or Answer(output=response(1))


class Desk:
    """Calls over a database of its own; `commit` does what a cycle of the driver does."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.database = Database(root / "bunsui.db")
        self.store = SqliteStore(self.database)
        self.table = Calls(self.database)
        self.mailbox = Mailbox()
        self.spool = root / "spool"
        clock = SystemClock()
        self.calls = RunnerCalls(
            store=self.store,
            calls=self.table,
            ledger=Ledger(self.database, clock, self.mailbox),
            logs=FileLogs(root / "logs"),
            spool=self.spool,
            mailbox=self.mailbox,
            clock=clock,
            adopters={},
        )

    def commit(self) -> list[Signal]:
        posts = self.mailbox.take()
        with self.database.write() as connection:
            for post in posts:
                for write in post.writes:
                    write(connection)
        for post in posts:
            if post.then is not None:
                post.then()
        return [post.signal for post in posts if post.signal is not None]

    async def tries(self) -> list[Try]:
        return await self.store.jobs.tries(SLOT.session_id, SLOT.run_id, 1, SLOT.job)


def assignment(task: str = "t") -> Assignment:
    effect = StartTask(
        task_id=task, state="j", resource="arn:aws:states:::lambda:invoke", parameters={}, execution_arn="e"
    )
    return Assignment(record=EXECUTION, task=effect, issued_at=0.0)


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    made = Desk(tmp_path)
    yield made
    made.database.close()


async def test_who_takes_a_call_is_recorded_before_it_is_made(desk: Desk) -> None:
    work = Work()
    ahead = await desk.calls.ahead(assignment(), work)
    assert ahead is not None
    with desk.database.write() as connection:
        ahead.write(connection)
    [call] = desk.table.all()
    [one] = await desk.tries()
    assert (call.pid, call.number, one.status) == (7, 1, JobStatus.RUNNING)
    assert work.made == []
    await desk.calls.carry(assignment(), work, ahead)
    assert work.made == [call.id]
    [signal] = desk.commit()
    assert isinstance(signal, TaskSucceeded)
    assert desk.table.all() == []
    assert [one.status for one in await desk.tries()] == [JobStatus.SUCCEEDED]


async def test_without_an_idle_runner_nothing_is_recorded_ahead(desk: Desk) -> None:
    assert await desk.calls.ahead(assignment(), Work(busy=True)) is None
    assert desk.table.all() == []


async def test_a_call_that_an_earlier_worker_left_is_not_made_ahead(desk: Desk) -> None:
    with desk.database.write() as connection:
        save(connection, Call(execution=1, task="t", kind="lambda", id="left", pid=1))
    work = Work()
    assert await desk.calls.ahead(assignment(), work) is None
    assert await desk.calls.ahead(assignment("another"), work) is not None


async def test_a_call_that_is_withdrawn_in_time_is_not_made_and_leaves_nothing_open(desk: Desk) -> None:
    work = Work(kept=False)
    ahead = await desk.calls.ahead(assignment(), work)
    assert ahead is not None
    with desk.database.write() as connection:
        ahead.write(connection)
    desk.calls.cancel(assignment().key)
    await desk.calls.carry(assignment(), work, ahead)
    desk.commit()
    assert (work.made, work.freed) == ([], 1)
    assert desk.table.all() == []
    assert [one.status for one in await desk.tries()] == [JobStatus.STOPPED]


async def test_a_call_that_is_not_recorded_ahead_and_withdrawn_leaves_no_trace(desk: Desk) -> None:
    work = Work()
    desk.calls.cancel(assignment().key)
    await desk.calls.carry(assignment(), work)
    assert (desk.commit(), work.made, await desk.tries()) == ([], [], [])


async def test_a_failed_record_gives_the_runner_back(desk: Desk, tmp_path: Path) -> None:
    (tmp_path / "logs").write_text("no folder", encoding="utf-8")
    work = Work()
    with pytest.raises(Exception, match="cannot be used"):
        await desk.calls.ahead(assignment(), work)
    assert work.freed == 1


@pytest.mark.parametrize(("seen", "ends"), [(False, JobStatus.STOPPED), (True, JobStatus.LOST)])
async def test_a_call_that_its_runner_never_saw_is_not_counted_as_lost(
    desk: Desk, seen: bool, ends: JobStatus
) -> None:
    """An earlier worker died after the commit and before it handed the call over, time and again."""
    first, work = Desk(desk.root), Left()
    ahead = await first.calls.ahead(assignment(), work)
    assert ahead is not None
    with desk.database.write() as connection:
        ahead.write(connection)
    first.database.close()
    if seen:
        Path(ahead.trial.call.log).write_text("START", encoding="utf-8")
    await desk.calls.carry(assignment(), work)
    desk.commit()
    assert [one.status for one in await desk.tries()] == [ends]
    assert len(work.made) == 1


class Left(Work):
    """The runner of an earlier worker's call is gone."""

    async def adopt(self, flight: InFlight) -> Outcome | TaskOutcome:
        return Lost(id=flight.started.id, reason="it is gone")


class Defective(Work):
    @property
    def memory(self) -> int:
        raise ValueError("a defect")

    @memory.setter
    def memory(self, value: int) -> None:
        pass


async def test_a_defect_gives_the_runner_back_too(desk: Desk) -> None:
    work = Defective()
    with pytest.raises(ValueError, match="a defect"):
        await desk.calls.ahead(assignment(), work)
    assert work.freed == 1


async def test_files_that_no_runner_goes_on_with_are_removed(desk: Desk) -> None:
    desk.spool.mkdir()
    spools: dict[bool, Path] = {}
    for kept in (True, False):
        work, task = Work(kept=kept), assignment(f"t-{kept}")
        ahead = await desk.calls.ahead(task, work)
        assert ahead is not None
        with desk.database.write() as connection:
            ahead.write(connection)
        spools[kept] = Path(ahead.trial.call.spool)
        spools[kept].write_bytes(b"result")
        await desk.calls.carry(task, work, ahead)
        desk.commit()
    await asyncio.sleep(0)
    await asyncio.get_running_loop().shutdown_default_executor()
    assert {kept: spool.exists() for kept, spool in spools.items()} == {True: True, False: False}


def test_a_cancelled_outcome_is_the_only_one_that_was_ended_by_us() -> None:
    report = Report(duration_ms=1.0, memory_mb=128, max_memory_mb=1)
    assert cancelled(Returned(id="a", payload=b"1", report=report)) is None
    ended = cancelled(Cancelled(id="a"))
    assert ended is not None
    assert ended.status is JobStatus.STOPPED
