"""The life of a worker: boot, work, rest, end."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Mapping

import structlog

import bunsui
from bunsui.core.session.reconcile import reconcile
from bunsui.errors import BunsuiError
from bunsui.local.data_dir import DataDir
from bunsui.local.engine.calls import Call
from bunsui.local.worker.assembly import Parts, assemble
from bunsui.local.worker.protocol import Hello
from bunsui.local.worker.server import Ear

log = structlog.stdlib.get_logger(__name__)


class Worker:
    """One worker. The caller holds the lock of the data directory. `idle` is in seconds."""

    def __init__(self, data: DataDir, *, idle: float, environment: Mapping[str, str]) -> None:
        self._idle = idle
        self._parts: Parts = assemble(data, environment)
        self._draining = False
        self._quiet_since: float | None = None
        self._ear = Ear(data, self._hello, on_wake=self._parts.mailbox.wake, on_drain=self._drain)

    async def run(self) -> None:
        """Work until nothing is left for a while, or until told to end. Runners that are busy live on."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._drain)
        await self._reconcile()
        self._parts.intake.look()
        self._parts.carrier.reap(self._abandoned())
        await self._ear.open()
        log.info("ready", pid=os.getpid(), version=bunsui.__version__)
        try:
            await self._parts.driver.run(self._look)
        finally:
            await self._end()

    async def _reconcile(self) -> None:
        try:
            for line in await reconcile(self._parts.sessions):
                log.info("healed", what=line)
        except BunsuiError as error:
            # What one session cannot have healed must not keep the others from going on.
            log.warning("not everything could be healed", error=error.message)

    def _abandoned(self) -> list[Call]:
        """Calls in flight whose answers nobody wants: an earlier worker died while it ended them."""
        wanted = self._parts.driver.open_tasks()
        return [call for call in self._parts.calls.all() if (call.execution, call.task) not in wanted]

    def _look(self) -> None:
        self._parts.intake.look()
        self._rest()

    def _rest(self) -> None:
        """End after a quiet time. Who commits work after that finds nobody listening, and starts a worker."""
        now = asyncio.get_running_loop().time()
        if self._parts.driver.running or self._parts.carrier.busy:
            self._quiet_since = None
        elif self._quiet_since is None:
            self._quiet_since = now
        elif now - self._quiet_since >= self._idle:
            self._retire()

    def _retire(self) -> None:
        self._ear.close()
        self._parts.intake.look()
        if self._parts.driver.running:
            self._quiet_since = None
            self._reopening = asyncio.create_task(self._ear.open())
        else:
            log.info("nothing to do", seconds=self._idle)
            self._parts.driver.stop()

    def _drain(self) -> None:
        log.info("asked to end")
        self._draining = True
        self._parts.driver.stop()

    async def _end(self) -> None:
        self._ear.close()
        await self._parts.carrier.let_go()
        await self._parts.pool.close()
        await self._parts.containers.close()
        self._parts.database.close()
        log.info("ends", pid=os.getpid())

    def _hello(self) -> Hello:
        return Hello(
            pid=os.getpid(),
            version=bunsui.__version__,
            running=self._parts.driver.running,
            draining=self._draining,
        )
