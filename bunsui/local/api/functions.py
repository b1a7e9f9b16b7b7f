"""Lambda functions: handlers in warm processes, or another endpoint that can be invoked."""

from __future__ import annotations

import asyncio
import http.client
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol
from urllib.parse import quote, urlsplit

import orjson

from bunsui.core.models.base import JsonValue
from bunsui.core.pipeline import compile_pipeline, load_pipeline
from bunsui.core.pipeline.document import read_data
from bunsui.errors import ConfigError
from bunsui.local.runners.outcomes import Failed, Outcome, Returned
from bunsui.local.runners.pool import LambdaPool
from bunsui.local.runners.specs import CallContext, FunctionSpec, Invocation, Started, frozen_env

DEFAULT_TIMEOUT = 60.0
MAX_TIMEOUT = 900.0


class FunctionError(Exception):
    """A function failed: the error name and the document that Lambda answers with."""

    def __init__(self, error: str, document: str) -> None:
        super().__init__(error)
        self.error = error
        self.document = document


class Functions(Protocol):
    """Where functions are called."""

    def knows(self, name: str) -> bool:
        """Whether there is a function with that name."""
        ...

    async def call(self, name: str, payload: bytes, who: str) -> bytes:
        """The JSON that a function gives. `who` names the caller. Raises FunctionError."""
        ...

    async def close(self) -> None:
        """End what runs."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Handler:
    """A function of a project: `handler` is `module:function`; memory in MiB, timeout in seconds."""

    handler: str
    project: Path
    memory: int = 128
    timeout: float = DEFAULT_TIMEOUT
    env: Mapping[str, str] = field(default_factory=dict)


class LocalFunctions:
    """Handlers, called in processes that stay warm until a Python file of the project changes."""

    def __init__(
        self, handlers: Mapping[str, Handler], pool: LambdaPool, folder: Path, python: Path | None
    ) -> None:
        self._handlers = handlers
        self._pool = pool
        self._folder = folder
        self._python = python

    def knows(self, name: str) -> bool:
        return name in self._handlers

    async def call(self, name: str, payload: bytes, who: str) -> bytes:
        handler, call_id = self._handlers[name], str(uuid.uuid4())
        invocation = Invocation(
            id=call_id,
            payload=payload,
            context=CallContext(session="local", run=name, attempt=1, job=name, idempotency_key=who),
            log_path=self._folder / "logs" / f"{name}.log",
            spool_path=self._folder / "spool" / call_id,
            timeout=handler.timeout,
        )
        invocation.log_path.parent.mkdir(parents=True, exist_ok=True)
        outcome = await self._pool.invoke(self._spec(name, handler), invocation, _started)
        invocation.spool_path.unlink(missing_ok=True)
        return _payload(outcome)

    async def close(self) -> None:
        await self._pool.close()

    def _spec(self, name: str, handler: Handler) -> FunctionSpec:
        return FunctionSpec(
            name=name,
            project=handler.project,
            handler=handler.handler,
            memory_mb=handler.memory,
            env=frozen_env(handler.env),
            code_hash=_stamp(handler.project),
            python=self._python,
        )


class RemoteFunctions:
    """Functions behind another endpoint that speaks Lambda's Invoke, called without a signature."""

    def __init__(self, endpoint: str) -> None:
        parts = urlsplit(endpoint)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ConfigError(f"{endpoint} is no HTTP endpoint")
        self._secure = parts.scheme == "https"
        self._place = parts.netloc

    def knows(self, name: str) -> bool:
        return True

    async def call(self, name: str, payload: bytes, who: str) -> bytes:
        return await asyncio.to_thread(self._post, name, payload)

    async def close(self) -> None:
        """Nothing is kept open."""

    def _post(self, name: str, payload: bytes) -> bytes:
        kind = http.client.HTTPSConnection if self._secure else http.client.HTTPConnection
        connection = kind(self._place, timeout=MAX_TIMEOUT)
        try:
            path = f"/2015-03-31/functions/{quote(name, safe='')}/invocations"
            connection.request("POST", path, payload, {"Content-Type": "application/json"})
            answer = connection.getresponse()
            body = answer.read()
        except (OSError, http.client.HTTPException) as error:
            raise FunctionError(
                "Lambda.Unknown", _document("Lambda.Unknown", f"{self._place}: {error}")
            ) from error
        finally:
            connection.close()
        if answer.status >= 300 or answer.headers.get("X-Amz-Function-Error"):
            raise FunctionError(_error_type(body), body.decode(errors="replace"))
        return body


def read_handlers(path: Path) -> dict[str, Handler]:
    """A file of functions: a name, and `module:function` or a mapping of handler, memory, timeout, env.

    Handlers are found from the folder of the file. Raises ConfigError.
    """
    found = read_data(path, "The file of functions")
    if not isinstance(found, dict):
        raise ConfigError(f"The file of functions {path} must map names to handlers")
    return {name: _handler(path, name, given) for name, given in found.items()}


def project_handlers(folder: Path) -> dict[str, Handler]:
    """The functions of the pipeline in a folder. Raises NotFound, DefinitionInvalid."""
    compiled = compile_pipeline(load_pipeline(folder).pipeline)
    return {
        name: Handler(
            handler=function.handler,
            project=folder.absolute(),
            memory=function.memory,
            timeout=function.timeout,
            env=function.env,
        )
        for name, function in compiled.functions.items()
    }


def _handler(path: Path, name: str, given: JsonValue) -> Handler:
    fields = {"handler": given} if isinstance(given, str) else given
    project = path.absolute().parent
    match fields:
        case {"handler": str(handler), **rest} if not rest.keys() - {"memory", "timeout", "env"}:
            return Handler(
                handler=handler,
                project=project,
                memory=int(_above_0(path, f"{name}.memory", rest.get("memory", 128))),
                timeout=min(
                    MAX_TIMEOUT, _above_0(path, f"{name}.timeout", rest.get("timeout", DEFAULT_TIMEOUT))
                ),
                env=_env(path, f"{name}.env", rest.get("env") or {}),
            )
        case _:
            raise ConfigError(f"{path}: {name} needs a handler, and may have memory, timeout and env")


def _above_0(path: Path, place: str, given: object) -> float:
    if isinstance(given, int | float) and not isinstance(given, bool) and given > 0:
        return given
    raise ConfigError(f"{path}: {place} must be a number above 0, not {given!r:.60}")


def _env(path: Path, place: str, given: object) -> dict[str, str]:
    """Variables as they are written: what is no text there would be another text here."""
    if not isinstance(given, dict):
        raise ConfigError(f"{path}: {place} must map names to texts")
    for name, value in given.items():
        if isinstance(value, bool | float | list | dict) or value is None:
            raise ConfigError(f"{path}: {place}.{name} must be text", next_steps=["quote it"])
    return {name: str(value) for name, value in given.items()}


async def _started(started: Started) -> None:
    """Nothing is recorded: after a restart an open call is made again."""


def _payload(outcome: Outcome) -> bytes:
    if isinstance(outcome, Returned):
        return outcome.payload
    if isinstance(outcome, Failed):
        raise FunctionError(outcome.error.error_type, outcome.error.to_json())
    raise FunctionError(
        "Lambda.Unknown", _document("Lambda.Unknown", "The process of the function was ended")
    )


def _document(error: str, message: str) -> str:
    return orjson.dumps({"errorType": error, "errorMessage": message}).decode()


def _error_type(body: bytes) -> str:
    try:
        found = orjson.loads(body)
    except orjson.JSONDecodeError:
        return "Lambda.Unknown"
    return str(found.get("errorType", "Lambda.Unknown")) if isinstance(found, dict) else "Lambda.Unknown"


def _stamp(project: Path) -> str:
    """When a Python file of the project last changed."""
    files = (
        path for path in project.rglob("*.py") if not any(part.startswith(".") for part in path.parts[-4:])
    )
    return str(max((path.stat().st_mtime_ns for path in files), default=0))
