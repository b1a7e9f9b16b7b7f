"""Lambda's Invoke, as the SDKs call it."""

from __future__ import annotations

import asyncio
import logging
import re
from urllib.parse import unquote, urlsplit

import orjson

from bunsui.core.simulation.mocks import function_name
from bunsui.local.api.functions import FunctionError, Functions
from bunsui.local.api.http import Request, Response

log = logging.getLogger(__name__)

_ROUTE = re.compile(r"/2015-03-31/functions/([^/]+)/invocations/?")


class InvokeApi:
    """Answers invocations; other paths are none of its business."""

    def __init__(self, functions: Functions | None) -> None:
        self._functions = functions
        self._background: set[asyncio.Task[None]] = set()

    async def handle(self, request: Request) -> Response | None:
        """The answer; None where this is no invocation."""
        match = _ROUTE.fullmatch(urlsplit(request.target).path)
        if match is None or request.method != "POST":
            return None
        name = function_name(unquote(match[1]))
        if self._functions is None or not self._functions.knows(name):
            return _refused(404, "ResourceNotFoundException", f"Function not found: {name}")
        try:
            orjson.loads(request.body or b"{}")
        except orjson.JSONDecodeError as error:
            return _refused(
                400, "InvalidRequestContentException", f"Could not parse request body into json: {error}"
            )
        kind = request.headers.get("x-amz-invocation-type", "RequestResponse")
        if kind == "DryRun":
            return Response(204, b"")
        if kind == "Event":
            self._spawn(self._functions, name, request.body or b"{}")
            return Response(202, b"")
        return await _invoked(self._functions, name, request.body or b"{}")

    def _spawn(self, functions: Functions, name: str, body: bytes) -> None:
        task = asyncio.create_task(_quietly(functions, name, body))
        self._background.add(task)
        task.add_done_callback(self._background.discard)


async def _invoked(functions: Functions, name: str, body: bytes) -> Response:
    headers = {"Content-Type": "application/json", "X-Amz-Executed-Version": "$LATEST"}
    try:
        return Response(200, await functions.call(name, body, f"invoke:{name}"), headers)
    except FunctionError as error:
        return Response(200, error.document.encode(), {**headers, "X-Amz-Function-Error": "Unhandled"})


async def _quietly(functions: Functions, name: str, body: bytes) -> None:
    try:
        await functions.call(name, body, f"event:{name}")
    except FunctionError as error:
        log.warning("the function %s, invoked as an event, failed: %s", name, error.error)


def _refused(status: int, code: str, message: str) -> Response:
    body = orjson.dumps({"Type": "User", "Message": message, "message": message})
    return Response(status, body, {"Content-Type": "application/json", "x-amzn-ErrorType": code})
