"""A project with a pipeline, and an engine that a test plays."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, cast

from bunsui.core.models.base import JsonValue, Record
from bunsui.core.models.job import JobRun, Try
from bunsui.core.models.payload import Failure, Payload
from bunsui.core.models.pipeline import Job
from bunsui.core.models.status import Action, JobStatus, Status
from bunsui.core.pipeline import code_digest
from bunsui.core.ports.engine import EngineExecution, EngineStart
from bunsui.core.ports.store import Transaction
from bunsui.core.session.closing import attempt_ended
from bunsui.testing.memory import MemoryLogs
from bunsui.tools.approver import NOBODY, Approver
from bunsui.tools.context import Caller, Profile
from bunsui.tools.invoke import invoke
from bunsui.tools.runtime import Runtime
from bunsui.tools.tool import ToolResult
from tests.unit.tools.helpers import PERSON, ports

PIPELINE = """\
bunsui: 1
name: chain
description: Three jobs in a row
params:
  month: {type: string, pattern: '[0-9]{4}-[0-9]{2}'}
  rows: {type: integer, default: 5}
jobs:
  fetch:
    lambda: {handler: handlers:fetch, input: {month: '{% $params.month %}'}}
  clean:
    lambda: {handler: handlers:clean, input: {path: '{% $jobs.fetch.path %}'}}
  publish:
    lambda: {handler: handlers:publish, input: {rows: '{% $jobs.clean.rows %}'}}
"""
HANDLERS = (
    "def fetch(event, context): ...\ndef clean(event, context): ...\ndef publish(event, context): ...\n"
)


@dataclass
class PlayedEngine:
    """Remembers what was started and stopped; nothing runs."""

    started: dict[str, EngineStart] = field(default_factory=dict)
    stopped: list[str] = field(default_factory=list)

    async def revive(self) -> None:
        return

    async def start(self, start: EngineStart) -> None:
        self.started[start.name] = start

    async def stop(self, name: str, failure: Failure) -> None:
        self.stopped.append(name)

    async def describe(self, name: str) -> EngineExecution | None:
        return EngineExecution(name=name, status="RUNNING") if name in self.started else None

    async def task_succeeded(self, token: str, output: JsonValue) -> None:
        """Nobody waits."""

    async def update_map_run(self, name: str, state: str, max_concurrency: int) -> None:
        """Nothing runs."""

    async def task_failed(self, token: str, failure: Failure) -> None:
        """Nobody waits."""


class ProjectCode:
    """The digests of the files."""

    async def code_of(self, project: str, job: Job) -> str:
        return code_digest(Path(project), job)


@dataclass
class Project:
    """A folder with the pipeline `chain`, and a runtime over ports in memory."""

    folder: Path
    runtime: Runtime
    engine: PlayedEngine

    async def call(
        self,
        name: str,
        caller: Caller = PERSON,
        approver: Approver = NOBODY,
        **given: Any,
    ) -> ToolResult:
        return await invoke(self.runtime, name, given, caller, approver=approver)

    async def document(self, name: str, **given: Any) -> dict[str, Any]:
        return dict((await self.call(name, **given)).document())

    async def started(self, **given: Any) -> str:
        document = await self.document(
            "session_start", pipelines=[str(self.folder)], params={"month": "2019-03"}, **given
        )
        return str(document["id"])

    async def play(self, session: str, ends: Mapping[str, JobStatus], *, log: bytes = b"") -> None:
        """Let the open attempt of `chain` end with these jobs; what is not named did not run."""
        store, now = self.runtime.ports.store, self.runtime.ports.clock.now()
        run = await store.sessions.run(session, "chain")
        records: list[Record] = []
        for job in await store.jobs.job_runs(session, "chain", run.attempt):
            if job.action is Action.RUN and job.job in ends:
                status = ends[job.job]
                records += [_ended(job, status, now), tried(job, status, now, self.log(job, log))]
        attempt = await store.sessions.attempt(session, "chain", run.attempt)
        running = attempt.next(status=Status.RUNNING, started_at=now)
        going = run.next(status=Status.RUNNING)
        await store.commit(Transaction(put=[*records, running, going]))
        failed = any(status is not JobStatus.SUCCEEDED for status in ends.values())
        end = Status.FAILED if failed else Status.SUCCEEDED
        await attempt_ended(self.runtime.ports, session, "chain", run.attempt, end)

    def log(self, job: JobRun, content: bytes, number: int = 1) -> str:
        key = f"{job.session_id}/{job.attempt}/{job.job}/{number}"
        cast("MemoryLogs", self.runtime.ports.logs).write(key, content or b"working\n")
        return key


def _ended(job: JobRun, status: JobStatus, now: Any) -> JobRun:
    failed = status is JobStatus.FAILED
    ended: JobRun = job.next(
        status=status,
        started_at=now,
        finished_at=now,
        failure=Failure(error="ValueError", cause="password=hunter2 \x1b[31mtoo bad") if failed else None,
        output=None if failed else Payload(value={"path": "x", "rows": 3}, size=20, digest="d" * 64),
    )
    return ended


def tried(job: JobRun, status: JobStatus, now: Any, log: str, number: int = 1) -> Try:
    return Try(
        session_id=job.session_id,
        run_id=job.run_id,
        attempt=job.attempt,
        job=job.job,
        number=number,
        status=status,
        started_at=now,
        finished_at=now,
        log=log,
    )


def project(folder: Path) -> Project:
    """A new project in a folder."""
    (folder / "pipeline.yaml").write_text(PIPELINE)
    (folder / "handlers.py").write_text(HANDLERS)
    engine = PlayedEngine()
    plain = replace(ports(), engine=engine, code=ProjectCode())
    return Project(folder, Runtime(ports=plain, profile=Profile(name="dev")), engine)
