"""A small world for sessions: ports in memory, an engine that remembers, machines walked by hand."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from bunsui.core.control.handle import attempt_ended, handle
from bunsui.core.control.ports import ControlPorts
from bunsui.core.models.base import JsonValue, digest
from bunsui.core.models.job import JobRun
from bunsui.core.models.payload import Failure
from bunsui.core.models.pipeline import Job
from bunsui.core.models.status import JobStatus
from bunsui.core.pipeline import Dag, load_pipeline
from bunsui.core.ports.engine import EngineExecution, EngineStart
from bunsui.core.session.ports import SessionPorts
from bunsui.core.session.reducer import ended_status
from bunsui.core.session.requests import RerunRequest, StartRequest
from bunsui.core.session.rerun import rerun
from bunsui.core.session.start import start
from bunsui.errors import Conflict, Unavailable
from bunsui.testing.memory import (
    FakeClock,
    MemoryBlobs,
    MemoryExchange,
    MemoryLogs,
    MemoryStore,
    SeqIds,
)

TAXI: dict[str, Any] = {
    "a": {},
    "b": {},
    "c": {"needs": ["a"]},
    "d": {"needs": ["c", "b"]},
    "e": {"needs": ["d"]},
    "f": {"needs": ["d"]},
    "g": {"needs": ["e", "f"]},
    "h": {"needs": ["g"]},
}


@dataclass
class RememberingEngine:
    """Starts nothing; keeps what it was told. `down` makes answers fail."""

    executions: dict[str, EngineExecution] = field(default_factory=dict)
    starts: list[EngineStart] = field(default_factory=list)
    answers: dict[str, JsonValue] = field(default_factory=dict)
    expired: set[str] = field(default_factory=set)
    told: list[tuple[str, int]] = field(default_factory=list)
    down: bool = False

    async def revive(self) -> None:
        return

    async def start(self, start: EngineStart) -> None:
        if self.down:
            raise Unavailable("The engine is down.")
        if start.name not in self.executions:
            self.starts.append(start)
            self.executions[start.name] = EngineExecution(name=start.name, status="RUNNING")

    async def stop(self, name: str, failure: Failure) -> None:
        if self.executions[name].status == "RUNNING":
            self.executions[name] = EngineExecution(name=name, status="ABORTED", failure=failure)

    async def describe(self, name: str) -> EngineExecution | None:
        return self.executions.get(name)

    async def task_succeeded(self, token: str, output: JsonValue) -> None:
        if self.down:
            raise Unavailable("The engine is down.")
        if token in self.answers or token in self.expired:
            raise Conflict("The token was answered or has expired.")
        self.answers[token] = output

    async def update_map_run(self, name: str, state: str, max_concurrency: int) -> None:
        if self.down:
            raise Unavailable("The engine is down.")
        if name not in self.executions:
            raise Conflict("There is no such execution.")
        self.told.append((state, max_concurrency))

    async def task_failed(self, token: str, failure: Failure) -> None:
        raise AssertionError("control never fails a token")


@dataclass
class EditedCode:
    """Digests of code that a test edits."""

    versions: dict[str, str] = field(default_factory=dict)

    async def code_of(self, project: str, job: Job) -> str:
        return self.versions.get(job.description, "v1")


@dataclass
class World:
    """The ports, a pipeline file that can be edited, and what was called."""

    folder: Path
    store: MemoryStore = field(default_factory=MemoryStore)
    blobs: MemoryBlobs = field(default_factory=MemoryBlobs)
    logs: MemoryLogs = field(default_factory=MemoryLogs)
    exchange: MemoryExchange = field(default_factory=MemoryExchange)
    engine: RememberingEngine = field(default_factory=RememberingEngine)
    code: EditedCode = field(default_factory=EditedCode)
    clock: FakeClock = field(default_factory=FakeClock)
    ids: SeqIds = field(default_factory=SeqIds)
    outcomes: dict[str, JsonValue | Failure] = field(default_factory=dict)
    calls: list[str] = field(default_factory=list)
    seen: dict[str, Any] = field(default_factory=dict)
    random: random.Random = field(default_factory=lambda: random.Random(0))

    def __post_init__(self) -> None:
        shared = {"store": self.store, "blobs": self.blobs, "engine": self.engine}
        shared |= {"exchange": self.exchange, "code": self.code, "clock": self.clock}
        self.ports = SessionPorts(**shared, logs=self.logs, ids=self.ids)  # type: ignore[arg-type]
        self.control = ControlPorts(**shared)  # type: ignore[arg-type]

    @property
    def file(self) -> Path:
        return self.folder / "pipeline.yaml"

    def write(self, jobs: Mapping[str, Mapping[str, Any]], **more: Any) -> None:
        """Write the pipeline; a job without an operation gets a handler, its description is its name."""
        handler = {"lambda": {"handler": "handlers:run"}}
        filled = {
            name: {
                "description": name,
                **({} if {"lambda", "ecs", "operations"} & job.keys() else handler),
                **job,
            }
            for name, job in jobs.items()
        }
        (self.folder / "handlers.py").write_text(
            "def run(event, context):\n    return event\n", encoding="utf-8"
        )
        text = yaml.safe_dump({"bunsui": 1, "name": "taxi", "jobs": filled, **more}, sort_keys=False)
        self.file.write_text(text, encoding="utf-8")

    async def start(self, **request: Any) -> str:
        """Start a session and run it to its end."""
        given = {"profile": "local", "pipelines": (str(self.file),), **request}
        session_id = (await start(self.ports, StartRequest(**given), by="ada")).session_id
        await self.run_out(session_id)
        return session_id

    async def rerun(self, session_id: str, **request: Any) -> dict[str, str]:
        """Rerun to the end; the plan as `{job: action}`. The calls made are in `calls`."""
        done = await rerun(self.ports, RerunRequest(session_id=session_id, **request), by="bob")
        self.calls.clear()
        await self.run_out(session_id)
        return {job: plan.action.value for run in done.plan.runs for job, plan in run.jobs.items()}

    async def run_out(self, session_id: str) -> None:
        """Walk the machines of all open attempts to their ends."""
        for run in await self.store.sessions.runs(session_id):
            attempt = await self.store.sessions.attempt(session_id, run.id, run.attempt)
            execution = self.engine.executions.get(attempt.execution)
            if not attempt.status.ended and execution and execution.status == "RUNNING":
                await Machine(self, session_id, run.id, run.attempt, attempt.execution).walk()

    async def jobs(self, session_id: str, run_id: str = "taxi") -> dict[str, JobRun]:
        run = await self.store.sessions.run(session_id, run_id)
        return {job.job: job for job in await self.store.jobs.job_runs(session_id, run_id, run.attempt)}

    async def statuses(self, session_id: str) -> dict[str, str]:
        return {name: job.status.value for name, job in (await self.jobs(session_id)).items()}


@dataclass
class Machine:
    """The compiled machine of an attempt, walked in random order, with repeated calls where wanted."""

    world: World
    session: str
    run: str
    attempt: int
    execution: str
    repeat: float = 0.0

    async def walk(self) -> JsonValue:
        """Call begin, the operations and finish of every path, then end. Returns the answer of end."""
        pipeline = load_pipeline(self.world.file, handlers=False).pipeline
        waiting = [list(path) for path in Dag(pipeline).paths()]
        begun: set[str] = set()
        while waiting:
            path = self.world.random.choice(waiting)
            await self._step(path, begun)
            waiting = [path for path in waiting if path]
            if self.world.engine.executions[self.execution].status != "RUNNING":
                await self._closed()
                return None
        answer = await self._call(op="end")
        status = "SUCCEEDED" if isinstance(answer, dict) and answer["status"] == "succeeded" else "FAILED"
        self.world.engine.executions[self.execution] = EngineExecution(name=self.execution, status=status)
        await self._closed()
        return answer

    async def _closed(self) -> None:
        execution = self.world.engine.executions[self.execution]
        status = ended_status(execution)
        await attempt_ended(
            self.world.control, self.session, self.run, self.attempt, status, execution.failure
        )

    async def _step(self, path: list[str], begun: set[str]) -> None:
        job, token = path[0], f"{self.execution}/{path[0]}"
        if job not in begun or self.world.random.random() < self.repeat:
            begun.add(job)
            await self._call(op="begin", job=job, token=token)
            return
        answer: Any = self.world.engine.answers.get(token)
        if answer is None:
            return
        path.pop(0)
        if answer["action"] == "run":
            await self._finish(job, answer)

    async def _finish(self, job: str, answer: Any) -> None:
        self.world.calls.append(job)
        self.world.seen[job] = answer
        self.world.clock.advance()
        outcome = self.world.outcomes.get(job, {"from": job, "called": len(self.world.calls)})
        if isinstance(outcome, Failure):
            reported: JsonValue = {"error": outcome.error, "cause": outcome.cause}
        else:
            reported = {"output": outcome}
        await self._call(op="finish", job=job, outcome=reported)
        while self.world.random.random() < self.repeat:
            await self._call(op="finish", job=job, outcome=reported)

    async def _call(self, **more: JsonValue) -> JsonValue:
        place: dict[str, JsonValue] = {"session": self.session, "run": self.run, "attempt": self.attempt}
        return await handle(self.world.control, {**place, "plan": digest([]), **more})


def failing(*jobs: str) -> dict[str, JsonValue | Failure]:
    return {job: Failure(error="Boom", cause=f"{job} broke") for job in jobs}


def having(jobs: Mapping[str, JobRun], status: JobStatus) -> set[str]:
    return {name for name, job in jobs.items() if job.status is status}
