"""The function `bunsui-control`, served inside the worker."""

from __future__ import annotations

import asyncio
import logging
import traceback
from collections.abc import Awaitable, Callable, Mapping, Sequence

import orjson

from bunsui.asl.signals import TaskFailed, TaskSubmitted, TaskSucceeded
from bunsui.core.models.base import JsonValue
from bunsui.errors import BunsuiError, StoreCorrupt, StoreError
from bunsui.local.worker.assignment import Assignment
from bunsui.local.worker.lambda_calls import response
from bunsui.local.worker.mailbox import Mailbox

log = logging.getLogger(__name__)

Handle = Callable[[Mapping[str, JsonValue]], Awaitable[JsonValue]]
"""The whole function: what control answers to a payload."""

Record = Callable[[Sequence[Mapping[str, JsonValue]]], Awaitable[None]]
"""Records reports about items, many at once."""

AGAIN_SECONDS = 0.5


class Reports:
    """Reports about items that arrive together are recorded together."""

    def __init__(self, record: Record) -> None:
        self._record = record
        self._waiting: list[tuple[Mapping[str, JsonValue], asyncio.Future[None]]] = []

    async def add(self, payload: Mapping[str, JsonValue]) -> JsonValue:
        """Record a report; the first waits for those that are on their way. Raises as the recording."""
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((payload, done))
        if len(self._waiting) == 1:
            await asyncio.sleep(0)
            await self._flush()
        await done
        return {}

    async def _flush(self) -> None:
        waiting, self._waiting = self._waiting, []
        try:
            await self._record([payload for payload, _ in waiting])
        except BunsuiError as error:
            for _, done in waiting:
                done.set_exception(error)
        else:
            for _, done in waiting:
                done.set_result(None)


class ControlCalls:
    """Calls control in process. What it is called for is idempotent, so that a call may be repeated."""

    def __init__(self, handle: Handle, record: Record, mailbox: Mailbox) -> None:
        self._handle = handle
        self._mailbox = mailbox
        self._reports = Reports(record)

    async def carry(self, assignment: Assignment) -> None:
        """Call control and post its answer; one with a token is answered through the engine port."""
        task = assignment.task
        if task.token is not None:
            taken = TaskSubmitted(self._mailbox.now(), task.task_id, response(None))
            self._mailbox.send(assignment.record.id, taken)
        try:
            answer = await self._call(task.parameters.get("Payload", {}))
        except BunsuiError as error:
            self._fail(assignment, error)
            return
        if task.token is None:
            done = TaskSucceeded(self._mailbox.now(), task.task_id, response(answer))
            self._mailbox.send(assignment.record.id, done)

    async def _call(self, payload: dict[str, JsonValue]) -> JsonValue:
        """Repeat what a full disk kept from being recorded."""
        while True:
            try:
                if payload.get("op") == "item":
                    return await self._reports.add(payload)
                return await self._handle(payload)
            except StoreCorrupt:
                raise
            except StoreError as error:
                log.warning("control cannot record, trying again: %s", error.message)
                await asyncio.sleep(AGAIN_SECONDS)

    def _fail(self, assignment: Assignment, error: BunsuiError) -> None:
        log.error("control failed in %s: %s", assignment.record.name, error.message)
        cause = function_error(error)
        failed = TaskFailed(self._mailbox.now(), assignment.task.task_id, type(error).__name__, cause)
        self._mailbox.send(assignment.record.id, failed)


def function_error(error: Exception) -> str:
    """The cause that a Lambda function's error gives."""
    frames = traceback.format_tb(error.__traceback__)
    text = error.message if isinstance(error, BunsuiError) else str(error)
    document = {"errorMessage": text, "errorType": type(error).__name__, "stackTrace": frames}
    return orjson.dumps(document).decode()
