"""The server over Streamable HTTP: loopback and a bearer token by default, Host and Origin checked."""

from __future__ import annotations

import hmac
import logging
import sys
from typing import Any, Literal

import uvicorn
from mcp.server.lowlevel import Server
from mcp.server.streamable_http import EventStore
from mcp.server.transport_security import TransportSecuritySettings
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from bunsui.errors import PermissionDenied
from bunsui.tools.runtime import Runtime
from bunsui_mcp.address import BACKLOG, Address, listener
from bunsui_mcp.exchanges import Exchange, Exchanges
from bunsui_mcp.options import Options
from bunsui_mcp.serving import server_of

PATH = "/mcp"
PARSER: Literal["h11"] = "h11"
"""What reads requests: uvicorn's other one takes header lines that the protocol wants refused."""
KEEP_ALIVE_SECONDS = 75
"""Longer than clients keep an idle connection, so that none is closed under a request."""
IDLE_SECONDS = 1_800.0
"""A session of the handshake era without a request or an open stream ends after this long."""
LAST_SECONDS = 3
"""At the end, how long answers that are under way may take. Changes are waited for."""
LOCAL = ("127.0.0.1", "localhost", "[::1]")


class BearerToken:
    """Lets only requests with the token in: 401 for all others."""

    def __init__(self, app: ASGIApp, token: str) -> None:
        self._app = app
        self._expected = f"Bearer {token}".encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or self._authorized(scope):
            await self._app(scope, receive, send)
            return
        refusal = JSONResponse(
            {"error": "this server wants the bearer token that it printed when it started"},
            status_code=401,
            headers={"WWW-Authenticate": 'Bearer realm="bunsui"'},
        )
        await refusal(scope, receive, send)

    def _authorized(self, scope: Scope) -> bool:
        given = [value for name, value in scope["headers"] if name == b"authorization"]
        return len(given) == 1 and hmac.compare_digest(given[0], self._expected)


def application(
    server: Server[Any],
    at: Address,
    token: str | None,
    *,
    exchanges: set[Exchange] | None = None,
    idle: float = IDLE_SECONDS,
    events: EventStore | None = None,
    retry_ms: int | None = None,
) -> Starlette:
    """The ASGI application of a server.

    A call ends with the exchange that carries it; those that are open stand in `exchanges`. With `events` a
    client may come back to a broken stream, and calls go on without it.
    Raises PermissionDenied for an open port without a token.
    """
    if token is None and not at.loopback:
        raise PermissionDenied(
            f"{at.shown} can be reached from elsewhere: a server without a token listens on loopback only",
            next_steps=["leave out --no-token", "or listen on 127.0.0.1"],
        )
    app = server.streamable_http_app(
        streamable_http_path=PATH,
        transport_security=_security(at),
        host=at.host,
        session_idle_timeout=idle,
        event_store=events,
        retry_interval=retry_ms,
    )
    if token is not None:
        app.user_middleware.append(Middleware(BearerToken, token=token))
    if events is None:
        app.user_middleware.append(Middleware(Exchanges, open_now=set() if exchanges is None else exchanges))
    return app


def _security(at: Address) -> TransportSecuritySettings:
    """Names under which the server may be called, so that no web page can reach it through a browser."""
    names = {*LOCAL, at.shown} if at.loopback else {at.shown}
    hosts = [f"{name}:*" for name in sorted(names)] + sorted(names)
    origins = [f"http://{name}" for name in hosts]
    return TransportSecuritySettings(allowed_hosts=hosts, allowed_origins=origins)


async def serve_http(
    runtime: Runtime, options: Options, at: Address, token: str | None, *, show: bool = True
) -> None:
    """Serve until interrupted; says on standard error where, and with `show` the token too.

    Raises as `application` and `listener`.
    """
    exchanges: set[Exchange] = set()
    app = application(server_of(runtime, options), at, token, exchanges=exchanges)
    config = uvicorn.Config(
        app,
        log_level=logging.WARNING,
        access_log=False,
        lifespan="on",
        http=PARSER,
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=LAST_SECONDS,
        backlog=BACKLOG,
    )
    with listener(at) as sock:
        await _Listening(config, at, token if show else None, exchanges).serve(sockets=[sock])


class _Listening(uvicorn.Server):
    """Says where it listens as soon as it does; at its end it ends the calls that wait."""

    def __init__(
        self, config: uvicorn.Config, at: Address, secret: str | None, exchanges: set[Exchange]
    ) -> None:
        super().__init__(config)
        self._at = at
        self._secret = secret
        self._exchanges = exchanges

    async def startup(self, sockets: Any = None) -> None:
        await super().startup(sockets)
        port = self.servers[0].sockets[0].getsockname()[1]
        sys.stderr.write(f"listening on http://{self._at.shown}:{port}{PATH}\n")
        if self._secret is not None:
            sys.stderr.write(f"token: {self._secret}\n")
        sys.stderr.flush()

    async def shutdown(self, sockets: Any = None) -> None:
        for exchange in tuple(self._exchanges):
            exchange.end()
        await super().shutdown(sockets)
