"""Sessions under virtual time: the real control, the real machines, operations that only take time."""

from __future__ import annotations

import heapq
import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from bunsui.asl import (
    Execution,
    ExecutionStart,
    Signal,
    StartTask,
    TaskFailed,
    TaskSubmitted,
    TaskSucceeded,
    TimeReached,
    compile_machine,
)
from bunsui.asl.signals import Stop
from bunsui.core.control.handle import attempt_ended, handle
from bunsui.core.models.base import JsonValue
from bunsui.core.models.job import JobRun
from bunsui.core.models.payload import Failure
from bunsui.core.ports.engine import EngineExecution, EngineStart
from bunsui.core.session.ports import SessionPorts
from bunsui.core.session.reducer import ended_status
from bunsui.core.session.requests import StartRequest
from bunsui.core.session.start import start
from bunsui.errors import BunsuiError, Conflict
from bunsui.testing.memory import FakeClock, MemoryBlobs, MemoryExchange, MemoryLogs, MemoryStore, SeqIds
from tests.unit.core.world import EditedCode

EPOCH = datetime(2026, 1, 1, tzinfo=UTC)
Job = tuple[str, str, str]
"""Session, run and job."""


@dataclass
class TimedEngine:
    """Executions by name; every token knows where it waits. Signals are due in the world's heap."""

    world: TimedWorld
    executions: dict[str, Execution] = field(default_factory=dict)
    starts: dict[str, EngineStart] = field(default_factory=dict)
    tokens: dict[str, tuple[str, str]] = field(default_factory=dict)

    async def revive(self) -> None:
        return

    async def start(self, start: EngineStart) -> None:
        if start.name in self.executions:
            return
        arn = f"arn:aws:states:eu-west-1:000000000000:execution:m:{start.name}"
        begun = ExecutionStart(arn=arn, name=start.name, input=start.input, started_at=self.world.now)
        assert isinstance(start.definition, dict)
        execution = Execution(compile_machine(start.definition, type="STANDARD"), begun)
        self.executions[start.name] = execution
        self.starts[start.name] = start
        self.world.later(start.name, None)

    async def stop(self, name: str, failure: Failure) -> None:
        if self.executions[name].status == "RUNNING":
            self.world.later(name, Stop(self.world.now, failure.error, failure.cause))

    async def describe(self, name: str) -> EngineExecution | None:
        found = self.executions.get(name)
        if found is None:
            return None
        failure = Failure(error=found.error, cause=found.cause or "") if found.error else None
        return EngineExecution(name=name, status=found.status, failure=failure)

    async def task_succeeded(self, token: str, output: JsonValue) -> None:
        if token not in self.tokens:
            raise Conflict("The token was answered or has expired.")
        name, task = self.tokens.pop(token)
        self.world.later(name, TaskSucceeded(self.world.now, task, output))

    async def task_failed(self, token: str, failure: Failure) -> None:
        raise AssertionError("control never fails a token")


@dataclass
class TimedWorld:
    """`durations` are seconds by job id, `failing` the jobs that fail; `begun` and `ended` the moments."""

    folder: Path
    durations: Mapping[str, float] = field(default_factory=dict)
    failing: frozenset[str] = frozenset()
    pools: Mapping[str, int] = field(default_factory=dict)
    begun: dict[Job, float] = field(default_factory=dict)
    ended: dict[Job, float] = field(default_factory=dict)
    calls: list[Job] = field(default_factory=list)
    quiet: Callable[[], Awaitable[None]] | None = None

    def __post_init__(self) -> None:
        self.now = 0.0
        self.clock = FakeClock(EPOCH)
        self.engine = TimedEngine(self)
        self.store = MemoryStore()
        self._due: list[tuple[float, int, str, Any]] = []
        self._plans: list[tuple[float, int, Callable[[], Awaitable[object]]]] = []
        self._count = 0
        self.ports = SessionPorts(
            store=self.store,
            blobs=MemoryBlobs(),
            logs=MemoryLogs(),
            engine=self.engine,
            exchange=MemoryExchange(),
            code=EditedCode(),
            clock=self.clock,
            ids=SeqIds(),
            pools=self.pools,
        )
        self.control = self.ports.control
        (self.folder / "handlers.py").write_text("def run(event, context):\n    return event\n")

    def write(self, name: str, jobs: Mapping[str, Mapping[str, Any]], **more: Any) -> Path:
        """Write a pipeline of Lambda jobs."""
        filled = {job: {"lambda": {"handler": "handlers:run"}, **body} for job, body in jobs.items()}
        path = self.folder / f"{name}.yaml"
        document = {"bunsui": 1, "name": name, "jobs": filled, **more}
        path.write_text(json.dumps(document), encoding="utf-8")
        return path

    async def start(self, *paths: Path, **request: Any) -> str:
        """Start a session; nothing has run yet."""
        given = {"profile": "local", "pipelines": tuple(map(str, paths)), **request}
        return (await start(self.ports, StartRequest(**given), by="ada")).session_id

    def at(self, seconds: float, action: Callable[[], Awaitable[object]]) -> None:
        """Do something at a moment, before anything else that is due then."""
        self._count += 1
        heapq.heappush(self._plans, (seconds, self._count, action))

    def later(self, execution: str, signal: Signal | None) -> None:
        """A signal is due; None begins the execution."""
        self._count += 1
        at = self.now if signal is None else signal.at
        heapq.heappush(self._due, (at, self._count, execution, signal))

    async def run(self) -> None:
        """Until nothing happens any more. `quiet` is called whenever time is about to move on."""
        while (moment := self._next()) is not None:
            if moment > self.now and self.quiet is not None:
                await self.quiet()
            self._move(max(moment, self.now))
            await self._one()
        if self.quiet is not None:
            await self.quiet()

    async def jobs(self, session: str, run: str) -> dict[str, JobRun]:
        """The job runs of the newest attempt."""
        number = (await self.store.sessions.run(session, run)).attempt
        return {job.job: job for job in await self.store.jobs.job_runs(session, run, number)}

    def running(self) -> list[Job]:
        """Jobs whose operations are being carried out."""
        return [job for job in self.begun if job not in self.ended]

    def _next(self) -> float | None:
        due = [self._due[0][0]] if self._due else []
        planned = [self._plans[0][0]] if self._plans else []
        return min((*due, *planned, *self._timers()), default=None)

    def _timers(self) -> list[float]:
        live = (one for one in self.engine.executions.values() if one.status == "RUNNING")
        return [timer for one in live if (timer := one.next_timer) is not None]

    def _move(self, moment: float) -> None:
        self.now = moment
        self.clock.at = EPOCH + timedelta(seconds=moment)

    async def _one(self) -> None:
        if self._plans and self._plans[0][0] <= self.now:
            await heapq.heappop(self._plans)[2]()
        elif self._due and self._due[0][0] <= self.now:
            _, _, name, signal = heapq.heappop(self._due)
            await self._apply(name, signal)
        else:
            for name, execution in list(self.engine.executions.items()):
                timer = execution.next_timer
                if execution.status == "RUNNING" and timer is not None and timer <= self.now:
                    await self._apply(name, TimeReached(self.now))

    async def _apply(self, name: str, signal: Signal | None) -> None:
        execution = self.engine.executions[name]
        if execution.status != "RUNNING" and signal is not None:
            return
        effects = execution.start() if signal is None else execution.apply(signal)
        for effect in effects:
            if isinstance(effect, StartTask):
                await self._task(name, effect)
        if execution.status != "RUNNING":
            start = self.engine.starts[name]
            found = await self.engine.describe(name)
            assert found is not None
            await attempt_ended(
                self.control,
                start.session_id,
                start.run_id,
                start.attempt,
                ended_status(found),
                found.failure,
            )

    async def _task(self, name: str, task: StartTask) -> None:
        if task.parameters.get("FunctionName") != "bunsui-control":
            self._operation(name, task)
            return
        payload = task.parameters["Payload"]
        if task.token is not None:
            self.engine.tokens[task.token] = (name, task.task_id)
            self.later(name, TaskSubmitted(self.now, task.task_id, {"StatusCode": 200}))
        if payload["op"] == "finish":
            self.ended[payload["session"], payload["run"], payload["job"]] = self.now
        try:
            answer = await handle(self.control, payload)
        except BunsuiError as error:
            self.later(name, TaskFailed(self.now, task.task_id, type(error).__name__, error.message))
            return
        if task.token is None:
            self.later(name, TaskSucceeded(self.now, task.task_id, {"Payload": answer}))

    def _operation(self, name: str, task: StartTask) -> None:
        start, job = self.engine.starts[name], task.state
        place = (start.session_id, start.run_id, job)
        self.begun[place] = self.now
        self.ended.pop(place, None)
        self.calls.append(place)
        at = self.now + self.durations.get(job, 1.0)
        if job in self.failing:
            self.later(name, TaskFailed(at, task.task_id, "Broken", "it broke"))
        else:
            self.later(name, TaskSucceeded(at, task.task_id, {"StatusCode": 200, "Payload": {"by": job}}))
