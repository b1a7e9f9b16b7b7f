"""The function `bunsui-control`, served inside the worker."""

from __future__ import annotations

import asyncio
import logging
import sqlite3
import traceback
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import Protocol, TypeVar

import orjson

from bunsui.asl.signals import Signal, TaskFailed, TaskSubmitted, TaskSucceeded
from bunsui.core.control.item import Report
from bunsui.core.models.base import JsonValue
from bunsui.core.pipeline.machine import HELD
from bunsui.core.ports.store import Transaction
from bunsui.errors import BunsuiError, Conflict, Held, StoreCorrupt, StoreError
from bunsui.local.sqlite.events import put_events
from bunsui.local.sqlite.tables import put
from bunsui.local.worker.assignment import Assignment
from bunsui.local.worker.lambda_calls import response
from bunsui.local.worker.mailbox import Mailbox, Write

log = logging.getLogger(__name__)

T = TypeVar("T")

Handle = Callable[[Mapping[str, JsonValue]], Awaitable[JsonValue]]
"""The whole function: what control answers to a payload."""


class Reporting(Protocol):
    """How reports about items are read, and what follows their commit."""

    async def read(self, payload: Mapping[str, JsonValue]) -> Report:
        """What a report changes."""
        ...

    async def after(self, report: Report) -> None:
        """The changes are committed."""
        ...


@dataclass(frozen=True, slots=True)
class Reported:
    """A report: its answer, what to commit with that, and what follows the commit, if anything does."""

    answer: Signal
    write: Write
    after: Callable[[], Coroutine[None, None, None]] | None


AGAIN_SECONDS = 0.5


class ControlCalls:
    """Calls control in process. What it is called for is idempotent, so that a call may be repeated."""

    def __init__(self, handle: Handle, reporting: Reporting, mailbox: Mailbox) -> None:
        self._handle = handle
        self._mailbox = mailbox
        self._reporting = reporting

    async def carry(self, assignment: Assignment) -> None:
        """Call control and post its answer; one with a token is answered through the engine port."""
        task = assignment.task
        if task.token is not None:
            taken = TaskSubmitted(self._mailbox.now(), task.task_id, response(None))
            self._mailbox.send(assignment.record.id, taken)
        try:
            answer = await _patiently(lambda: self._handle(task.parameters.get("Payload", {})))
        except BunsuiError as error:
            self._fail(assignment, error)
            return
        if task.token is None:
            done = TaskSucceeded(self._mailbox.now(), task.task_id, response(answer))
            self._mailbox.send(assignment.record.id, done)

    async def report(self, assignment: Assignment) -> Reported | None:
        """What a report about items comes to; None for other calls. Raises as control does."""
        payload = assignment.task.parameters.get("Payload", {})
        if payload.get("op") != "item":
            return None
        report = await self._reporting.read(payload)
        return Reported(
            answer=self._answer(assignment, report),
            write=lambda connection: _write(connection, report.changes),
            after=partial(self._after, report) if report.follows else None,
        )

    async def _after(self, report: Report) -> None:
        try:
            await _patiently(lambda: self._reporting.after(report))
        except BunsuiError as error:
            log.warning("what follows a report about items failed: %s", error.message)

    def _answer(self, assignment: Assignment, report: Report) -> Signal:
        now, task_id = self._mailbox.now(), assignment.task.task_id
        if report.keeps:
            return TaskFailed(now, task_id, HELD, "the session is held: no other item begins")
        return TaskSucceeded(now, task_id, response({}))

    def _fail(self, assignment: Assignment, error: BunsuiError) -> None:
        level = logging.INFO if isinstance(error, Held) else logging.ERROR
        log.log(level, "control failed in %s: %s", assignment.record.name, error.message)
        cause = function_error(error)
        failed = TaskFailed(self._mailbox.now(), assignment.task.task_id, type(error).__name__, cause)
        self._mailbox.send(assignment.record.id, failed)


async def _patiently(work: Callable[[], Awaitable[T]]) -> T:
    """Repeat what a full disk kept from being recorded."""
    while True:
        try:
            return await work()
        except StoreCorrupt:
            raise
        except StoreError as error:
            log.warning("control cannot record, trying again: %s", error.message)
            await asyncio.sleep(AGAIN_SECONDS)


def _write(connection: sqlite3.Connection, changes: Transaction) -> None:
    """Write what a report changes. An item that somebody else has ended meanwhile stays as it is."""
    for record in changes.put:
        with suppress(Conflict):
            put(connection, record)
    put_events(connection, changes.events)


def function_error(error: Exception) -> str:
    """The cause that a Lambda function's error gives."""
    frames = traceback.format_tb(error.__traceback__)
    text = error.message if isinstance(error, BunsuiError) else str(error)
    document = {"errorMessage": text, "errorType": type(error).__name__, "stackTrace": frames}
    return orjson.dumps(document).decode()
