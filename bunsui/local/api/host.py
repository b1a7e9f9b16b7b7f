"""The executions behind the API: started, driven, waited for, redriven, taken up again after a restart."""

from __future__ import annotations

import asyncio
import logging
import sqlite3
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import orjson

from bunsui.asl import AslError, Effect, ExecutionStart, Machine, Redrive, Signal, compile_machine
from bunsui.asl.history import History
from bunsui.errors import StoreCorrupt
from bunsui.local.api.tables import Run, Runs, insert_run, update_run
from bunsui.local.engine.durable import DurableExecution
from bunsui.local.engine.executions import ExecutionRecord, Executions, NewExecution, Options, close, create
from bunsui.local.engine.journal import Journal, append
from bunsui.local.sqlite.database import Database
from bunsui.local.worker.driver import Carrier, Driver, without_waiting
from bunsui.local.worker.mailbox import Mailbox, Post, Write

log = logging.getLogger(__name__)

_KEPT_MACHINES = 256


@dataclass(frozen=True, slots=True, kw_only=True)
class NewRun:
    """An execution to begin. `body` is what the API tells of it; `case` names its mocks."""

    start: ExecutionStart
    definition: Mapping[str, Any]
    type: str
    machine: str
    body: dict[str, Any]
    case: str | None = None


class Host:
    """Owns the database, the driver and the mailbox; everything happens in one event loop."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.mailbox = Mailbox()
        self.runs = Runs(database)
        self.journal = Journal(database)
        self.executions = Executions(database)
        self._carrier: Carrier | None = None
        self._driver: Driver | None = None
        self._machines: dict[str, Machine] = {}
        self._ended: list[int] = []
        self._redriving: set[int] = set()
        self._waiting: defaultdict[int, list[asyncio.Future[None]]] = defaultdict(list)

    # Life

    def attach(self, carrier: Carrier) -> None:
        """Name who carries out effects. The carrier needs the host, so that it comes after it."""
        self._carrier = carrier
        self._driver = Driver(self.database, self.mailbox, self)

    @property
    def driver(self) -> Driver:
        """The driver. Raises RuntimeError before `attach`."""
        if self._driver is None:
            raise RuntimeError("the host has no carrier yet")
        return self._driver

    def resume(self) -> int:
        """Take up what an earlier process left; gives the number of executions."""
        open_ones = self.executions.open_after(0)
        for record in open_ones:
            try:
                self.driver.adopt(record, self._replayed(record))
            except (AslError, StoreCorrupt) as error:
                log.critical("execution %s cannot go on: %s", record.name, error)
                self.driver.refuse(record, str(error))
        return len(open_ones)

    async def run(self) -> None:
        """Drive until `stop`."""
        await self.driver.run(lambda: None)
        with self.database.write() as connection:
            self._close_ended(connection)

    def stop(self) -> None:
        """End after the current cycle; executions stay where they are."""
        self.driver.stop()

    # What the driver calls

    async def at_once(self, record: ExecutionRecord, effect: Effect) -> Post | None:
        """Ask the carrier whether an effect is nothing but records."""
        return await self._carrier.at_once(record, effect) if self._carrier is not None else None

    def issue(self, record: ExecutionRecord, effect: Effect) -> None:
        """Hand an effect to the carrier."""
        if self._carrier is not None:
            self._carrier.issue(record, effect)

    def ended(self, record: ExecutionRecord) -> None:
        """The end is committed: tell who waits for it."""
        if self._carrier is not None:
            self._carrier.ended(record)
        self._ended.append(record.id)
        for future in self._waiting.pop(record.id, ()):
            if not future.done():
                future.set_result(None)

    # What operations call

    def now(self) -> float:
        """The time, in epoch seconds."""
        return self.mailbox.now()

    def begin(self, new: NewRun) -> int:
        """Begin an execution and commit its start with its first steps; gives its number."""
        stored = NewExecution(
            name=new.start.arn,
            definition=dict(new.definition),
            type=new.type,
            start=new.start.to_json(),
            created_at=round(new.start.started_at * 1e6),
            options=Options(mocks=new.case),
        )
        with self.database.write() as connection:
            self._close_ended(connection)
            number = create(connection, stored)
            insert_run(connection, new.start.arn, number, new.machine, new.start.started_at, new.body)
            record = self._record(number)
            durable = self._unstarted(record)
            records, effects = self._told(record, durable.begin())
            delta = durable.delta()
            if delta is not None:
                append(connection, delta)
            for write in records:
                write(connection)
        if delta is not None:
            durable.committed(delta)
        self.driver.add(record, durable, effects)
        return number

    async def send(self, execution: int, signal: Signal | None, *writes: Write) -> None:
        """Give an execution a signal, and wait until it is committed."""
        done = asyncio.get_running_loop().create_future()
        then: Callable[[], None] = partial(_settle, done)
        self.mailbox.post(Post(execution=execution, signal=signal, writes=writes, then=then))
        await done

    async def redrive(self, run: Run) -> float | str:
        """Let an execution go on; gives the time, or the reason why it cannot."""
        if run.execution in self._redriving:
            # Its log does not say so yet: the commit is under way.
            return "Execution is RUNNING and cannot be redriven"
        record, now = self._record(run.execution), self.now()
        durable = self._replayed(record)
        refusal = durable.execution.redrive_refusal(now)
        if refusal is not None:
            return refusal
        self._redriving.add(run.execution)
        try:
            await self._redrive(run, record, durable, now)
        finally:
            self._redriving.discard(run.execution)
        return now

    async def _redrive(
        self, run: Run, record: ExecutionRecord, durable: DurableExecution, now: float
    ) -> None:
        count = int(run.body.get("redriveCount", 0)) + 1
        body = {**run.body, "redriveCount": count, "redriveDate": now}
        self.driver.adopt(record, durable)
        opened = partial(update_run, arn=run.arn, body=body)
        await self.send(run.execution, Redrive(now), self._close_ended, opened)

    async def end_of(self, execution: int) -> Run:
        """Wait until an execution has ended."""
        run = self.runs.numbered(execution)
        if run is not None and run.status != "RUNNING":
            return run
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting[execution].append(future)
        await future
        return await self.end_of(execution)

    def history(self, run: Run) -> History:
        """The committed history."""
        return self.journal.events(run.execution)

    def definition(self, run: Run) -> tuple[str, Any]:
        """Type and definition that an execution runs."""
        return self.executions.machine(self._record(run.execution).machine)

    # Inside

    def _told(self, record: ExecutionRecord, effects: list[Effect]) -> tuple[list[Write], list[Effect]]:
        """What of the first effects has to be recorded beside the events that tell of it, and the others."""
        posts = [(effect, without_waiting(self.at_once(record, effect))) for effect in effects]
        writes = [write for _, post in posts if post is not None for write in post.writes]
        return writes, [effect for effect, post in posts if post is None]

    def _close_ended(self, connection: sqlite3.Connection) -> None:
        """Note with another commit what need not be taken up again; one of its own would not be worth it."""
        for number in self._ended:
            close(connection, execution=number)
        self._ended.clear()

    def _record(self, number: int) -> ExecutionRecord:
        record = self.executions.by_id(number)
        if record is None:
            raise StoreCorrupt(f"There is no execution {number}")
        return record

    def _unstarted(self, record: ExecutionRecord) -> DurableExecution:
        start = ExecutionStart.from_json(record.start)
        return DurableExecution(record.id, self._machine(record.machine), start)

    def _replayed(self, record: ExecutionRecord) -> DurableExecution:
        durable = self._unstarted(record)
        durable.replay(self.journal.signals(record.id), self.journal.history(record.id))
        return durable

    def _machine(self, key: str) -> Machine:
        if key not in self._machines:
            if len(self._machines) >= _KEPT_MACHINES:
                self._machines.clear()
            kind, definition = self.executions.machine(key)
            self._machines[key] = compile_machine(orjson.dumps(definition), kind)
        return self._machines[key]


def _settle(done: asyncio.Future[None]) -> None:
    if not done.done():
        done.set_result(None)
