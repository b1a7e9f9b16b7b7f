"""Sessions under virtual time: the real control, the real machines, operations that only take time."""

from __future__ import annotations

import asyncio
import base64
import heapq
import json
import random
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from bunsui.asl import (
    Continue,
    Execution,
    ExecutionStart,
    ItemsRead,
    ReadItems,
    Signal,
    StartTask,
    TaskFailed,
    TaskSubmitted,
    TaskSucceeded,
    TimeReached,
    UpdateMapRun,
    compile_machine,
)
from bunsui.asl.limits import STEP_BUDGET
from bunsui.asl.signals import Stop
from bunsui.core.control.fan_out import BATCH
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
Item = tuple[str, str, str, str]
"""And the key of an item."""


@dataclass
class TimedEngine:
    """Executions by name; every token knows where it waits. Signals are due in the world's heap."""

    world: TimedWorld
    executions: dict[str, Execution] = field(default_factory=dict)
    starts: dict[str, EngineStart] = field(default_factory=dict)
    tokens: dict[str, tuple[str, str]] = field(default_factory=dict)
    budget: int = STEP_BUDGET

    async def revive(self) -> None:
        return

    async def start(self, start: EngineStart) -> None:
        if start.name in self.executions:
            return
        arn = f"arn:aws:states:eu-west-1:000000000000:execution:m:{start.name}"
        begun = ExecutionStart(
            arn=arn, name=start.name, input=start.input, started_at=self.world.now, budget=self.budget
        )
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

    async def update_map_run(self, name: str, state: str, max_concurrency: int) -> None:
        at = self.world.now
        self.world.later(name, UpdateMapRun(at, state=state, max_concurrency=max_concurrency))

    async def task_failed(self, token: str, failure: Failure) -> None:
        raise AssertionError("control never fails a token")


@dataclass
class TimedWorld:
    """`durations` are seconds by job id, of items by `JOB:KEY`; `failing` are the jobs that fail.

    `begun` and `ended` are the moments of jobs, `called` those of the calls for items. `busy` are the calls
    of map jobs that run, by their first item; `watch` is called when any call begins. With `mixed` the calls
    of control of one moment go on at the same time, one now and one then.
    """

    folder: Path
    durations: Mapping[str, float] = field(default_factory=dict)
    failing: frozenset[str] = frozenset()
    pools: Mapping[str, int] = field(default_factory=dict)
    begun: dict[Job, float] = field(default_factory=dict)
    ended: dict[Job, float] = field(default_factory=dict)
    calls: list[Job] = field(default_factory=list)
    called: list[tuple[Item, float]] = field(default_factory=list)
    busy: set[Item] = field(default_factory=set)
    watch: Callable[[], None] | None = None
    quiet: Callable[[], Awaitable[None]] | None = None
    mixed: random.Random | None = None

    def __post_init__(self) -> None:
        self.now = 0.0
        self.clock = FakeClock(EPOCH)
        self.engine = TimedEngine(self)
        self.store = MemoryStore()
        store: Any = Mixed(self.store, self.mixed) if self.mixed else self.store
        self._due: list[tuple[float, int, str, Any]] = []
        self._plans: list[tuple[float, int, Callable[[], Awaitable[object]]]] = []
        self._count = 0
        self._open: set[asyncio.Task[None]] = set()
        self.ports = SessionPorts(
            store=store,
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
        while (moment := await self._coming()) is not None:
            if moment > self.now and self.quiet is not None:
                await self.quiet()
            self._move(max(moment, self.now))
            await self._one()
        if self.quiet is not None:
            await self.quiet()

    async def _coming(self) -> float | None:
        """The next moment; time does not move on while calls of control are open."""
        while self._open:
            if (moment := self._next()) is not None and moment <= self.now:
                await asyncio.sleep(0)
                return moment
            done, self._open = await asyncio.wait(self._open, return_when=asyncio.FIRST_COMPLETED)
            for call in done:
                call.result()
        return self._next()

    async def jobs(self, session: str, run: str) -> dict[str, JobRun]:
        """The job runs of the newest attempt."""
        number = (await self.store.sessions.run(session, run)).attempt
        return {job.job: job for job in await self.store.jobs.job_runs(session, run, number)}

    def running(self) -> list[Job]:
        """Jobs whose operations are being carried out."""
        return [job for job in self.begun if job not in self.ended]

    def busy_of(self, job: Job) -> int:
        """How many calls of a map job run."""
        return sum(one[:3] == job for one in self.busy)

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
            elif isinstance(effect, ReadItems):
                body = await self.control.blobs.get(effect.parameters["Key"])
                self.later(name, ItemsRead(self.now, effect.read_id, body.decode()))
        if execution.runnable:
            self.later(name, Continue(self.now))
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
        call = self._control(name, task, payload)
        if self.mixed:
            self._open.add(asyncio.create_task(call))
        else:
            await call

    async def _control(self, name: str, task: StartTask, payload: dict[str, Any]) -> None:
        place = payload["session"], payload["run"], payload.get("job", "")
        if payload["op"] == "finish":
            self.ended[place] = self.now
        if payload["op"] == "item":
            self.busy.remove((*place, payload["keys"][0]))
        try:
            answer = await handle(self.control, payload)
        except BunsuiError as error:
            self.later(name, TaskFailed(self.now, task.task_id, type(error).__name__, error.message))
            return
        if task.token is None:
            self.later(name, TaskSucceeded(self.now, task.task_id, {"Payload": answer}))

    def _operation(self, name: str, task: StartTask) -> None:
        start, job, keys = self.engine.starts[name], *_called(task)
        place = (start.session_id, start.run_id, job)
        if not keys or place not in self.begun:
            self.begun[place] = self.now
        self.ended.pop(place, None)
        self.calls.append(place)
        given: JsonValue = {"by": job}
        seconds = own = self.durations.get(job, 1.0)
        if keys:
            self.busy.add((*place, keys[0]))
            self.called += [((*place, key), self.now) for key in keys]
            seconds = sum(self.durations.get(f"{job}:{key}", own) for key in keys)
        if self.watch is not None:
            self.watch()
        if isinstance(task.parameters["Payload"], dict) and BATCH in task.parameters["Payload"]:
            given = {BATCH: [{"output": key} for key in keys]}
        if job in self.failing:
            self.later(name, TaskFailed(self.now + seconds, task.task_id, "Broken", "it broke"))
        else:
            answer = {"StatusCode": 200, "Payload": given}
            self.later(name, TaskSucceeded(self.now + seconds, task.task_id, answer))


def _called(task: StartTask) -> tuple[str, list[str]]:
    """The job that a function is called for, and the keys of its items."""
    custom = json.loads(base64.b64decode(task.parameters["ClientContext"]))["custom"]
    payload = task.parameters["Payload"]
    if isinstance(payload, dict) and BATCH in payload:
        return custom["job"], [one["key"] for one in payload[BATCH]]
    return custom["job"], [custom["item"]] if custom["item"] else []


class Mixed:
    """A store whose calls let others go on before and after, sometimes, so that they meet in between."""

    def __init__(self, inner: Any, chance: random.Random) -> None:
        self._inner = inner
        self._chance = chance

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._inner, name)
        if not callable(found):
            return Mixed(found, self._chance)

        async def called(*args: Any, **named: Any) -> Any:
            await self._pass()
            result = await found(*args, **named)
            await self._pass()
            return result

        return called

    async def _pass(self) -> None:
        for _ in range(self._chance.randrange(3)):
            await asyncio.sleep(0)
