"""Tasks that an endpoint carries out: request and response, and work that is followed to its end."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

import orjson

from bunsui.core.models.base import JsonValue
from bunsui.core.models.payload import Failure
from bunsui.core.models.status import JobStatus
from bunsui.local.worker.assignment import Answer
from bunsui.local.worker.aws_services import (
    FOLLOWS,
    SERVICES,
    Operation,
    Service,
    with_capitals,
    with_small_letters,
)
from bunsui.local.worker.endpoint import Endpoint, ServiceError

POLL_SECONDS = 1.0
_INVOKE = "/2015-03-31/functions/{name}/invocations"


def carried_out(operation: Operation) -> bool:
    """Whether an endpoint can be asked for this operation."""
    if operation.service == "lambda":
        return operation.action == "Invoke" and not operation.pattern
    followed = (operation.service, operation.action) in FOLLOWS
    return operation.service in SERVICES and (operation.pattern in {"", "waitForTaskToken"} or followed)


async def call_endpoint(
    endpoint: Endpoint, operation: Operation, parameters: Mapping[str, JsonValue]
) -> Answer:
    """Carry out an operation. Raises Unavailable when the endpoint cannot be reached."""
    try:
        if operation.service == "lambda":
            return await _invoke(endpoint, parameters)
        return await _call(endpoint, operation, SERVICES[operation.service], dict(parameters))
    except ServiceError as error:
        return _refused(operation, error)


async def _call(
    endpoint: Endpoint, operation: Operation, service: Service, parameters: dict[str, JsonValue]
) -> Answer:
    if operation.service == "states" and not isinstance(parameters.get("Input", ""), str):
        parameters = {**parameters, "Input": orjson.dumps(parameters["Input"]).decode()}
    first = await _ask(endpoint, service, operation.action, parameters)
    if operation.pattern != "sync":
        return Answer(output=first, pending=operation.pattern == "waitForTaskToken")
    follow = FOLLOWS[operation.service, operation.action]
    known = {**parameters, **first}
    question = {name: known.get(member) for name, member in follow.ask.items()}
    while True:
        answer = await _ask(endpoint, service, follow.action, question)
        result = answer[follow.inside] if follow.inside else answer
        status = _at(result, follow.status)
        if status in follow.good:
            return Answer(output=_with_output(operation, result))
        if status in follow.bad:
            return _failed(result)
        await asyncio.sleep(POLL_SECONDS)


async def _ask(
    endpoint: Endpoint, service: Service, action: str, parameters: dict[str, JsonValue]
) -> dict[str, JsonValue]:
    request = with_small_letters(parameters) if service.camel else parameters
    answer = await endpoint.call(service, action, request)
    shown = with_capitals(answer) if service.camel else answer
    return shown if isinstance(shown, dict) else {}


async def _invoke(endpoint: Endpoint, parameters: Mapping[str, JsonValue]) -> Answer:
    path = _INVOKE.format(name=parameters.get("FunctionName", ""))
    body = orjson.dumps(parameters.get("Payload", {}))
    payload = await endpoint.post("lambda", path, {"content-type": "application/json"}, body)
    if isinstance(payload, dict) and "errorType" in payload:
        cause = orjson.dumps(payload).decode()
        failure = Failure(error=str(payload["errorType"]), cause=cause)
        return Answer(failure=failure, status=JobStatus.FAILED)
    return Answer(output={"ExecutedVersion": "$LATEST", "Payload": payload, "StatusCode": 200})


def _with_output(operation: Operation, result: JsonValue) -> JsonValue:
    """The output of a nested execution is shown as the value that it is."""
    if operation.service != "states" or not isinstance(result, dict):
        return result
    output = result.get("Output")
    return {**result, "Output": orjson.loads(output)} if isinstance(output, str) else result


def _at(value: JsonValue, path: tuple[str, ...]) -> JsonValue:
    for name in path:
        value = value.get(name) if isinstance(value, dict) else None
    return value


def _failed(result: JsonValue) -> Answer:
    failure = Failure(error="States.TaskFailed", cause=orjson.dumps(result).decode())
    return Answer(failure=failure, status=JobStatus.FAILED)


def _refused(operation: Operation, error: ServiceError) -> Answer:
    name = "Lambda" if operation.service == "lambda" else SERVICES[operation.service].name
    code = error.code if error.code.endswith("Exception") else f"{error.code}Exception"
    where = f"(Service: {name}, Status Code: {error.status}, Request ID: {error.request_id})"
    failure = Failure(error=f"{name}.{code}", cause=f"{error.message} {where}")
    return Answer(failure=failure, status=JobStatus.FAILED)
