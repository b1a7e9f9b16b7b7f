"""The Lambda Runtime API of one runner, on a loopback port of its own.

It speaks what AWS's runtime clients speak: GET next, POST response, POST error, POST init/error. Every answer
leaves in a single write; split into head and body, a warm call takes eighty times as long (Nagle against
delayed ACK).
"""

from __future__ import annotations

import asyncio
import json
import re
import socket
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import cast
from urllib.parse import unquote

import httptools

from bunsui.local.runners.outcomes import MAX_RESPONSE_BYTES

# AWS's client sends traces of up to 1 MiB in a header.
MAX_HEAD_BYTES = 2 * 1024 * 1024
ROUTE = re.compile(r"/2018-06-01/runtime/(?:invocation/)?(?P<call>.*)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a runner posted for a call. `body` is None where it was over the limit."""

    status: str
    body: bytes | None
    report: bytes = b""


class RuntimeApi:
    """The server side of one runner: hands over one call at a time and takes its answer."""

    def __init__(self, token: str = "") -> None:
        self._token = token.encode()
        self._server: asyncio.Server | None = None
        self._connections: set[_Connection] = set()
        self._next: asyncio.Future[_Connection] = asyncio.get_running_loop().create_future()
        self._call_id = ""
        self.answer: asyncio.Future[Answer | None] = asyncio.get_running_loop().create_future()
        self.init_error: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()

    async def start(self) -> str:
        """Listen on a free port; return `host:port`."""
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(lambda: _Connection(self), "127.0.0.1", 0)
        host, port = self._server.sockets[0].getsockname()
        return f"{host}:{port}"

    async def join(self, connected: socket.socket) -> None:
        """Serve a runtime that was given the other end of a socket."""
        await asyncio.get_running_loop().connect_accepted_socket(lambda: _Connection(self), connected)

    @property
    def waiting(self) -> asyncio.Future[_Connection]:
        """Done while the runner asks for its next call."""
        return self._next

    def hand_over(
        self, call_id: str, headers: Mapping[str, str], payload: bytes
    ) -> asyncio.Future[Answer | None]:
        """Give the waiting runner a call. Raises ConnectionError.

        The future gets its answer, or None once `hang_up` has told that there will be none.
        """
        if not self._next.done() or not self._next.result().connected:
            raise ConnectionError("the runner does not wait for a call")
        connection = self._next.result()
        loop = asyncio.get_running_loop()
        self._next, self.answer, self._call_id = loop.create_future(), loop.create_future(), call_id
        request_id = {"Lambda-Runtime-Aws-Request-Id": call_id}
        connection.reply(200, payload, {**request_id, **headers})
        return self.answer

    def hang_up(self) -> None:
        """The runner has ended: whoever waits for an answer gets none."""
        if not self.answer.done():
            self.answer.set_result(None)

    def close(self) -> None:
        """Stop listening and drop the connections: a runner that waits for a call exits."""
        if self._server is not None:
            self._server.close()
        for connection in list(self._connections):
            connection.abort()

    def opened(self, connection: _Connection) -> None:
        """Remember a connection until it closes."""
        self._connections.add(connection)

    def closed(self, connection: _Connection) -> None:
        """Forget a connection."""
        self._connections.discard(connection)
        if self._next.done() and self._next.result() is connection:
            self._next = asyncio.get_running_loop().create_future()

    def dispatch(self, connection: _Connection, request: _Request) -> None:
        """Answer one request."""
        if self._token and request.token != self._token:
            connection.refuse(403, "InvalidToken", "this runner's token is missing or wrong")
            return
        route = ROUTE.fullmatch(request.target)
        match (request.method, route and unquote(route["call"])):
            case ("GET", "next"):
                self._wait(connection)
            case ("POST", "init/error"):
                _settle(self.init_error, request.body)
                connection.accept()
            case ("POST", str(call)) if call.endswith(("/response", "/error")):
                self._take(connection, call, request)
            case _:
                connection.refuse(
                    404, "InvalidRoute", f"no such operation: {request.method} {request.target}"
                )

    def _wait(self, connection: _Connection) -> None:
        if self._next.done():
            self._next = asyncio.get_running_loop().create_future()
        self._next.set_result(connection)

    def _take(self, connection: _Connection, call: str, request: _Request) -> None:
        call_id, _, kind = call.rpartition("/")
        if call_id != self._call_id or self.answer.done():
            connection.refuse(400, "InvalidRequestID", f"{call_id} is not the call of this runner")
            return
        status = "returned" if kind == "response" else "failed"
        if request.too_large:
            connection.refuse(413, "RequestEntityTooLarge", "the answer is over the limit")
            self.answer.set_result(Answer(status=status, body=None))
            return
        connection.accept()
        self.answer.set_result(Answer(status=status, body=bytes(request.body), report=request.report))


class _Request:
    """One request while it is read."""

    def __init__(self) -> None:
        self.method = ""
        self.target = ""
        self.token = b""
        self.report = b""
        self.body = bytearray()
        self.too_large = False
        self.keep_alive = True

    def add(self, data: bytes) -> None:
        """Append to the body; beyond the limit only count it as too large."""
        if len(self.body) + len(data) > MAX_RESPONSE_BYTES:
            self.too_large = True
        else:
            self.body += data


class _Connection(asyncio.Protocol):
    """HTTP/1.1 on one socket. The methods that begin with `on_` are called by the parser."""

    def __init__(self, api: RuntimeApi) -> None:
        self._api = api
        self._parser = httptools.HttpRequestParser(self)
        self._head = 0
        self._reading = _Request()
        self._requests: deque[_Request] = deque()
        self._held = b""
        self._transport: asyncio.Transport | None = None

    @property
    def connected(self) -> bool:
        return self._transport is not None and not self._transport.is_closing()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # asyncio itself sets TCP_NODELAY on every TCP socket.
        self._transport = cast("asyncio.Transport", transport)
        self._api.opened(self)

    def connection_lost(self, exc: Exception | None) -> None:
        self._transport = None
        self._api.closed(self)

    def data_received(self, data: bytes) -> None:
        try:
            self._parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade):
            self.abort()
        if self._held and not self._requests:
            self._send(b"")

    def eof_received(self) -> None:
        self.abort()

    def on_message_begin(self) -> None:
        self._reading, self._head = _Request(), 0

    def on_url(self, url: bytes) -> None:
        self._reading.target += url.decode("latin-1")
        self._count(len(url))

    def on_header(self, name: bytes, value: bytes) -> None:
        self._count(len(name) + len(value))
        match name.lower():
            case b"bunsui-token":
                self._reading.token = value
            case b"bunsui-report":
                self._reading.report = value

    def on_body(self, body: bytes) -> None:
        self._reading.add(body)

    def on_message_complete(self) -> None:
        request = self._reading
        request.method = self._parser.get_method().decode("ascii")
        request.keep_alive = self._parser.should_keep_alive()
        self._requests.append(request)
        if len(self._requests) == 1:
            self._api.dispatch(self, request)

    def reply(self, status: int, body: bytes, headers: Mapping[str, str]) -> None:
        """Answer the oldest request, in one write."""
        if self._transport is None:
            return
        self._send(_response(status, body, headers))
        self._answered()

    def accept(self) -> None:
        """Answer 202, as the service does to what a runtime posts.

        A runtime that has asked for its next call with the same words waits for that: both travel together.
        """
        self._held += _response(202, b'{"status":"OK"}', {})
        self._answered()

    def refuse(self, status: int, kind: str, message: str) -> None:
        """Answer with an error document."""
        self.reply(status, json.dumps({"errorType": kind, "errorMessage": message}).encode(), {})

    def _send(self, data: bytes) -> None:
        held, self._held = self._held, b""
        if self._transport is not None:
            self._transport.write(held + data)

    def _answered(self) -> None:
        answered = self._requests.popleft()
        if not answered.keep_alive and self._transport is not None:
            self._send(b"")
            self._transport.close()
        elif self._requests:
            self._api.dispatch(self, self._requests[0])

    def abort(self) -> None:
        """Drop the connection."""
        if self._transport is not None:
            self._transport.abort()

    def _count(self, size: int) -> None:
        self._head += size
        if self._head > MAX_HEAD_BYTES:
            self.abort()


def _response(status: int, body: bytes, headers: Mapping[str, str]) -> bytes:
    lines = {"Content-Type": "application/json", **headers, "Content-Length": str(len(body))}
    head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
    return f"HTTP/1.1 {status} {HTTPStatus(status).phrase}\r\n{head}\r\n".encode("latin-1") + body


def _settle(future: asyncio.Future[bytes], value: bytes | bytearray) -> None:
    if not future.done():
        future.set_result(bytes(value))
