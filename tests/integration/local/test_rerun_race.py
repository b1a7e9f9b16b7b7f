"""Two callers rerun a session at once: one wins, the other is told who and what; never a double run."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier
from typing import cast

import pytest

from bunsui.core.control.others import attempt_ended
from bunsui.core.models.status import Status
from bunsui.core.session.ports import SessionPorts
from bunsui.core.session.requests import RerunRequest, StartRequest
from bunsui.core.session.rerun import rerun
from bunsui.core.session.start import start
from bunsui.errors import Conflict
from bunsui.local.backend import LocalSettings, open_local
from bunsui.local.data_dir import DataDir
from bunsui.local.engine.executions import Options
from bunsui.local.local_engine import LocalEngine
from bunsui.local.sqlite.database import Database
from bunsui.local.worker.client import WorkerClient

PIPELINE = """
bunsui: 1
name: small
jobs:
  one: {lambda: {handler: 'handlers:work'}}
  two: {needs: [one], lambda: {handler: 'handlers:work'}}
"""
CALLERS = ("ada", "bob")


class NoWorker:
    """Nobody works: only what is recorded counts here."""

    async def ensure(self) -> None:
        return


class Client:
    """One caller with connections of its own."""

    def __init__(self, root: Path) -> None:
        data = DataDir(root / "data")
        backend = open_local(data.root, settings=LocalSettings(environment={}))
        self.database = Database(data.database)
        worker = cast("WorkerClient", NoWorker())
        self.ports = SessionPorts(
            store=backend.store,
            blobs=backend.blobs,
            logs=backend.logs,
            engine=LocalEngine(self.database, worker, backend.clock, Options()),
            exchange=backend.exchange,
            code=backend.code,
            clock=backend.clock,
            ids=backend.ids,
        )

    async def failed_session(self, project: Path) -> str:
        request = StartRequest(profile="local", pipelines=(str(project),))
        session_id = (await start(self.ports, request, by="ada")).session_id
        await attempt_ended(self.ports.control, session_id, "small", 1, Status.FAILED)
        return session_id

    async def close(self) -> None:
        await self.ports.store.close()
        self.database.close()


async def called(root: Path, session_id: str, by: str, together: Barrier) -> int | Conflict:
    """The attempt that a rerun made, or the conflict that it met."""
    client = Client(root)
    await client.ports.store.sessions.session(session_id)
    together.wait(timeout=20)
    try:
        done = await rerun(client.ports, RerunRequest(session_id=session_id), by=by)
    except Conflict as conflict:
        return conflict
    finally:
        await client.close()
    number = done.plan.runs[0].attempt
    assert number is not None
    return number


async def race(root: Path, project: Path, times: int) -> None:
    client, loop = Client(root), asyncio.get_running_loop()
    with ThreadPoolExecutor(len(CALLERS)) as threads:
        for _ in range(times):
            session_id, together = await client.failed_session(project), Barrier(len(CALLERS))
            answers = await asyncio.gather(
                *(
                    loop.run_in_executor(threads, asyncio.run, called(root, session_id, by, together))
                    for by in CALLERS
                )
            )
            won = [by for by, answer in zip(CALLERS, answers, strict=True) if answer == 2]
            (lost,) = [answer for answer in answers if isinstance(answer, Conflict)]
            assert len(won) == 1
            assert (lost.details["by"], lost.details["what"]) == (won[0], "rerun (failed)")
            assert f"by {won[0]}" in lost.message
            attempts = await client.ports.store.sessions.attempts(session_id, "small")
            assert [(one.number, one.created_by) for one in attempts] == [(1, "ada"), (2, won[0])]
            sql = "SELECT count(*) FROM executions WHERE session_id = ?"
            assert client.database.one(sql, (session_id,)) == (2,)
    await client.close()


@pytest.fixture
def project(tmp_path: Path) -> Path:
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "pipeline.yaml").write_text(PIPELINE, encoding="utf-8")
    (folder / "handlers.py").write_text("def work(event, context):\n    return {}\n", encoding="utf-8")
    return folder


async def test_one_of_two_reruns_wins(tmp_path: Path, project: Path) -> None:
    await race(tmp_path, project, 20)


@pytest.mark.bench
async def test_one_of_two_reruns_wins_two_hundred_times(tmp_path: Path, project: Path) -> None:
    await race(tmp_path, project, 200)
