from __future__ import annotations

import asyncio
import contextlib
import json
import sqlite3
import threading
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from bunsui.asl import ExecutionStart, Signal, StartTask, TaskSucceeded, compile_machine
from bunsui.asl.effects import Effect
from bunsui.local.engine.durable import DurableExecution
from bunsui.local.engine.executions import ExecutionRecord, Executions, NewExecution
from bunsui.local.engine.journal import Journal
from bunsui.local.sqlite.database import Database
from bunsui.local.worker import driver as driver_module
from bunsui.local.worker.driver import Driver
from bunsui.local.worker.mailbox import Mailbox, Post

TASK = {"Type": "Task", "Resource": "arn:aws:lambda:us-east-1:123456789012:function:work", "End": True}


class Carrier:
    """Notes what it is given; `answer` may post at once."""

    def __init__(self) -> None:
        self.issued: list[tuple[str, Effect]] = []
        self.finished: list[str] = []
        self.something = asyncio.Event()
        self.answer: Callable[[ExecutionRecord, StartTask], None] | None = None
        self.records: Callable[[ExecutionRecord, Effect], Post | None] = lambda record, effect: None

    async def at_once(self, record: ExecutionRecord, effect: Effect) -> Post | None:
        return self.records(record, effect)

    def issue(self, record: ExecutionRecord, effect: Effect) -> None:
        self.issued.append((record.name, effect))
        self.something.set()
        if self.answer is not None and isinstance(effect, StartTask):
            self.answer(record, effect)

    def ended(self, record: ExecutionRecord) -> None:
        self.finished.append(record.name)
        self.something.set()

    async def until(self, condition: Callable[[], bool]) -> None:
        async with asyncio.timeout(20):
            while not condition():
                self.something.clear()
                await self.something.wait()


class Stage:
    """A driver at work on a database of its own."""

    def __init__(self, path: Path) -> None:
        self.database = Database(path / "bunsui.db")
        self.executions = Executions(self.database)
        self.mailbox = Mailbox()
        self.carrier = Carrier()
        self.driver = Driver(self.database, self.mailbox, self.carrier)
        self.work: asyncio.Task[None] | None = None

    def begin(self) -> None:
        self.work = asyncio.create_task(self.driver.run(lambda: None))

    def start(self, name: str, states: dict[str, Any], input: Any = None) -> int:
        number, take_in = self._created(name, states, input)
        take_in()
        return number

    def prepared(self, name: str, states: dict[str, Any]) -> Callable[[], None]:
        return self._created(name, states, None)[1]

    def _created(self, name: str, states: dict[str, Any], input: Any) -> tuple[int, Callable[[], None]]:
        definition: dict[str, Any] = {"StartAt": next(iter(states)), "States": states}
        now = self.mailbox.now()
        start = ExecutionStart(arn=f"arn:{name}", name=name, input=input, started_at=now, seed=name)
        number = self.executions.create(
            NewExecution(name=name, definition=definition, start=start.to_json(), created_at=0)
        )
        record, durable = self.executions.by_name(name), self.durable(name)
        assert record is not None
        return number, lambda: self.driver.add(record, durable, durable.begin())

    def durable(self, name: str) -> DurableExecution:
        """The execution as it was created."""
        record = self.executions.by_name(name)
        assert record is not None
        machine = compile_machine(json.dumps(self.executions.machine(record.machine)[1]), "EXPRESS")
        return DurableExecution(record.id, machine, ExecutionStart.from_json(record.start))

    def status(self, name: str) -> str:
        found = self.executions.by_name(name)
        assert found is not None
        return found.status


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncIterator[Stage]:
    made = Stage(tmp_path)
    yield made
    made.driver.stop()
    if made.work is not None:
        with contextlib.suppress(asyncio.CancelledError):
            await made.work
    made.database.close()


async def test_an_effect_is_issued_after_its_commit(stage: Stage) -> None:
    seen: list[int] = []
    journal = Journal(Database(stage.database.path))
    stage.carrier.answer = lambda record, task: seen.append(len(journal.events(record.id)))
    stage.begin()
    stage.start("one", {"A": TASK})
    await stage.carrier.until(lambda: bool(stage.carrier.issued))
    assert seen == [4]


async def test_an_answer_ends_the_execution(stage: Stage) -> None:
    stage.begin()
    number = stage.start("one", {"A": TASK})
    await stage.carrier.until(lambda: bool(stage.carrier.issued))
    effect = stage.carrier.issued[0][1]
    assert isinstance(effect, StartTask)
    stage.mailbox.send(number, TaskSucceeded(stage.mailbox.now(), effect.task_id, {"x": 1}))
    await stage.carrier.until(lambda: bool(stage.carrier.finished))
    assert stage.status("one") == "SUCCEEDED"
    assert stage.executions.output(number) == {"x": 1}
    assert stage.driver.running == 0


async def test_a_full_disk_holds_effects_back_until_there_is_room(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(driver_module, "PATIENCE_SECONDS", 0.01)
    stage.start("one", {"A": TASK}, input="x" * 100_000)
    writing = stage.database.twin()
    monkeypatch.setattr(stage.database, "twin", lambda: writing)
    pages = writing.one("PRAGMA page_count")
    assert pages is not None
    writing.connection.execute(f"PRAGMA max_page_count = {pages[0]}")
    stage.begin()
    async with asyncio.timeout(20):
        while "trying again" not in caplog.text:  # noqa: ASYNC110 - a log record tells nobody that it is there
            await asyncio.sleep(0)
    assert stage.carrier.issued == []
    writing.connection.execute("PRAGMA max_page_count = 1000000")
    await stage.carrier.until(lambda: bool(stage.carrier.issued))
    assert len(Journal(stage.database).events(1)) == 4


def write_beside(connection: sqlite3.Connection) -> None:
    connection.execute("INSERT INTO maintenance VALUES ('beside', 1, 1, '')")


async def test_what_only_has_to_be_recorded_is_in_the_commit_that_gave_it(stage: Stage) -> None:
    seen: list[list[tuple[object, ...]]] = []

    def records(record: ExecutionRecord, effect: Effect) -> Post | None:
        if not isinstance(effect, StartTask) or effect.state != "A":
            return None
        done = TaskSucceeded(stage.mailbox.now(), effect.task_id, {})
        return Post(execution=record.id, signal=done, writes=(write_beside,))

    other = Database(stage.database.path)
    stage.carrier.records = records
    stage.carrier.answer = lambda record, task: seen.append(other.all("SELECT profile FROM maintenance"))
    stage.begin()
    stage.start("one", {"A": {**TASK, "Next": "B", "End": False}, "B": TASK})
    await stage.carrier.until(lambda: bool(stage.carrier.issued))
    assert [effect.state for _, effect in stage.carrier.issued if isinstance(effect, StartTask)] == ["B"]
    assert seen == [[("beside",)]]
    assert len(Journal(other).history(1)) == 1
    other.close()


class SlowDisk:
    """Commits of a driver begin when they are told to."""

    def __init__(self, database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
        self.entered, self.go_on = threading.Event(), threading.Event()
        writing = database.twin()
        self._prepare = writing.prepare
        monkeypatch.setattr(writing, "prepare", self._slow)
        monkeypatch.setattr(database, "twin", lambda: writing)

    def _slow(self, work: Callable[[sqlite3.Connection], None]) -> Callable[[], None]:
        complete = self._prepare(work)

        def wait() -> None:
            self.entered.set()
            self.go_on.wait(20)
            complete()

        return wait


async def test_what_comes_during_a_commit_waits_for_the_next_one(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An execution that is taken in while the disk is waited for is not issued before it is recorded."""
    journal, seen = Journal(Database(stage.database.path)), dict[str, int]()
    disk = SlowDisk(stage.database, monkeypatch)
    stage.carrier.answer = lambda record, task: seen.update({record.name: len(journal.events(record.id))})
    number = stage.start("first", {"A": TASK})
    second = stage.prepared("second", {"A": TASK})
    stage.begin()
    await asyncio.to_thread(disk.entered.wait, 20)
    second()
    disk.go_on.set()
    await stage.carrier.until(lambda: len(stage.carrier.issued) == 2)
    assert seen == {"first": 4, "second": 4}
    assert number == 1


async def test_who_is_taken_in_anew_while_its_end_is_committed_stays(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A redrive may find the end in the database a moment before the driver knows that it is there."""
    disk = SlowDisk(stage.database, monkeypatch)
    disk.go_on.set()
    stage.begin()
    number = stage.start("one", {"A": TASK})
    await stage.carrier.until(lambda: bool(stage.carrier.issued))
    record, again, journal = stage.executions.by_name("one"), stage.durable("one"), Journal(stage.database)
    assert record is not None
    again.replay(journal.signals(number), journal.history(number))
    disk.go_on.clear()
    disk.entered.clear()
    [task] = again.execution.open_tasks
    stage.mailbox.send(number, TaskSucceeded(stage.mailbox.now(), task.task_id, {}))
    await asyncio.to_thread(disk.entered.wait, 20)
    stage.driver.adopt(record, again)
    disk.go_on.set()
    await stage.carrier.until(lambda: bool(stage.carrier.finished) and len(stage.carrier.issued) == 2)
    assert stage.driver.running == 1


async def test_an_effect_that_has_to_wait_is_issued(stage: Stage) -> None:
    """While it waited others would go on, between what was applied and the commit that it belongs to."""
    waited: list[str] = []

    async def at_once(record: ExecutionRecord, effect: Effect) -> Post | None:
        await asyncio.sleep(0)
        waited.append(record.name)
        return Post(execution=record.id)

    stage.carrier.at_once = at_once  # type: ignore[method-assign]
    stage.begin()
    stage.start("one", {"A": TASK})
    await stage.carrier.until(lambda: bool(stage.carrier.issued))
    assert waited == []


async def test_a_long_loop_lets_the_others_live(stage: Stage) -> None:
    loop = {
        "Add": {"Type": "Pass", "Parameters": {"n.$": "States.MathAdd($.n, 1)"}, "Next": "More"},
        "More": {
            "Type": "Choice",
            "Choices": [{"Variable": "$.n", "NumericLessThan": 40_000, "Next": "Add"}],
            "Default": "Done",
        },
        "Done": {"Type": "Succeed"},
    }
    stage.begin()
    stage.start("long", loop, input={"n": 0})
    stage.start("short", {"A": {"Type": "Pass", "End": True}})
    await stage.carrier.until(lambda: len(stage.carrier.finished) == 2)
    assert stage.carrier.finished == ["short", "long"]


async def test_timers_fire_in_time_and_are_watched_once(stage: Stage) -> None:
    stage.begin()
    for number in range(50):
        stage.start(f"wait-{number}", {"A": {"Type": "Wait", "Seconds": 1, "End": True}})
    begin = stage.mailbox.now()
    await stage.carrier.until(lambda: len(stage.carrier.finished) == 50)
    assert 0.9 <= stage.mailbox.now() - begin <= 5
    assert stage.driver._timers == []


async def test_a_defect_ends_one_execution_only(stage: Stage) -> None:
    class Broken(Signal):
        __slots__ = ()

    stage.begin()
    bad, _ = (
        stage.start("bad", {"A": TASK}),
        stage.start("good", {"A": {"Type": "Wait", "Seconds": 1, "End": True}}),
    )
    await stage.carrier.until(lambda: bool(stage.carrier.issued))
    stage.mailbox.send(bad, Broken(stage.mailbox.now()))
    await stage.carrier.until(lambda: len(stage.carrier.finished) == 2)
    assert (stage.status("bad"), stage.status("good")) == ("FAILED", "SUCCEEDED")
    found = stage.executions.by_name("bad")
    assert found is not None
    assert found.error == "States.Runtime"
