"""Warm Lambda runners: one process per concurrent call, kept for the next call of the very same function."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from bunsui.local.runners import adoption
from bunsui.local.runners.function_runner import FunctionRunner, InitFailed, NotHandedOver
from bunsui.local.runners.memory import MemoryWatch
from bunsui.local.runners.outcomes import Cancelled, Lost, Outcome
from bunsui.local.runners.process import SessionProcess
from bunsui.local.runners.settle import EndCause, Ended, settle
from bunsui.local.runners.specs import FunctionSpec, InFlight, Invocation, Started, StartedCallback
from bunsui.local.runners.spools import Spools

# AWS gives a function this long to initialise before the time counts against its timeout.
INIT_SECONDS = 10.0
# How often a process may turn out dead when its call is handed over.
HAND_OVERS = 3
# A call's deadline counts from its reservation, so that one which was not used soon is void.
RESERVED_SECONDS = 1.0
# A runner above the number that is kept: the calls of a wide map come and go at once.
SURPLUS_SECONDS = 5.0


@dataclass(slots=True)
class _Call:
    """A call in flight, and the runner that holds it once there is one."""

    runner: FunctionRunner | None = None
    adopted: SessionProcess | None = None
    cause: EndCause = ""

    def hold(self, runner: FunctionRunner) -> None:
        self.runner = runner
        if self.cause:
            runner.end(self.cause)

    def end(self, cause: EndCause) -> None:
        self.cause = self.cause or cause
        if self.runner is not None:
            self.runner.end(cause)
        if self.adopted is not None:
            self.adopted.kill()


@dataclass(frozen=True, slots=True)
class Reserved:
    """A runner that stands ready for one call, which `started` tells of before it is made.

    `spool` is the file of its call before, whose result is on the way to be recorded: by the time this one
    is made it may take its place.
    """

    runner: FunctionRunner
    started: Started
    until: float
    spool: Path | None


@dataclass(slots=True)
class _Idle:
    """A runner without a call, and the timer that ends it."""

    runner: FunctionRunner
    expiry: asyncio.TimerHandle = field(repr=False)


class LambdaPool:
    """Runs Lambda functions. `environment` is what every runner inherits.

    At most `max_processes` calls run at once, later ones wait their turn; `max_idle` warm runners are kept,
    each for `idle_timeout` seconds, and more for a moment.
    """

    def __init__(
        self,
        *,
        environment: Mapping[str, str],
        max_processes: int = 32,
        max_idle: int = 8,
        idle_timeout: float = 300.0,
    ) -> None:
        self._environment = dict(environment)
        self._slots = asyncio.Semaphore(max_processes)
        self._max_idle = max_idle
        self._idle_timeout = idle_timeout
        self._idle: list[_Idle] = []
        self._calls: dict[str, _Call] = {}
        self.spools: Spools[FunctionRunner] = Spools()
        self._memory = MemoryWatch()
        self._closing: set[asyncio.Task[None]] = set()

    def reserve(self, function: FunctionSpec, invocation_id: str, timeout: float) -> Reserved | None:
        """Take an idle runner for a call that `invoke` is about to make, so that it can be recorded first.

        None where no runner is idle. What is not given to `invoke` goes back with `free`.
        """
        self._retire_outdated(function)
        runner = self._take_idle(function)
        if runner is None:
            return None
        started = _started(runner, invocation_id, timeout)
        until = time.monotonic() + RESERVED_SECONDS
        return Reserved(runner, started, until, self.spools.take(runner))

    def free(self, reserved: Reserved) -> None:
        """Give back a runner that is not needed."""
        if reserved.spool is not None:
            self.spools.give_back(reserved.runner, reserved.spool)
        self._release(reserved.runner)

    async def invoke(
        self,
        function: FunctionSpec,
        invocation: Invocation,
        started: StartedCallback,
        reserved: Reserved | None = None,
    ) -> Outcome:
        """Call a function and wait for its end.

        `started` is awaited when a process is initialised and before it sees the payload; it may be awaited
        again with another process if the first turns out dead. If it raises, nothing is called. It is not
        awaited for a runner that was `reserved`: that one is recorded already. Cancelling this coroutine
        leaves a call that was handed over to its spool file.
        """
        call = self._calls.setdefault(invocation.id, _Call())
        if reserved is None and not invocation.spool_path.parent.is_dir():
            invocation.spool_path.parent.mkdir(parents=True, exist_ok=True)
        waiting = reserved
        try:
            async with self._slots:
                waiting = None
                return await self._invoke(function, invocation, started, call, reserved)
        finally:
            self._calls.pop(invocation.id, None)
            if waiting is not None:
                self.free(waiting)
            elif reserved is not None and reserved.spool is not None:
                self.spools.abandon(reserved.spool)

    async def adopt(self, call: InFlight) -> Outcome:
        """Take over a call that an earlier worker recorded as started, and wait for its end."""
        begin = time.time()
        entry = self._calls.setdefault(call.started.id, _Call())
        entry.adopted = adoption.find(call)
        peak = 0
        try:
            if entry.adopted is not None:
                limits = adoption.Limits(
                    expired=lambda: entry.end("timed_out"), exceeded=lambda: entry.end("out_of_memory")
                )
                peak = await adoption.watch(entry.adopted, call, self._memory, limits)
        finally:
            self._calls.pop(call.started.id, None)
        return settle(
            Ended(
                id=call.started.id,
                spool_path=call.spool_path,
                log_path=call.log_path,
                timeout=call.timeout,
                memory_mb=call.memory_mb,
                cause=entry.cause,
                returncode=None,
                duration_ms=(time.time() - begin) * 1000,
                peak_mb=peak,
            )
        )

    def cancel(self, invocation_id: str) -> bool:
        """End a call in flight. It becomes Cancelled unless its result was spooled. False: not in flight."""
        call = self._calls.get(invocation_id)
        if call is None:
            return False
        call.end("cancelled")
        return True

    async def close(self) -> None:
        """End the idle runners. Busy ones are left to their spool files."""
        for idle in self._idle:
            idle.expiry.cancel()
            self._retire(idle.runner)
        self._idle.clear()
        await asyncio.gather(*self._closing)

    async def _invoke(
        self,
        function: FunctionSpec,
        invocation: Invocation,
        started: StartedCallback,
        call: _Call,
        reserved: Reserved | None,
    ) -> Outcome:
        runner = await self._reserved(reserved, invocation, call) if reserved is not None else None
        record = reserved.started if runner is not None and reserved is not None else None
        for _ in range(HAND_OVERS):
            if call.cause:
                if runner is not None:
                    self._release(runner)
                return Cancelled(id=invocation.id)
            try:
                runner = runner or await self._acquire(function, invocation, call)
            except InitFailed as error:
                return error.outcome
            try:
                return await self._call(runner, invocation, started, record)
            except NotHandedOver:
                runner.end("cancelled")
            finally:
                self._release(runner)
            runner = record = None
        return Lost(id=invocation.id, reason="the function's processes ended before they could be called")

    async def _reserved(
        self, reserved: Reserved, invocation: Invocation, call: _Call
    ) -> FunctionRunner | None:
        """The reserved runner once it asks for a call; None where it died or was reserved too long ago."""
        runner = reserved.runner
        if time.monotonic() > reserved.until:
            self._release(runner)
            return None
        call.hold(runner)
        with contextlib.suppress(InitFailed):
            await self._ready(runner, invocation, INIT_SECONDS)
            return runner
        return None

    async def _call(
        self,
        runner: FunctionRunner,
        invocation: Invocation,
        started: StartedCallback,
        record: Started | None,
    ) -> Outcome:
        if record is None:
            record = _started(runner, invocation.id, invocation.timeout)
            await started(record)
        self.spools.begin(runner, invocation.spool_path)
        return await runner.call(invocation, record)

    async def _acquire(self, function: FunctionSpec, invocation: Invocation, call: _Call) -> FunctionRunner:
        """Return a runner that waits for a call. Raises InitFailed."""
        self._retire_outdated(function)
        while (runner := self._take_idle(function)) is not None:
            call.hold(runner)
            with contextlib.suppress(InitFailed):
                await self._ready(runner, invocation, INIT_SECONDS)
                return runner
        runner = FunctionRunner(function, self._memory)
        await runner.start(self._environment, invocation)
        call.hold(runner)
        await self._ready(runner, invocation, invocation.timeout + INIT_SECONDS)
        return runner

    async def _ready(self, runner: FunctionRunner, invocation: Invocation, seconds: float) -> None:
        try:
            await runner.ready(invocation, seconds)
        except BaseException:
            self._retire(runner)
            raise

    def _take_idle(self, function: FunctionSpec) -> FunctionRunner | None:
        for position in range(len(self._idle) - 1, -1, -1):
            if self._idle[position].runner.spec == function:
                idle = self._idle.pop(position)
                idle.expiry.cancel()
                return idle.runner
        return None

    def _release(self, runner: FunctionRunner) -> None:
        if runner.detached:
            return
        if not runner.usable:
            self._retire(runner)
            return
        kept = len(self._idle) < self._max_idle
        seconds = self._idle_timeout if kept else min(SURPLUS_SECONDS, self._idle_timeout)
        expiry = asyncio.get_running_loop().call_later(seconds, self._expire, runner)
        self._idle.append(_Idle(runner, expiry))

    def _expire(self, runner: FunctionRunner) -> None:
        for idle in self._idle:
            if idle.runner is runner:
                idle.expiry.cancel()
                self._idle.remove(idle)
                self._retire(runner)
                return

    def _retire_outdated(self, function: FunctionSpec) -> None:
        """End idle runners of earlier code of this function: they would never be called again."""
        for idle in list(self._idle):
            spec = idle.runner.spec
            same = (spec.project, spec.handler) == (function.project, function.handler)
            if same and spec.code_hash != function.code_hash:
                self._expire(idle.runner)

    def _retire(self, runner: FunctionRunner) -> None:
        self.spools.drop(runner)
        task = asyncio.get_running_loop().create_task(runner.close())
        self._closing.add(task)
        task.add_done_callback(self._closing.discard)


def _started(runner: FunctionRunner, invocation_id: str, timeout: float) -> Started:
    process = runner.process
    return Started(
        id=invocation_id,
        pid=process.pid,
        create_time=process.create_time,
        deadline=time.time() + timeout,
    )
