"""From an HTTP request to an operation and back: who may call, and how errors are told."""

from __future__ import annotations

import hmac
import logging
import re
import uuid
from collections.abc import Mapping
from typing import Any

import orjson

from bunsui.errors import BunsuiError
from bunsui.local.api.arns import Place
from bunsui.local.api.call import Call, Operation
from bunsui.local.api.errors import ApiError
from bunsui.local.api.http import Request, Response
from bunsui.local.api.invoke import InvokeApi
from bunsui.local.api.shapes import check

log = logging.getLogger(__name__)

DEFAULT_PLACE = Place("123456789012", "us-east-1")
_TARGET = "AWSStepFunctions."
_CREDENTIAL = re.compile(r"Credential=([^/,\s]+)/\d{8}/([a-z0-9-]+)/")
_HOSTS = re.compile(r"(?:[a-z]+-)?(?:127\.0\.0\.1|localhost)(?::\d+)?", re.IGNORECASE)


class ApiServer:
    """Answers requests. `token` None lets everybody on this machine in."""

    def __init__(self, operations: Mapping[str, Operation], invoke: InvokeApi, token: str | None) -> None:
        self._operations = operations
        self._invoke = invoke
        self._token = token

    async def handle(self, request: Request) -> Response:
        """The answer to one request; never raises."""
        try:
            self._admit(request)
            invoked = await self._invoke.handle(request)
            return invoked if invoked is not None else await self._operate(request)
        except ApiError as error:
            return _failed(error)
        except BunsuiError as error:
            log.exception("an operation failed")
            return _failed(ApiError("InternalFailure", error.message, 500))
        except Exception as error:
            # The outermost edge: one request fails, the server goes on.
            log.exception("an operation failed")
            return _failed(ApiError("InternalFailure", f"{type(error).__name__}: {error}", 500))

    async def _operate(self, request: Request) -> Response:
        target = request.headers.get("x-amz-target", "")
        name = target.removeprefix(_TARGET)
        operation = self._operations.get(name) if target.startswith(_TARGET) else None
        if request.method != "POST" or operation is None:
            what = f"{name} is not provided here" if name else "No operation is named"
            raise ApiError("UnknownOperationException", what, 404 if not name else 400)
        answer = await operation(Call(name, place_of(request), _body(request)))
        return _response(200, answer, {})

    def _admit(self, request: Request) -> None:
        """Pages in a browser, and whoever lacks the token, stay outside."""
        if "origin" in request.headers or not _HOSTS.fullmatch(request.headers.get("host", "")):
            raise ApiError("AccessDeniedException", "Only programs on this machine may call", 403)
        if self._token is None:
            return
        given = request.headers.get("x-amz-security-token") or _bearer(request)
        if not hmac.compare_digest(given.encode(), self._token.encode()):
            raise ApiError(
                "UnrecognizedClientException",
                "The security token included in the request is invalid: it is AWS_SESSION_TOKEN",
                403,
            )


def place_of(request: Request) -> Place:
    """Account and region from the signature: a 12-digit access key is the account. It is not verified."""
    match = _CREDENTIAL.search(request.headers.get("authorization", ""))
    if match is None:
        return DEFAULT_PLACE
    key, region = match.groups()
    is_account = len(key) == 12 and key.isdecimal()
    return Place(key if is_account else DEFAULT_PLACE.account, region)


def _bearer(request: Request) -> str:
    return request.headers.get("authorization", "").removeprefix("Bearer ")


def _body(request: Request) -> dict[str, Any]:
    try:
        body = orjson.loads(request.body or b"{}")
    except orjson.JSONDecodeError as error:
        raise ApiError("SerializationException", str(error)) from None
    if not isinstance(body, dict):
        raise ApiError("SerializationException", "The body must be a JSON object")
    check(body)
    return body


def _failed(error: ApiError) -> Response:
    reason = {"reason": error.reason} if error.reason else {}
    body = {"__type": error.code, "message": error.message, **reason}
    return _response(error.status, body, {"x-amzn-ErrorType": error.code})


def _response(status: int, body: Mapping[str, Any], headers: Mapping[str, str]) -> Response:
    fixed = {"Content-Type": "application/x-amz-json-1.0", "x-amzn-RequestId": str(uuid.uuid4())}
    return Response(status, orjson.dumps(body), {**fixed, **headers})
