"""The types of the fields of requests, checked before an operation sees them.

A shape is a type, a list of one shape, or an object of shapes whose fields may be left out unless their name
ends with `!`. https://docs.aws.amazon.com/step-functions/latest/apireference/
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bunsui.local.api.errors import ApiError, missing

Shape = Any

_TEXTS = """
activityArn cause context definition description error executionArn input inspectionLevel mapRunArn name
nextToken output redriveFilter resourceArn revisionId roleArn severity stateMachineAliasArn stateMachineArn
stateMachineVersionArn stateName statusFilter taskToken traceHeader type variables versionDescription
workerName
""".split()
_SHAPES: dict[str, Shape] = {
    **dict.fromkeys(_TEXTS, str),
    **dict.fromkeys(("publish", "reverseOrder", "includeExecutionData", "revealSecrets"), bool),
    **dict.fromkeys(("maxResults", "maxConcurrency", "toleratedFailureCount"), int),
    "toleratedFailurePercentage": float,
    "tags": [{"key!": str, "value": str}],
    "tagKeys": [str],
    "routingConfiguration": [{"stateMachineVersionArn!": str, "weight!": int}],
    "loggingConfiguration": {},
    "tracingConfiguration": {},
    "encryptionConfiguration": {},
    "mock": {"result": str, "errorOutput": {"error": str, "cause": str}, "fieldValidationMode": str},
    "stateConfiguration": {
        "retrierRetryCount": int,
        "mapIterationFailureCount": int,
        "errorCausedByState": str,
        "mapItemReaderData": str,
    },
}
_NAMES = {str: "a string", int: "an integer", bool: "a boolean", float: "a number"}


def check(body: Mapping[str, Any]) -> None:
    """Check the fields of a request. Raises ApiError."""
    for name, value in body.items():
        if name in _SHAPES and value is not None:
            _check(value, _SHAPES[name], name)


def _check(value: Any, shape: Shape, name: str) -> None:
    if isinstance(shape, list):
        for at, item in enumerate(_typed(value, list, name, "a list")):
            _check(item, shape[0], f"{name}.{at + 1}.member")
    elif isinstance(shape, dict):
        _check_object(_typed(value, dict, name, "an object"), shape, name)
    elif type(value) is not shape and not (shape is float and type(value) is int):
        # Exactly: a boolean is an integer in Python.
        raise _wrong(name, _NAMES[shape])


def _check_object(value: Mapping[str, Any], shape: Mapping[str, Shape], name: str) -> None:
    for field, inner in shape.items():
        given = value.get(field.removesuffix("!"))
        if given is not None:
            _check(given, inner, f"{name}.{field.removesuffix('!')}")
        elif field.endswith("!"):
            raise missing(f"{name}.{field.removesuffix('!')}")


def _typed(value: Any, kind: type, name: str, words: str) -> Any:
    if not isinstance(value, kind):
        raise _wrong(name, words)
    return value


def _wrong(name: str, words: str) -> ApiError:
    return ApiError("SerializationException", f"{name} must be {words}")
