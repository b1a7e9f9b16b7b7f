"""A data directory with its worker and a project, driven through the ports as a client does."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import sqlite3
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import psutil

from bunsui.core.models.job import JobRun, Try
from bunsui.core.models.session import Run, Session
from bunsui.core.session.ports import SessionPorts
from bunsui.core.session.requests import StartRequest
from bunsui.core.session.start import start
from bunsui.local.backend import LocalBackend, LocalSettings, open_local
from bunsui.local.data_dir import DataDir
from bunsui.local.worker.client import WorkerClient

PATIENCE = 50.0


@dataclass(frozen=True)
class Ended:
    """A session that has ended, with all that is known of it."""

    session: Session
    runs: tuple[Run, ...]
    jobs: tuple[JobRun, ...]
    tries: tuple[Try, ...]

    @property
    def statuses(self) -> dict[str, str]:
        return {job.job: job.status.value for job in self.jobs}


class World:
    """One data directory and one project."""

    def __init__(self, root: Path, project: Path, *, idle: float = 30.0) -> None:
        self.data = DataDir(root / "data")
        self.project = project
        self.counters = root / "counters"
        self.environment: Mapping[str, str] = {
            **os.environ,
            "BUNSUI_EXAMPLE_COUNTERS": str(self.counters),
        }
        self.idle = idle
        self.backend = self.open()
        self.worker = WorkerClient(self.data, idle=idle, environment=self.environment)

    def open(self) -> LocalBackend:
        """Another client of the same directory."""
        settings = LocalSettings(environment=self.environment, worker_idle=self.idle)
        return open_local(self.data.root, settings=settings)

    @property
    def ports(self) -> SessionPorts:
        backend = self.backend
        return SessionPorts(
            store=backend.store,
            blobs=backend.blobs,
            logs=backend.logs,
            engine=backend.engine,
            exchange=backend.exchange,
            code=backend.code,
            clock=backend.clock,
            ids=backend.ids,
        )

    async def start(self) -> str:
        request = StartRequest(profile="local", pipelines=(str(self.project),))
        return (await start(self.ports, request, by="ada")).session_id

    async def wait(self, session_id: str) -> Ended:
        """Wait for the end as a client does that stays: it sees to it that somebody works."""
        async with asyncio.timeout(PATIENCE):
            while not (await self.backend.store.sessions.session(session_id)).status.ended:
                await self.backend.engine.revive()
                await self.backend.store.events.changed(timeout=0.25)
        return await self.ended(session_id)

    async def ended(self, session_id: str) -> Ended:
        store = self.backend.store
        runs = await store.sessions.runs(session_id)
        jobs = [job for run in runs for job in await store.jobs.job_runs(session_id, run.id, run.attempt)]
        tries = [
            one
            for job in jobs
            for one in await store.jobs.tries(session_id, job.run_id, job.attempt, job.job)
        ]
        return Ended(await store.sessions.session(session_id), tuple(runs), tuple(jobs), tuple(tries))

    def kill_worker(self) -> bool:
        """SIGKILL, as a lost machine would. False: no worker answers."""
        found = self.worker.ask("hello")
        if found is None:
            return False
        process = psutil.Process(found.pid)
        process.kill()
        psutil.wait_procs([process], timeout=5)
        return True

    def calls(self) -> Counter[str]:
        """How often each handler was called, as the handlers say."""
        path = self.counters / "calls.log"
        return Counter(path.read_text(encoding="utf-8").split()) if path.exists() else Counter()

    def forget_calls(self) -> None:
        shutil.rmtree(self.counters, ignore_errors=True)

    def rows(self, table: str) -> int:
        """How many rows a table of the database has."""
        connection = sqlite3.connect(self.data.database)
        count = connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0]
        connection.close()
        return int(count)

    async def close(self) -> None:
        found = self.worker.ask("hello")
        if found is not None:
            os.kill(found.pid, signal.SIGTERM)
            psutil.wait_procs([psutil.Process(found.pid)], timeout=10)
        await self.backend.store.close()
