"""Mocks as users write them: functions, recorded answers, sequences of answers."""

from __future__ import annotations

import inspect
import json
from collections import Counter
from collections.abc import Callable, Mapping
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import orjson

from bunsui.asl import StartTask
from bunsui.core.models.base import JsonValue
from bunsui.core.simulation import Reply, load_mocks, names_of
from bunsui.core.simulation.mocks import function_of, invoked, is_invoke
from bunsui.errors import NotFound

Mock = Callable[..., Any] | Reply | JsonValue
"""A function, a reply made with `returns`, `throws`, `never` or `in_turn`, or the recorded result itself."""

_POSITIONAL = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)


class TaskError(Exception):
    """Raised in a mock to fail the task with this error name and cause."""

    def __init__(self, error: str, cause: str | None = None) -> None:
        super().__init__(f"{error}: {cause}" if cause else error)
        self.error = error
        self.cause = cause


@dataclass(frozen=True, slots=True)
class InTurn:
    """Mocks that are used one call after the other; the last one stays."""

    mocks: tuple[Mock, ...]


@dataclass(frozen=True, slots=True)
class LambdaContext:
    """What a handler gets as its context."""

    function_name: str
    aws_request_id: str
    memory_limit_in_mb: int = 128

    @property
    def invoked_function_arn(self) -> str:
        """The ARN of the function."""
        return f"arn:aws:lambda:us-east-1:123456789012:function:{self.function_name}"

    def get_remaining_time_in_millis(self) -> int:
        """The longest that a function may run."""
        return 900_000


def returns(output: JsonValue, *, after: float = 0.0) -> Reply:
    """The task succeeds with `output`, `after` seconds of virtual time."""
    return Reply.returned(output, after)


def throws(error: str, cause: str | None = None, *, after: float = 0.0) -> Reply:
    """The task fails, `after` seconds of virtual time."""
    return Reply.thrown(error, cause, after)


def never() -> Reply:
    """Nobody answers the task: it times out if the state says so, else the run is stuck: an error."""
    return Reply.silent()


def in_turn(*mocks: Mock) -> Any:
    """Use the first mock for the first call of a state, the second for the second; the last one stays."""
    if not mocks:
        raise ValueError("in_turn needs at least one mock")
    return InTurn(mocks)


class Answerer:
    """Answers the tasks of one execution.

    `mocks` maps names of states, Lambda functions or resources to mocks. Under the name of a function a mock
    is the handler (payload in, payload out); elsewhere it gets the parameters and gives what the state gets.
    """

    def __init__(self, mocks: Mapping[str, Any]) -> None:
        self._mocks = mocks
        self._calls: Counter[tuple[str, str]] = Counter()

    def __call__(self, task: StartTask) -> Reply:
        """The reply to a call. Raises NotFound, and AssertionError that a mock raises."""
        key = next((name for name in names_of(task) if name in self._mocks), None)
        if key is None:
            raise _missing(task, self._mocks)
        number = self._calls[key, task.state]
        self._calls[key, task.state] += 1
        mock = self._mocks[key]
        if isinstance(mock, InTurn):
            mock = mock.mocks[min(number, len(mock.mocks) - 1)]
        if key == function_of(task):
            return self._as_function(mock, task, key)
        return _reply(mock, (task.parameters,))

    @staticmethod
    def _as_function(mock: Any, task: StartTask, name: str) -> Reply:
        direct = not is_invoke(task)
        payload = task.parameters if direct else task.parameters.get("Payload", {})
        reply = _reply(mock, (payload, LambdaContext(name, f"{task.execution_arn}/{task.task_id}")))
        return reply if direct else invoked(reply)


def read_mocks(
    given: Mapping[str, Any] | Path | str, machine: str | None, case: str | None
) -> Mapping[str, Any]:
    """Mocks as given, or from a file in bunsui's or in AWS's format. Raises ConfigError."""
    if isinstance(given, Mapping):
        return given
    known = load_mocks(Path(given), machine=machine, case=case)
    return {name: InTurn(tuple(replies)) for name, replies in known.replies.items()}


def _reply(mock: Any, arguments: tuple[Any, ...]) -> Reply:
    if isinstance(mock, Reply):
        return mock
    if not callable(mock):
        return Reply.returned(plain(mock))
    try:
        # A function may change what it gets; the execution and its history must not see that.
        given = mock(*deepcopy(arguments[: _arity(mock, len(arguments))]))
    except AssertionError:
        raise
    except TaskError as error:
        return Reply.thrown(error.error, error.cause)
    except Exception as error:  # noqa: BLE001 - the user's function: its errors are the task's, as on Lambda
        return Reply.thrown(type(error).__name__, _cause(error))
    return given if isinstance(given, Reply) else Reply.returned(plain(given))


def _arity(function: Callable[..., Any], most: int) -> int:
    """How many of the arguments a function takes: handlers may leave out the context."""
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):
        return 1
    if any(one.kind is inspect.Parameter.VAR_POSITIONAL for one in parameters):
        return most
    return min(most, sum(one.kind in _POSITIONAL for one in parameters))


def plain(value: Any) -> JsonValue:
    """The value as JSON gives it back: what a service would hand on. Raises TypeError where it is none."""
    return cast("JsonValue", orjson.loads(orjson.dumps(value)))


def _cause(error: Exception) -> str:
    return json.dumps({"errorMessage": str(error), "errorType": type(error).__name__})


def _missing(task: StartTask, mocks: Mapping[str, Any]) -> NotFound:
    names = list(dict.fromkeys(names_of(task)))
    return NotFound(
        f"the state {task.state!r} calls {task.resource}, and there is no mock for it",
        next_steps=[f"add a mock under one of {', '.join(map(repr, names))}"],
        details={
            "state": task.state,
            "names": list[JsonValue](names),
            "mocks": list[JsonValue](sorted(mocks)),
        },
    )
