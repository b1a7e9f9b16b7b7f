"""The engine port inside the worker: what control calls."""

from __future__ import annotations

from collections.abc import MutableMapping

from bunsui.asl.signals import Stop, TaskFailed, TaskSucceeded, UpdateMapRun
from bunsui.core.models.base import JsonValue
from bunsui.core.models.payload import Failure
from bunsui.core.ports.engine import EngineExecution, EngineStart
from bunsui.local.engine.commands import expired_token, no_map_run
from bunsui.local.engine.executions import RUNNING, Executions, NewExecution
from bunsui.local.engine.starting import new_execution
from bunsui.local.worker.mailbox import Mailbox


class InnerEngine:
    """`Engine` that answers tokens at once: the signals are committed with the next cycle, in order."""

    def __init__(
        self, executions: Executions, tokens: MutableMapping[str, tuple[int, str]], mailbox: Mailbox
    ) -> None:
        self._executions = executions
        self._tokens = tokens
        self._mailbox = mailbox

    async def start(self, start: EngineStart) -> None:
        self._executions.create(self._new(start))

    async def stop(self, name: str, failure: Failure) -> None:
        found = self._executions.by_name(name)
        if found is not None:
            signal = Stop(self._mailbox.now(), failure.error, failure.cause)
            self._mailbox.send(found.id, signal)

    async def describe(self, name: str) -> EngineExecution | None:
        return self._executions.describe(name)

    async def task_succeeded(self, token: str, output: JsonValue) -> None:
        execution, task_id = self._take(token)
        signal = TaskSucceeded(self._mailbox.now(), task_id, output)
        self._mailbox.send(execution, signal)

    async def task_failed(self, token: str, failure: Failure) -> None:
        execution, task_id = self._take(token)
        signal = TaskFailed(self._mailbox.now(), task_id, failure.error, failure.cause)
        self._mailbox.send(execution, signal)

    async def update_map_run(self, name: str, state: str, max_concurrency: int) -> None:
        found = self._executions.by_name(name)
        if found is None or found.status != RUNNING:
            raise no_map_run(name, state)
        signal = UpdateMapRun(self._mailbox.now(), state=state, max_concurrency=max_concurrency)
        self._mailbox.send(found.id, signal)

    async def revive(self) -> None:
        """Nothing to do: this is the worker."""

    def _take(self, token: str) -> tuple[int, str]:
        found = self._tokens.pop(token, None)
        if found is None:
            raise expired_token()
        return found

    def _new(self, start: EngineStart) -> NewExecution:
        return new_execution(start, self._mailbox.now(), self._executions.newest_options())
