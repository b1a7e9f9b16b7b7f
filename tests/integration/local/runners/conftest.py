"""A project with handlers, a pool on it and calls with files of their own."""

from __future__ import annotations

import itertools
import os
import sys
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from bunsui.local.runners.containers import ContainerRunner
from bunsui.local.runners.outcomes import Outcome, TaskOutcome
from bunsui.local.runners.pool import LambdaPool
from bunsui.local.runners.specs import (
    CallContext,
    FunctionSpec,
    InFlight,
    Invocation,
    Started,
    TaskCall,
    TaskSpec,
    frozen_env,
)

HANDLERS = Path(__file__).parent / "handlers.txt"


@dataclass
class Desk:
    """Makes specs and calls in a temporary folder, and keeps what was recorded as started."""

    root: Path
    started: list[Started] = field(default_factory=list)
    numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    @property
    def project(self) -> Path:
        return self.root / "project"

    async def record(self, started: Started) -> None:
        self.started.append(started)

    def function(
        self, handler: str, *, memory_mb: int = 256, code_hash: str = "", **env: str
    ) -> FunctionSpec:
        return FunctionSpec(
            name="fn",
            project=self.project,
            handler=handler if ":" in handler else f"handlers:{handler}",
            memory_mb=memory_mb,
            env=frozen_env(env),
            code_hash=code_hash,
            python=Path(sys.executable),
        )

    def invocation(self, payload: bytes = b"{}", *, timeout: float = 20.0) -> Invocation:
        call_id = f"call-{next(self.numbers)}"
        return Invocation(
            id=call_id,
            payload=payload,
            context=self.context(),
            log_path=self.root / "logs" / f"{call_id}.log",
            spool_path=self.root / "spool" / call_id,
            timeout=timeout,
        )

    def task(self, *command: str, memory_mb: int = 256, **env: str) -> TaskSpec:
        return TaskSpec(
            name="task",
            project=self.project,
            command=command,
            memory_mb=memory_mb,
            env=frozen_env(env),
            python=Path(sys.executable),
        )

    def task_call(
        self, payload: bytes | None = b"{}", *, timeout: float = 20.0, stop_timeout: float = 5.0
    ) -> TaskCall:
        call_id = f"task-{next(self.numbers)}"
        return TaskCall(
            id=call_id,
            input=payload,
            context=self.context(),
            input_path=self.root / "io" / f"{call_id}.in.json",
            output_path=self.root / "io" / f"{call_id}.out.json",
            log_path=self.root / "logs" / f"{call_id}.log",
            spool_path=self.root / "spool" / call_id,
            timeout=timeout,
            stop_timeout=stop_timeout,
        )

    def context(self) -> CallContext:
        return CallContext(
            session="s-1", run="taxi", attempt=2, job="fetch", idempotency_key="key-1", item="a"
        )

    def in_flight(self, call: Invocation | TaskCall, started: Started, *, memory_mb: int = 256) -> InFlight:
        return InFlight(
            started=started,
            spool_path=call.spool_path,
            log_path=call.log_path,
            memory_mb=memory_mb,
            timeout=call.timeout,
        )


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    desk = Desk(tmp_path)
    desk.project.mkdir()
    (desk.project / "handlers.py").write_bytes(HANDLERS.read_bytes())
    return desk


@pytest.fixture
async def pool(desk: Desk) -> AsyncIterator[LambdaPool]:
    pool = LambdaPool(environment=dict(os.environ))
    yield pool
    await pool.close()


@pytest.fixture
async def containers(desk: Desk) -> AsyncIterator[ContainerRunner]:
    # Tests that share the process may have set some of ours.
    outside = {name: value for name, value in os.environ.items() if not name.startswith("BUNSUI_")}
    runner = ContainerRunner(runtime_dir=desk.root / "runtime", environment=outside)
    yield runner
    await runner.close()


@dataclass
class Caller:
    """Calls handlers by name on one pool."""

    desk: Desk
    pool: LambdaPool

    async def __call__(
        self, handler: str, payload: bytes = b"{}", *, timeout: float = 20.0, **spec: Any
    ) -> Outcome:
        function = self.desk.function(handler, **spec)
        return await self.call(function, self.desk.invocation(payload, timeout=timeout))

    async def call(self, function: FunctionSpec, invocation: Invocation) -> Outcome:
        return await self.pool.invoke(function, invocation, self.desk.record)


@pytest.fixture
def invoke(desk: Desk, pool: LambdaPool) -> Caller:
    return Caller(desk, pool)


@dataclass
class Runner:
    """Runs commands on one container runner."""

    desk: Desk
    containers: ContainerRunner

    async def __call__(self, task: TaskSpec, call: TaskCall | None = None) -> TaskOutcome:
        return await self.containers.run(task, call or self.desk.task_call(), self.desk.record)


@pytest.fixture
def run(desk: Desk, containers: ContainerRunner) -> Runner:
    return Runner(desk, containers)
