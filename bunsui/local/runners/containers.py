"""Container tasks as processes: a shim leads a session, runs the command and records how it ended."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from bunsui.local.runners import adoption, shim
from bunsui.local.runners.interpreter import project_environment, project_python, python_folder
from bunsui.local.runners.memory import MemoryWatch
from bunsui.local.runners.outcomes import TaskCause, TaskOutcome
from bunsui.local.runners.process import SessionProcess, start_session
from bunsui.local.runners.specs import InFlight, Started, StartedCallback, TaskCall, TaskSpec
from bunsui.local.runners.task_end import TaskEnded, not_started, settle_task

SHIM = Path(shim.__file__)
# What every task in Python may import: standard library only, one module.
MODULES = SHIM.with_name("modules")
# How long a shim may take to record the end of a command that was killed.
RECORD_SECONDS = 10.0
STOP_SECONDS = 5.0
SIGNALS: Mapping[TaskCause, signal.Signals] = {
    "stopped": signal.SIGTERM,
    "timed_out": signal.SIGUSR2,
    "out_of_memory": signal.SIGUSR1,
}


@dataclass(slots=True)
class _Task:
    """A task in flight: its shim, and why it is being ended."""

    process: SessionProcess | None = None
    cause: TaskCause = "exited"
    stop_timeout: float = STOP_SECONDS

    def end(self, cause: TaskCause) -> None:
        """Ask the shim to end the command; kill the command, then the session, where that does not help."""
        if self.cause != "exited":
            return
        self.cause = cause
        if self.process is None:
            return
        loop = asyncio.get_running_loop()
        patience = 0.0 if cause == "out_of_memory" else self.stop_timeout
        self.process.signal(SIGNALS[cause])
        loop.call_later(patience, self.process.signal, signal.SIGUSR1)
        loop.call_later(patience + RECORD_SECONDS, self.process.kill)


class ContainerRunner:
    """Runs container tasks as processes of the project's folder. `environment` is what every task inherits.

    `runtime_dir` is a folder of our own for the small scripts that put the project's Python on PATH.
    """

    def __init__(self, *, runtime_dir: Path, environment: Mapping[str, str]) -> None:
        self._runtime_dir = runtime_dir
        self._environment = dict(environment)
        self._tasks: dict[str, _Task] = {}
        self._memory = MemoryWatch()

    async def run(self, task: TaskSpec, call: TaskCall, started: StartedCallback) -> TaskOutcome:
        """Start a task and wait for its end.

        `started` is awaited when the shim is ready and before the command runs; if it raises, nothing is run.
        Cancelling this coroutine leaves the task running, to be adopted.
        """
        if not task.command:
            return not_started(
                call.id, task.memory_mb, "CannotStartContainerError: the task names no command"
            )
        entry = self._tasks.setdefault(call.id, _Task(stop_timeout=call.stop_timeout))
        prepare(call)
        try:
            process, order = self._start(task, call)
        except OSError as error:
            del self._tasks[call.id]
            return not_started(call.id, task.memory_mb, f"ResourceInitializationError: {error}")
        entry.process = process
        try:
            flight = await self._hand_over(process, order, task, call, started)
            return await self._wait(entry, process, flight)
        finally:
            self._tasks.pop(call.id, None)

    async def adopt(self, call: InFlight) -> TaskOutcome:
        """Take over a task that an earlier worker recorded as started, and wait for its end."""
        entry = self._tasks.setdefault(call.started.id, _Task())
        entry.process = adoption.find(call)
        try:
            if entry.process is None:
                return settle_task(TaskEnded(call=call, cause=entry.cause))
            return await self._wait(entry, entry.process, call)
        finally:
            self._tasks.pop(call.started.id, None)

    def stop(self, call_id: str) -> bool:
        """Stop a task: SIGTERM, and SIGKILL after its `stop_timeout`. False: not in flight."""
        entry = self._tasks.get(call_id)
        if entry is None:
            return False
        entry.end("stopped")
        return True

    async def close(self) -> None:
        """End nothing: running tasks are left to their spool files."""
        for entry in self._tasks.values():
            if entry.process is not None:
                entry.process.detach()

    def _start(self, task: TaskSpec, call: TaskCall) -> tuple[SessionProcess, IO[bytes]]:
        command = [sys.executable, "-I", "-S", str(SHIM)]
        env = self._task_environment(task, call)
        process, order = start_session(
            command, cwd=task.project, env=env, output=call.log_path, wants_input=True
        )
        if order is None:
            raise OSError("the shim has no standard input")
        return process, order

    async def _hand_over(
        self,
        process: SessionProcess,
        order: IO[bytes],
        task: TaskSpec,
        call: TaskCall,
        started: StartedCallback,
    ) -> InFlight:
        with order:
            record = Started(
                id=call.id,
                pid=process.pid,
                create_time=process.create_time,
                deadline=time.time() + call.timeout,
            )
            try:
                await started(record)
            except BaseException:
                process.kill()
                raise
            line = {"id": call.id, "command": task.command, "output": str(call.output_path)}
            _write(order, json.dumps({**line, "spool": str(call.spool_path)}).encode() + b"\n")
        return InFlight(
            started=record,
            spool_path=call.spool_path,
            log_path=call.log_path,
            memory_mb=task.memory_mb,
            timeout=call.timeout,
        )

    async def _wait(self, entry: _Task, process: SessionProcess, flight: InFlight) -> TaskOutcome:
        begin = time.monotonic()
        limits = adoption.Limits(
            expired=lambda: entry.end("timed_out"),
            exceeded=lambda: entry.end("out_of_memory"),
            count_leader=False,
        )
        peak = await adoption.watch(process, flight, self._memory, limits)
        elapsed_ms = (time.monotonic() - begin) * 1000
        return settle_task(TaskEnded(call=flight, cause=entry.cause, duration_ms=elapsed_ms, peak_mb=peak))

    def _task_environment(self, task: TaskSpec, call: TaskCall) -> dict[str, str]:
        python = project_python(task.project, task.python)
        base = project_environment(self._environment, python, python_folder(self._runtime_dir, python))
        modules = [path for path in (base.get("PYTHONPATH"), str(MODULES)) if path]
        return {
            **base,
            "PYTHONPATH": os.pathsep.join(modules),
            **dict(task.env),
            **call.context.environment(),
            "BUNSUI_INPUT": str(call.input_path),
            "BUNSUI_OUTPUT": str(call.output_path),
            "BUNSUI_MEMORY": str(task.memory_mb),
            "BUNSUI_CPU": str(task.cpu),
        }


def prepare(call: TaskCall) -> None:
    """Lay out the input of a task, and take away the output of an earlier one."""
    for path in (call.spool_path, call.output_path, call.input_path):
        path.parent.mkdir(parents=True, exist_ok=True)
    call.output_path.unlink(missing_ok=True)
    if call.input is not None:
        call.input_path.write_bytes(call.input)


def _write(order: IO[bytes], line: bytes) -> None:
    try:
        order.write(line)
    except BrokenPipeError:
        # The shim is dead already; its end says so.
        return
