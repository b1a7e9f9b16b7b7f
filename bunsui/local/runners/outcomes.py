"""How a call ended, with AWS's names and texts for what went wrong."""

from __future__ import annotations

import json
import signal
from dataclasses import dataclass
from typing import Literal, TypeAlias

MAX_RESPONSE_BYTES = 6_291_556


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What a Lambda call used. `init_ms` is set on a cold start; memory in MiB."""

    duration_ms: float
    memory_mb: int
    max_memory_mb: int
    init_ms: float | None = None

    @property
    def billed_ms(self) -> int:
        """Return the duration rounded up to a whole millisecond, as billed."""
        return -int(-self.duration_ms // 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class FunctionError:
    """The error document of a failed function, as AWS answers it."""

    error_type: str
    error_message: str
    stack_trace: tuple[str, ...] = ()
    request_id: str = ""

    def to_json(self) -> str:
        """Return the payload of the failed call: the Cause that the engine shows."""
        document = {
            "errorMessage": self.error_message,
            "errorType": self.error_type,
            "requestId": self.request_id,
            "stackTrace": list(self.stack_trace),
        }
        return json.dumps(document)


@dataclass(frozen=True, slots=True, kw_only=True)
class Returned:
    """The handler returned `payload`, which is valid UTF-8 JSON."""

    id: str
    payload: bytes
    report: Report


@dataclass(frozen=True, slots=True, kw_only=True)
class Failed:
    """The handler raised, or the function broke a rule of the service. The retry policy decides on."""

    id: str
    error: FunctionError
    report: Report


@dataclass(frozen=True, slots=True, kw_only=True)
class Lost:
    """The process was ended from outside and left no result: call again, with the same idempotency key."""

    id: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Cancelled:
    """The caller ended the call before it had a result."""

    id: str


Outcome: TypeAlias = Returned | Failed | Lost | Cancelled

TaskCause: TypeAlias = Literal["exited", "out_of_memory", "timed_out", "stopped", "not_started"]
StopCode: TypeAlias = Literal["EssentialContainerExited", "UserInitiated", "TaskFailedToStart"]


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskReport:
    """What a task used: wall time, CPU seconds of all its processes, highest memory in MiB."""

    duration_ms: float
    memory_mb: int
    max_memory_mb: int
    user_seconds: float
    system_seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskStopped:
    """The task ended. `reason` is ECS's text; `output` is what lay at `BUNSUI_OUTPUT`, unread and unparsed.

    `exit_code` is None where the command never started.
    """

    id: str
    cause: TaskCause
    exit_code: int | None
    stop_code: StopCode
    reason: str
    output: bytes | None
    report: TaskReport


TaskOutcome: TypeAlias = TaskStopped | Lost


def timed_out(request_id: str, timeout: float) -> FunctionError:
    """Return the error of a function that met its deadline."""
    return _runtime_error("Sandbox.Timedout", request_id, f"Task timed out after {timeout:.2f} seconds")


def out_of_memory(request_id: str) -> FunctionError:
    """Return the error of a function that was killed for its memory."""
    return _runtime_error("Runtime.OutOfMemory", request_id, "Runtime exited with error: signal: killed")


def runtime_exited(request_id: str, returncode: int) -> FunctionError:
    """Return the error of a runtime that ended by itself; a negative `returncode` is a signal."""
    if returncode == 0:
        return _runtime_error("Runtime.ExitError", request_id, "Runtime exited without providing a reason")
    how = f"exit status {returncode}" if returncode > 0 else f"signal: {_signal_text(-returncode)}"
    return _runtime_error("Runtime.ExitError", request_id, f"Runtime exited with error: {how}")


def response_too_large(request_id: str) -> FunctionError:
    """Return the error of a function whose answer is over the service's limit."""
    text = f"Response payload size exceeded maximum allowed payload size ({MAX_RESPONSE_BYTES} bytes)."
    return FunctionError(
        error_type="Function.ResponseSizeTooLarge", error_message=text, request_id=request_id
    )


def _runtime_error(error_type: str, request_id: str, text: str) -> FunctionError:
    message = f"RequestId: {request_id} Error: {text}"
    return FunctionError(error_type=error_type, error_message=message, request_id=request_id)


def _signal_text(number: int) -> str:
    return (signal.strsignal(number) or f"signal {number}").lower()
