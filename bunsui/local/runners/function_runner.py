"""One warm process of one Lambda function and its Runtime API."""

from __future__ import annotations

import asyncio
import json
import secrets
import socket
import time
from collections.abc import Mapping
from pathlib import Path

from bunsui.local.runners import bootstrap
from bunsui.local.runners.interpreter import project_environment, project_python
from bunsui.local.runners.memory import MemoryWatch, Watched
from bunsui.local.runners.outcomes import Failed, FunctionError, Outcome, Report, Returned
from bunsui.local.runners.process import SessionProcess, first, start_session
from bunsui.local.runners.runtime_api import Answer, RuntimeApi
from bunsui.local.runners.settle import EndCause, Ended, from_answer, function_error, settle
from bunsui.local.runners.specs import FunctionSpec, Invocation, Started

BOOTSTRAP = Path(bootstrap.__file__)


class InitFailed(Exception):
    """The runtime ended before it could take a call; `outcome` is what the call gets for it."""

    def __init__(self, outcome: Outcome) -> None:
        super().__init__(repr(outcome))
        self.outcome = outcome


class NotHandedOver(Exception):
    """The process is gone and has not seen the call."""


class FunctionRunner:
    """A process that serves calls of one function, one at a time."""

    def __init__(self, spec: FunctionSpec, memory: MemoryWatch) -> None:
        self.spec = spec
        self._memory = memory
        self._token = secrets.token_hex(16)
        self._api = RuntimeApi(self._token)
        self._process: SessionProcess | None = None
        self._cause: EndCause = ""
        self.detached = False

    @property
    def process(self) -> SessionProcess:
        """The process, once it was started."""
        if self._process is None:
            raise RuntimeError("the runner was not started")
        return self._process

    @property
    def usable(self) -> bool:
        """Tell whether another call may be given to it."""
        return self._process is not None and self._process.alive and not self._cause

    async def start(self, base: Mapping[str, str], call: Invocation) -> None:
        """Start the process; what its module prints goes to the log of the call that needs it.

        It gets a connection that is open already: half as dear as one over TCP, and nobody else can use it.
        Raises InitFailed.
        """
        address = await self._api.start()
        ours, theirs = socket.socketpair()
        await self._api.join(ours)
        python = project_python(self.spec.project, self.spec.python)
        own = {**self._environment(address), "BUNSUI_RUNTIME_FD": str(theirs.fileno())}
        env = {**project_environment(base, python), **own}
        try:
            self._process, _ = start_session(
                [str(python), str(BOOTSTRAP)],
                cwd=self.spec.project,
                env=env,
                output=call.log_path,
                keep=(theirs.fileno(),),
            )
        except OSError as error:
            self._api.close()
            text = f"RequestId: {call.id} Error: fork/exec {error.filename or python}: {error.strerror}"
            raise InitFailed(self._not_called(call, "Runtime.InvalidEntrypoint", text)) from error
        finally:
            theirs.close()
        self._process.exited.add_done_callback(lambda _: self._api.hang_up())

    async def ready(self, call: Invocation, seconds: float) -> None:
        """Wait until it asks for a call; end it if that takes too long. Raises InitFailed."""
        init_error = self._api.init_error
        if self._api.waiting.done() and self.usable and not init_error.done():
            return
        begin = time.monotonic()
        timer = asyncio.get_running_loop().call_later(seconds, self.end, "timed_out")
        try:
            await first(self._api.waiting, init_error, self.process.exited)
            if self._cause:
                await self.process.exited
        finally:
            timer.cancel()
        if init_error.done():
            error = function_error(init_error.result(), call.id)
            raise InitFailed(self._not_called(call, error.error_type, error.error_message, error.stack_trace))
        if not self.process.alive:
            raise InitFailed(settle(self._ended(call, (time.monotonic() - begin) * 1000, 0)))

    async def call(self, call: Invocation, started: Started) -> Outcome:
        """Hand over a call and wait for its end. Cancelled from outside, it leaves the process to itself.

        Raises NotHandedOver.
        """
        loop = asyncio.get_running_loop()
        begin = time.monotonic()
        answering = self._hand_over(call, started)
        watched = Watched(pid=self.process.pid, limit_mb=self.spec.memory_mb, exceeded=self._out_of_memory)
        self._memory.add(watched)
        timer = loop.call_later(max(0.0, started.deadline - time.time()), self.end, "timed_out")
        try:
            answer = await answering
        except asyncio.CancelledError:
            self.detach()
            raise
        finally:
            timer.cancel()
            self._memory.remove(watched)
        elapsed_ms = (time.monotonic() - begin) * 1000
        if answer is not None:
            return self._answered(call, answer, elapsed_ms, watched.peak_mb)
        return settle(self._ended(call, elapsed_ms, watched.peak_mb))

    def end(self, cause: EndCause) -> None:
        """Kill the process and everything it started."""
        self._cause = self._cause or cause
        self.process.kill()

    def detach(self) -> None:
        """Leave the process to itself: idle it exits, busy it spools its result and exits."""
        self.detached = True
        self._api.close()
        self.process.detach()

    async def close(self) -> None:
        """End the process and wait for its end."""
        self._api.close()
        self.end("cancelled")
        await self.process.exited

    def _hand_over(self, call: Invocation, started: Started) -> asyncio.Future[Answer | None]:
        if self.process.has_ended():
            raise NotHandedOver
        try:
            return self._api.hand_over(call.id, self._headers(call, started), call.payload)
        except ConnectionError as error:
            raise NotHandedOver from error

    def _out_of_memory(self) -> None:
        self.end("out_of_memory")

    def _answered(
        self, call: Invocation, answer: Answer, elapsed_ms: float, peak_mb: int
    ) -> Returned | Failed:
        if answer.report and answer.body is not None:
            meta = json.loads(answer.report)
            return from_answer(call.id, meta, answer.body, self.spec.memory_mb, peak_mb)
        report = Report(duration_ms=elapsed_ms, memory_mb=self.spec.memory_mb, max_memory_mb=peak_mb)
        if answer.status == "returned" and answer.body is not None:
            return Returned(id=call.id, payload=answer.body, report=report)
        return Failed(id=call.id, error=function_error(answer.body, call.id), report=report)

    def _not_called(
        self, call: Invocation, error_type: str, message: str, stack_trace: tuple[str, ...] = ()
    ) -> Failed:
        error = FunctionError(
            error_type=error_type, error_message=message, stack_trace=stack_trace, request_id=call.id
        )
        report = Report(duration_ms=0.0, memory_mb=self.spec.memory_mb, max_memory_mb=0)
        return Failed(id=call.id, error=error, report=report)

    def _ended(self, call: Invocation, elapsed_ms: float, peak_mb: int) -> Ended:
        return Ended(
            id=call.id,
            spool_path=call.spool_path,
            log_path=call.log_path,
            timeout=call.timeout,
            memory_mb=self.spec.memory_mb,
            cause=self._cause,
            returncode=self.process.exited.result(),
            duration_ms=elapsed_ms,
            peak_mb=peak_mb,
        )

    def _headers(self, call: Invocation, started: Started) -> dict[str, str]:
        return {
            "Lambda-Runtime-Deadline-Ms": str(int(started.deadline * 1000)),
            "Lambda-Runtime-Invoked-Function-Arn": self.spec.arn,
            "Lambda-Runtime-Client-Context": json.dumps({"custom": call.context.custom()}),
            "Bunsui-Files": json.dumps({"log": str(call.log_path), "spool": str(call.spool_path)}),
        }

    def _environment(self, address: str) -> dict[str, str]:
        return {
            **dict(self.spec.env),
            "AWS_LAMBDA_RUNTIME_API": address,
            "BUNSUI_RUNTIME_TOKEN": self._token,
            "AWS_LAMBDA_FUNCTION_NAME": self.spec.name,
            "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(self.spec.memory_mb),
            "AWS_LAMBDA_LOG_GROUP_NAME": f"/aws/lambda/{self.spec.name}",
            "AWS_LAMBDA_LOG_STREAM_NAME": f"local/{secrets.token_hex(8)}",
            "LAMBDA_TASK_ROOT": str(self.spec.project),
            "_HANDLER": self.spec.handler,
        }
