"""Brings in what clients have committed: new executions and commands."""

from __future__ import annotations

import logging
from functools import partial

import orjson

from bunsui.asl.errors import AslError
from bunsui.asl.machine import Machine, compile_machine
from bunsui.asl.signals import Signal, Stop, TaskFailed, TaskSucceeded, UpdateMapRun
from bunsui.asl.start import ExecutionStart
from bunsui.errors import StoreCorrupt
from bunsui.local.engine.commands import Command, Commands, remove
from bunsui.local.engine.durable import DurableExecution
from bunsui.local.engine.executions import RUNNING, ExecutionRecord, Executions
from bunsui.local.engine.journal import Journal
from bunsui.local.sqlite.database import Database
from bunsui.local.worker.carrier import TaskCarrier
from bunsui.local.worker.driver import Driver
from bunsui.local.worker.mailbox import Mailbox, Post

log = logging.getLogger(__name__)

_KEPT_MACHINES = 64


class Intake:
    """Reads the tables of executions and commands whenever another process has committed."""

    def __init__(
        self,
        database: Database,
        executions: Executions,
        driver: Driver,
        carrier: TaskCarrier,
        mailbox: Mailbox,
    ) -> None:
        self._database = database
        self._driver = driver
        self._carrier = carrier
        self._mailbox = mailbox
        self._executions = executions
        self._commands = Commands(database)
        self._journal = Journal(database)
        self._machines: dict[str, Machine] = {}
        self._seen: tuple[int, int] | None = None
        self._last_execution = 0
        self._last_command = 0

    def look(self) -> None:
        """Take in what is new."""
        seen = (self._database.data_version(), self._executions.created)
        if seen == self._seen:
            return
        self._seen = seen
        for record in self._executions.open_after(self._last_execution):
            self._last_execution = record.id
            self._take(record)
        for command in self._commands.after(self._last_command):
            self._last_command = command.seq
            self._obey(command)

    def _take(self, record: ExecutionRecord) -> None:
        if record.status != RUNNING:
            self._carrier.ended(record)
            return
        try:
            self._load(record)
        except (AslError, StoreCorrupt) as error:
            log.critical("execution %s cannot be driven: %s", record.name, error)
            self._driver.refuse(record, str(error))

    def _load(self, record: ExecutionRecord) -> None:
        # Whoever looks at a map here reads what control has recorded of its items.
        machine, start = self._machine(record.machine), ExecutionStart.from_json(record.start)
        durable = DurableExecution(record.id, machine, start, records=False)
        signals, history = self._journal.signals(record.id), self._journal.history(record.id)
        if history:
            durable.replay(signals, history)
            self._driver.adopt(record, durable)
        else:
            self._driver.add(record, durable, durable.begin())

    def _machine(self, key: str) -> Machine:
        if key not in self._machines:
            if len(self._machines) >= _KEPT_MACHINES:
                self._machines.clear()
            kind, definition = self._executions.machine(key)
            self._machines[key] = compile_machine(orjson.dumps(definition), kind)
        return self._machines[key]

    def _obey(self, command: Command) -> None:
        signal = _signal(command, self._mailbox.now())
        self._mailbox.post(
            Post(
                execution=command.execution,
                signal=signal,
                writes=(partial(remove, seq=command.seq),),
            )
        )


def _signal(command: Command, now: float) -> Signal | None:
    body = command.body
    match body.get("kind"):
        case "stop":
            return Stop(now, _text(body.get("error")), _text(body.get("cause")))
        case "succeeded":
            return TaskSucceeded(now, str(body["task"]), body.get("output"))
        case "update_map_run":
            most = int(str(body["max_concurrency"]))
            return UpdateMapRun(now, state=str(body["state"]), max_concurrency=most)
        case "failed":
            return TaskFailed(now, str(body["task"]), _text(body.get("error")), _text(body.get("cause")))
        case _:
            log.error("unknown command %r", body.get("kind"))
            return None


def _text(value: object) -> str | None:
    return None if value is None else str(value)
