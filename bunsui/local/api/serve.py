"""The life of `bunsui local serve`: open, take up what was left, serve, close."""

from __future__ import annotations

import asyncio
import fcntl
import os
import signal
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from bunsui.errors import Conflict, Unavailable
from bunsui.local.api.call import Operation
from bunsui.local.api.carrier import ApiCarrier
from bunsui.local.api.executions import ExecutionOperations, Runner
from bunsui.local.api.functions import (
    Functions,
    LocalFunctions,
    RemoteFunctions,
    project_handlers,
    read_handlers,
)
from bunsui.local.api.host import Host
from bunsui.local.api.http import HttpServer
from bunsui.local.api.invoke import InvokeApi
from bunsui.local.api.machines import Machines
from bunsui.local.api.map_runs import MapRuns
from bunsui.local.api.nested import Nested
from bunsui.local.api.server import ApiServer
from bunsui.local.api.state_test import StateTests
from bunsui.local.api.storage import Storage
from bunsui.local.api.tables import MIGRATIONS, Resources
from bunsui.local.api.tags import Tags
from bunsui.local.api.tasks import POLL_SECONDS, TaskOperations, Waiting
from bunsui.local.api.versions import Versions
from bunsui.local.data_dir import make_private, unusable
from bunsui.local.runners.pool import LambdaPool
from bunsui.local.sqlite.database import Database

DEFAULT_PORT = 8083


@dataclass(frozen=True, slots=True, kw_only=True)
class ServeSettings:
    """What a server goes by. `folder` is its part of the data directory; `token` None lets everybody in.

    `wait_scale` shortens waits and delays: 0 takes them out. `environment` is what handlers inherit.
    """

    folder: Path
    port: int = DEFAULT_PORT
    token: str | None = None
    functions: Path | None = None
    project: Path | None = None
    endpoint: str | None = None
    mocks: Path | None = None
    objects: Path | None = None
    wait_scale: float = 1.0
    poll_seconds: float = POLL_SECONDS
    python: Path | None = None
    environment: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Ready:
    """What is told when the server listens: its port, and how many executions go on."""

    port: int
    resumed: int


async def serve(
    settings: ServeSettings, ready: Callable[[Ready], None], stop: asyncio.Event | None = None
) -> None:
    """Serve until SIGINT or SIGTERM, or until `stop` is set.

    Raises Conflict where another server has the folder, Unavailable where the port is taken, ConfigError.
    """
    make_private(settings.folder)
    ending = stop or _on_signals()
    with _alone(settings.folder):
        await _Service(settings).run(ready, ending)


class _Service:
    """All parts, put together."""

    def __init__(self, settings: ServeSettings) -> None:
        self._settings = settings
        self._functions = _functions(settings)
        self.host = Host(Database(settings.folder / "states.db", migrations=MIGRATIONS))
        resources, waiting = Resources(self.host.database), Waiting()
        machines = Machines(self.host, resources)
        runner = Runner(self.host, machines, settings.wait_scale)
        self._carrier = ApiCarrier(
            self.host,
            resources,
            waiting,
            Nested(self.host, runner),
            self._functions,
            settings.mocks,
            Storage(settings.objects),
            settings.wait_scale,
        )
        self.host.attach(self._carrier)
        operations: dict[str, Operation] = {
            **machines.operations,
            **Versions(self.host, resources, machines).operations,
            **ExecutionOperations(self.host, machines, runner).operations,
            **TaskOperations(self.host, resources, waiting, settings.poll_seconds).operations,
            **MapRuns(self.host).operations,
            **Tags(resources).operations,
            **StateTests(self.host, self._functions).operations,
        }
        api = ApiServer(operations, InvokeApi(self._functions), settings.token)
        self._http = HttpServer(api.handle)

    async def run(self, ready: Callable[[Ready], None], stop: asyncio.Event) -> None:
        port, resumed = await self._open(), self.host.resume()
        driving = asyncio.create_task(self.host.run())
        stopping = asyncio.create_task(stop.wait())
        ready(Ready(port, resumed))
        try:
            await asyncio.wait((driving, stopping), return_when=asyncio.FIRST_COMPLETED)
        finally:
            stopping.cancel()
            await self._close(driving)

    async def _open(self) -> int:
        try:
            return await self._http.open(self._settings.port)
        except OSError as error:
            raise Unavailable(
                f"port {self._settings.port} cannot be used: {error.strerror or error}",
                next_steps=["name another one with --port, or 0 for any that is free"],
            ) from error

    async def _close(self, driving: asyncio.Task[None]) -> None:
        await self._http.close()
        self.host.stop()
        try:
            await driving
        finally:
            await self._carrier.close()
            if self._functions is not None:
                await self._functions.close()
            self.host.database.close()


def _functions(settings: ServeSettings) -> Functions | None:
    handlers = read_handlers(settings.functions) if settings.functions else {}
    if settings.project is not None:
        handlers |= project_handlers(settings.project)
    if handlers:
        pool = LambdaPool(environment=settings.environment)
        return LocalFunctions(handlers, pool, settings.folder, settings.python)
    return RemoteFunctions(settings.endpoint) if settings.endpoint else None


def _on_signals() -> asyncio.Event:
    stop, loop = asyncio.Event(), asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    return stop


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Hold the lock of the folder: the system releases it when its holder dies."""
    try:
        handle = os.open(folder / "serve.lock", os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise unusable(folder, error) from error
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    except BlockingIOError:
        raise Conflict(
            f"another server has {folder}", next_steps=["end it, or name another --data-dir"]
        ) from None
    finally:
        os.close(handle)
