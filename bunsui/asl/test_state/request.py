"""The arguments of TestState besides the definition, read and checked as AWS does."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bunsui.asl.errors import AslError

LEVELS = ("INFO", "DEBUG", "TRACE")
VALIDATION_MODES = ("STRICT", "PRESENT", "NONE")


class TestStateError(AslError):
    """What TestState answers instead of a result; ``code`` is AWS's, for instance ValidationException."""

    __test__ = False

    def __init__(self, message: str, code: str = "ValidationException") -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message


@dataclass(frozen=True, slots=True)
class Mock:
    """What stands in for the work of a Task, Map or Parallel state: a result, or an error with a cause."""

    result: Any = None
    error: str | None = None
    cause: str | None = None
    fails: bool = False
    validation: str = "STRICT"


@dataclass(frozen=True, slots=True)
class Configuration:
    """``stateConfiguration``: what is taken to have happened before."""

    retries: int = 0
    failed_iterations: int = 0
    caused_by: str | None = None
    reader_data: str | None = None


@dataclass(frozen=True, slots=True)
class Request:
    """A checked request. ``context`` is None where TestState makes the context object itself."""

    input: Any
    level: str
    mock: Mock | None
    context: dict[str, Any] | None
    variables: dict[str, Any]
    state_name: str | None
    role_arn: str | None
    configuration: Configuration


def parse_request(given: Mapping[str, Any]) -> Request:
    """Read a request in the API's shape (names as in the AWS SDKs, JSON values as text).

    Raises:
        TestStateError: a value, or a combination of values, that TestState does not take.
    """
    mock = _mock(given.get("mock"))
    _needs_mock(given, mock)
    return Request(
        input=_json(given.get("input", "{}"), "input"),
        level=_one_of(given.get("inspectionLevel", "INFO"), LEVELS, "inspectionLevel"),
        mock=mock,
        context=_object(given.get("context"), "context"),
        variables=_object(given.get("variables"), "variables") or {},
        state_name=given.get("stateName"),
        role_arn=given.get("roleArn"),
        configuration=_configuration(given.get("stateConfiguration") or {}),
    )


def _mock(given: Mapping[str, Any] | None) -> Mock | None:
    if given is None:
        return None
    fields = [name for name in ("result", "errorOutput") if given.get(name) is not None]
    if len(fields) > 1:
        raise TestStateError(
            "A test mock should have only one of the following fields: [result, errorOutput]."
        )
    if not fields:
        raise TestStateError("A test mock should have one of the following fields: [result, errorOutput].")
    mode = _one_of(given.get("fieldValidationMode", "STRICT"), VALIDATION_MODES, "fieldValidationMode")
    if fields == ["result"]:
        return Mock(result=_json(given["result"], "mock.result"), validation=mode)
    output = given["errorOutput"]
    return Mock(error=output.get("error"), cause=output.get("cause"), fails=True, validation=mode)


_ONLY_WITH_MOCK = {
    "mapIterationFailureCount": "MapIterationFailureCount",
    "retrierRetryCount": "RetrierRetryCount",
    "errorCausedByState": "ErrorCausedByState",
    "mapItemReaderData": "MapItemReaderData",
}


def _needs_mock(given: Mapping[str, Any], mock: Mock | None) -> None:
    if mock is not None:
        if given.get("revealSecrets"):
            raise TestStateError("TestState does not support RevealSecrets when a mock is specified.")
        return
    used = [name for key, name in _ONLY_WITH_MOCK.items() if key in (given.get("stateConfiguration") or {})]
    used += ["Context"] if given.get("context") is not None else []
    if used:
        raise TestStateError(f"TestState does not support {used[0]} when a mock is not specified.")


def _configuration(given: Mapping[str, Any]) -> Configuration:
    return Configuration(
        retries=given.get("retrierRetryCount", 0),
        failed_iterations=given.get("mapIterationFailureCount", 0),
        caused_by=given.get("errorCausedByState"),
        reader_data=given.get("mapItemReaderData"),
    )


def _one_of(value: Any, allowed: tuple[str, ...], name: str) -> str:
    if value not in allowed:
        raise TestStateError(
            f"1 validation error detected: Value '{value}' at '{name}' failed to satisfy constraint: "
            f"Member must satisfy enum value set: [{', '.join(allowed)}]"
        )
    return str(value)


def _json(text: Any, name: str) -> Any:
    try:
        return json.loads(text)
    except (TypeError, ValueError):
        code = "InvalidExecutionInput" if name == "input" else "ValidationException"
        raise TestStateError(f"Invalid JSON in '{name}': {text!r}", code) from None


def _object(text: Any, name: str) -> dict[str, Any] | None:
    if text is None:
        return None
    value = _json(text, name)
    if not isinstance(value, dict):
        raise TestStateError(f"'{name}' must be a JSON object")
    return value
