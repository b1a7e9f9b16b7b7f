"""What a caller hands to the runners: plain data, no bunsui models.

Times are seconds; `deadline` is in seconds since the epoch; memory is in MiB.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

INVOCATION_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:@=+-]{0,199}")

FUNCTION_NAME = re.compile(r"[!-~]{1,200}")
LOCAL_ACCOUNT = "000000000000"


@dataclass(frozen=True, slots=True, kw_only=True)
class CallContext:
    """Who is calling: what handlers see as `client_context.custom` and containers as `BUNSUI_*`.

    `idempotency_key` stays the same over tries and reruns of the same work; `checkpoints` is the folder
    for its progress.
    """

    session: str
    run: str
    attempt: int
    job: str
    idempotency_key: str
    try_number: int = 1
    item: str | None = None
    checkpoints: str | None = None

    def custom(self) -> dict[str, str | int]:
        """Return the `custom` object of the Lambda client context."""
        values: dict[str, str | int] = {
            "session": self.session,
            "run": self.run,
            "attempt": self.attempt,
            "job": self.job,
            "idempotency_key": self.idempotency_key,
            "try": self.try_number,
        }
        more = {"item": self.item, "checkpoints": self.checkpoints}
        return {**values, **{name: value for name, value in more.items() if value is not None}}

    def environment(self) -> dict[str, str]:
        """Return the same values as `BUNSUI_SESSION`, `BUNSUI_RUN`, `BUNSUI_TRY` and so on."""
        return {f"BUNSUI_{name.upper()}": str(value) for name, value in self.custom().items()}


@dataclass(frozen=True, slots=True, kw_only=True)
class FunctionSpec:
    """One Lambda function: the key of the pool. Two equal specs may share warm processes.

    `handler` is `package.module:function` or, as on AWS, `package.module.function`, found from `project`.
    `code_hash` is opaque: a process started for one hash never serves another.
    `python` overrides the project's own `.venv`. Raises ValueError where `name` cannot stand in a header.
    """

    name: str
    project: Path
    handler: str
    memory_mb: int = 128
    env: tuple[tuple[str, str], ...] = ()
    code_hash: str = ""
    python: Path | None = None

    def __post_init__(self) -> None:
        if not FUNCTION_NAME.fullmatch(self.name):
            raise ValueError(f"function name {self.name!r} does not match {FUNCTION_NAME.pattern}")

    @property
    def arn(self) -> str:
        """Return the ARN that handlers see as `invoked_function_arn`."""
        return f"arn:aws:lambda:local:{LOCAL_ACCOUNT}:function:{self.name}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Invocation:
    """One call of a function. `id` names this try alone: it is the request id and binds the spool file.

    `payload` is JSON. Raises ValueError where `id` cannot stand in a URL path, a log line and a file name.
    """

    id: str
    payload: bytes
    context: CallContext
    log_path: Path
    spool_path: Path
    timeout: float

    def __post_init__(self) -> None:
        check_id(self.id)


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskSpec:
    """One container task: a process in the project's folder.

    `cpu` (1024 = one core) is recorded, never enforced. `env` wins over every variable but `BUNSUI_*`.
    """

    name: str
    project: Path
    command: tuple[str, ...]
    memory_mb: int = 512
    cpu: int = 256
    env: tuple[tuple[str, str], ...] = ()
    python: Path | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskCall:
    """One start of a task. The task reads `input_path` and writes JSON to `output_path`.

    `input` is written to `input_path` before; None where the caller has put it there.
    `stop_timeout` is the time between SIGTERM and SIGKILL when the task is stopped or out of time.
    """

    id: str
    context: CallContext
    input_path: Path
    output_path: Path
    log_path: Path
    spool_path: Path
    timeout: float
    input: bytes | None = None
    stop_timeout: float = 5.0

    def __post_init__(self) -> None:
        check_id(self.id)


@dataclass(frozen=True, slots=True, kw_only=True)
class Started:
    """A process stands ready for a call and has not seen it yet: what to record before it does.

    `create_time` tells the process from a later one with its number; compare it, read nothing into it.
    """

    id: str
    pid: int
    create_time: float
    deadline: float


StartedCallback = Callable[[Started], Awaitable[None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class InFlight:
    """A call that an earlier worker recorded as started and whose result nobody recorded.

    A `foreign` one is known from a copy of the data directory: its process reports to the other one.
    """

    started: Started
    spool_path: Path
    log_path: Path
    memory_mb: int
    timeout: float
    foreign: bool = False


def check_id(value: str) -> None:
    """Raise ValueError unless `value` is usable as an invocation id."""
    if not INVOCATION_ID.fullmatch(value):
        raise ValueError(f"invocation id {value!r} does not match {INVOCATION_ID.pattern}")


def frozen_env(env: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    """Return an environment as the sorted, hashable pairs that the specs take."""
    return tuple(sorted(env.items()))
