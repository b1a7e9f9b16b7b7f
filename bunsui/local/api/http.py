"""A small HTTP/1.1 server over asyncio and h11. It binds loopback only."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import h11

log = logging.getLogger(__name__)

MAX_BODY = 8 * 1024 * 1024
LOOPBACK = "127.0.0.1"
_READ = 64 * 1024


@dataclass(frozen=True, slots=True)
class Request:
    """One request. Names of headers are in lower case."""

    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Response:
    """One answer."""

    status: int
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)


Handle = Callable[[Request], Awaitable[Response]]


class HttpServer:
    """Serves requests with `handle`; a client that goes away cancels its request."""

    def __init__(self, handle: Handle) -> None:
        self._handle = handle
        self._server: asyncio.Server | None = None
        self._connections: set[asyncio.Task[None]] = set()

    async def open(self, port: int) -> int:
        """Listen; gives the port. Raises OSError where it is taken."""
        self._server = await asyncio.start_server(self._accept, LOOPBACK, port, limit=_READ)
        bound: int = self._server.sockets[0].getsockname()[1]
        return bound

    async def close(self) -> None:
        """Stop listening and end all connections."""
        if self._server is not None:
            self._server.close()
        connections = list(self._connections)
        for connection in connections:
            connection.cancel()
        await asyncio.gather(*connections, return_exceptions=True)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task is not None:
            self._connections.add(task)
            task.add_done_callback(self._connections.discard)
        try:
            await _Connection(reader, writer, self._handle).serve()
        except (ConnectionError, h11.RemoteProtocolError, h11.LocalProtocolError) as error:
            log.debug("a connection ended: %s", error)
        except asyncio.CancelledError:
            log.debug("a connection was ended")
        finally:
            writer.close()


class _Connection:
    """One connection: requests one after the other."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, handle: Handle) -> None:
        self._reader = reader
        self._writer = writer
        self._handle = handle
        self._http = h11.Connection(h11.SERVER)

    async def serve(self) -> None:
        while (request := await self._request()) is not None:
            response = await self._answer(request)
            if response is None:
                return
            self._send(response)
            await self._writer.drain()
            if self._http.our_state is not h11.DONE or self._http.their_state is not h11.DONE:
                return
            self._http.start_next_cycle()

    async def _request(self) -> Request | None:
        head: h11.Request | None = None
        body = bytearray()
        while True:
            event = self._http.next_event()
            if event is h11.NEED_DATA:
                await self._feed()
            elif isinstance(event, h11.Request):
                head = event
            elif isinstance(event, h11.Data):
                body += event.data
                if len(body) > MAX_BODY:
                    raise h11.RemoteProtocolError("the body is too large")
            elif isinstance(event, h11.EndOfMessage) and head is not None:
                return _request(head, bytes(body))
            else:
                return None

    async def _feed(self) -> None:
        if self._http.they_are_waiting_for_100_continue:
            go_on = h11.InformationalResponse(status_code=100, headers=[])
            self._writer.write(self._http.send(go_on))
        self._http.receive_data(await self._reader.read(_READ))

    async def _answer(self, request: Request) -> Response | None:
        """The answer; None when the client went away first."""
        work = asyncio.ensure_future(self._handle(request))
        peek = asyncio.ensure_future(self._reader.read(_READ))
        try:
            await asyncio.wait((work, peek), return_when=asyncio.FIRST_COMPLETED)
            if peek.done():
                self._http.receive_data(peek.result())
                if not peek.result():
                    return None
            return await work
        finally:
            await _end(work)
            await _end(peek)

    def _send(self, response: Response) -> None:
        headers = {**response.headers, "Content-Length": str(len(response.body))}
        head = h11.Response(status_code=response.status, headers=list(headers.items()))
        parts = [
            self._http.send(head),
            self._http.send(h11.Data(data=response.body)),
            self._http.send(h11.EndOfMessage()),
        ]
        # One write: head and body apart would meet Nagle and delayed ACK.
        self._writer.write(b"".join(part for part in parts if part))


def _request(head: h11.Request, body: bytes) -> Request:
    headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in head.headers}
    return Request(head.method.decode("latin-1"), head.target.decode("latin-1"), headers, body)


async def _end(task: asyncio.Future[Any]) -> None:
    if not task.done():
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
