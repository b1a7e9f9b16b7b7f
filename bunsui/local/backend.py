"""The local backend: every port over one data directory."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from bunsui.core.ports.blobs import Blobs
from bunsui.core.ports.clock import Clock, Ids
from bunsui.core.ports.code import CodeVersions
from bunsui.core.ports.engine import Engine
from bunsui.core.ports.exchange import Exchange
from bunsui.core.ports.health import Health
from bunsui.core.ports.logs import Logs
from bunsui.core.ports.storage import Storage
from bunsui.core.ports.store import Store
from bunsui.local.blobs import FileBlobs
from bunsui.local.code import LocalCode
from bunsui.local.data_dir import DataDir
from bunsui.local.engine.executions import Options
from bunsui.local.exchange import FileExchange
from bunsui.local.health import LocalHealth
from bunsui.local.identity import RandomIds, SystemClock
from bunsui.local.local_engine import LocalEngine
from bunsui.local.logs import FileLogs
from bunsui.local.sqlite.database import Database
from bunsui.local.sqlite.store import SqliteStore
from bunsui.local.storage import LocalStorage
from bunsui.local.worker.client import WorkerClient


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalSettings:
    """What the local backend takes from the profile.

    `environment` is what a worker that we start inherits, and through it every handler. `python`,
    `endpoint` and `mocks` hold for the executions that this client starts; `worker_idle` is in seconds.
    """

    environment: Mapping[str, str]
    python: Path | None = None
    worker_idle: float = 300.0
    endpoint: str | None = None
    mocks: Path | None = None

    def options(self) -> Options:
        """What an execution keeps of them."""
        return Options(
            python=str(self.python) if self.python else None,
            endpoint=self.endpoint,
            mocks=str(self.mocks) if self.mocks else None,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalBackend:
    """All ports of a data directory."""

    store: Store
    blobs: Blobs
    logs: Logs
    engine: Engine
    exchange: Exchange
    code: CodeVersions
    health: Health
    storage: Storage
    clock: Clock
    ids: Ids


def open_local(data_dir: Path, *, settings: LocalSettings) -> LocalBackend:
    """The backend of a data directory. Nothing is opened, made or started before it is used."""
    data, clock = DataDir(data_dir.absolute()), SystemClock()
    worker = WorkerClient(data, idle=settings.worker_idle, environment=settings.environment)
    database = Database(data.database, exclusive=worker.exclusive)
    return LocalBackend(
        store=SqliteStore(database),
        blobs=FileBlobs(data.blobs),
        logs=FileLogs(data.logs),
        engine=LocalEngine(database, worker, clock, settings.options()),
        exchange=FileExchange(data.exchange),
        code=LocalCode(),
        health=LocalHealth(data, database, worker, settings.environment, settings.python),
        storage=LocalStorage(data, database, clock),
        clock=clock,
        ids=RandomIds(clock),
    )
