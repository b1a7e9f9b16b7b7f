"""Calls over HTTP end with the exchange that carries them: nobody works for a result that nobody can get.

The SDK ends the handler with the stream only in the era of 2026-07-28; before, a handler goes on although its
client is gone. `Exchanges` stands at the door and knows when the exchange of a request ends, for whatever
reason; `EndsWithItsExchange` stands before the handlers and cancels the one that it carried.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator
from contextlib import contextmanager

import anyio
from mcp.server.context import CallNext, HandlerResult
from mcp.shared.exceptions import MCPError
from starlette.types import ASGIApp, Receive, Scope, Send

from bunsui_mcp.sources import Context

KEY = "bunsui.exchange"
"""Where the exchange stands in the ASGI scope of its request."""
_LOG = logging.getLogger(__name__)
CANCELLED = -32800
"""The code that the SDK answers a cancelled request with, on wires that want an answer."""


class Exchange:
    """One HTTP request and its response, and the calls that it carries: one, in both eras."""

    def __init__(self) -> None:
        self._ended = False
        self._calls: set[anyio.CancelScope] = set()

    @contextmanager
    def carrying(self) -> Iterator[anyio.CancelScope]:
        """Cancels what is inside when the exchange ends; at once, where it has ended already."""
        with anyio.CancelScope() as call:
            self._calls.add(call)
            if self._ended:
                call.cancel()
            try:
                yield call
            finally:
                self._calls.discard(call)

    def end(self) -> None:
        """The response is complete, or can no longer be sent."""
        self._ended = True
        for call in self._calls:
            call.cancel()


class Exchanges:
    """ASGI middleware: every request gets an exchange, which ends when the application is done with it.

    The application is done when the response was sent or the client closed the connection, whatever part of
    it noticed that.
    """

    def __init__(self, app: ASGIApp, open_now: set[Exchange]) -> None:
        self._app = app
        self._open = open_now

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        exchange = scope[KEY] = Exchange()
        self._open.add(exchange)
        try:
            await self._app(scope, receive, send)
        finally:
            self._open.discard(exchange)
            exchange.end()


class EndsWithItsExchange:
    """SDK middleware: a request that came over HTTP is cancelled when its exchange ends.

    A change goes on to its end and is recorded, as after a notice of cancellation; see `to_its_end`.
    """

    async def __call__(self, ctx: Context, call_next: CallNext) -> HandlerResult:
        exchange = _exchange(ctx)
        if exchange is None or ctx.request_id is None:
            return await call_next(ctx)
        _LOG.debug("%s %s began", ctx.method, ctx.request_id)
        with exchange.carrying():
            return await _told(ctx, call_next)
        raise MCPError(CANCELLED, "the connection that carried this call was closed")


async def _told(ctx: Context, call_next: CallNext) -> HandlerResult:
    """The call, with a line for debugging where it is cancelled, by us or by the SDK."""
    try:
        return await call_next(ctx)
    except asyncio.CancelledError:
        _LOG.debug("%s %s ended with its connection", ctx.method, ctx.request_id)
        raise


def _exchange(ctx: Context) -> Exchange | None:
    """That of the HTTP request; none over stdio, in memory, and where streams can be resumed."""
    found = None if ctx.request is None else ctx.request.scope.get(KEY)
    return found if isinstance(found, Exchange) else None
