"""The engine port on the client's side: rows for the worker, and a worker to read them."""

from __future__ import annotations

from bunsui.core.models.base import JsonValue
from bunsui.core.models.payload import Failure
from bunsui.core.ports.clock import Clock
from bunsui.core.ports.engine import EngineExecution, EngineStart
from bunsui.local.engine.commands import Commands, no_map_run
from bunsui.local.engine.executions import RUNNING, Executions, Options
from bunsui.local.engine.starting import new_execution
from bunsui.local.sqlite.database import Database
from bunsui.local.worker.client import WorkerClient


class LocalEngine:
    """`Engine` of a client. Everything is committed first; then a worker is found or started, and told."""

    def __init__(self, database: Database, worker: WorkerClient, clock: Clock, options: Options) -> None:
        self._executions = Executions(database)
        self._commands = Commands(database)
        self._worker = worker
        self._clock = clock
        self._options = options

    async def start(self, start: EngineStart) -> None:
        self._executions.create(new_execution(start, self._clock.now().timestamp(), self._options))
        await self._worker.ensure()

    async def stop(self, name: str, failure: Failure) -> None:
        found = self._executions.by_name(name)
        if found is not None and found.status == RUNNING:
            self._commands.stop(found.id, failure.error, failure.cause)
            await self._worker.ensure()

    async def describe(self, name: str) -> EngineExecution | None:
        return self._executions.describe(name)

    async def task_succeeded(self, token: str, output: JsonValue) -> None:
        self._commands.answer(token, {"kind": "succeeded", "output": output})
        await self._worker.ensure()

    async def task_failed(self, token: str, failure: Failure) -> None:
        self._commands.answer(token, {"kind": "failed", "error": failure.error, "cause": failure.cause})
        await self._worker.ensure()

    async def update_map_run(self, name: str, state: str, max_concurrency: int) -> None:
        found = self._executions.by_name(name)
        if found is None or found.status != RUNNING:
            raise no_map_run(name, state)
        self._commands.update_map_run(found.id, state, max_concurrency)
        await self._worker.ensure()

    async def revive(self) -> None:
        """Make sure that somebody carries on what is unfinished. Cheap; does nothing where nothing is."""
        if self._executions.any_open():
            await self._worker.ensure()
