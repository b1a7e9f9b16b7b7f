"""Subscriptions to resources: who is told, and one task that looks while anybody is."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections import Counter
from collections.abc import Coroutine, Sequence
from dataclasses import dataclass
from typing import Any

import anyio
from mcp import types
from mcp.server.session import ServerSession
from mcp.server.subscriptions import ListenHandler, ResourceUpdated, SubscriptionBus
from mcp.shared.exceptions import MCPError

from bunsui.errors import BunsuiError
from bunsui_mcp.sources import Context, Resources

MOST = 1_000
"""Subscriptions of the handshake era that are kept; the oldest go first."""
LOOK_SECONDS = 1.0
_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """With subscribers of the handshake era, whose end nobody tells. Times in seconds.

    Each is pinged every `ping`; one that does not take a notice or answer a ping within `answer` is dropped.
    """

    ping: float = 60.0
    answer: float = 20.0


@dataclass(frozen=True, slots=True)
class _Subscriber:
    """A connection, by the one object that all its requests share."""

    session: ServerSession
    connection: object


class Watching:
    """Watches the resources that are subscribed to, in both eras, and tells when one changed."""

    def __init__(self, resources: Resources, bus: SubscriptionBus, patience: Patience) -> None:
        self._resources = resources
        self._bus = bus
        self._patience = patience
        self._streams = ListenHandler(bus)
        self._subscribers: dict[tuple[str, int], _Subscriber] = {}
        self._listened: Counter[str] = Counter()
        self._states: dict[str, str] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}

    async def subscribe(self, ctx: Context, params: types.SubscribeRequestParams) -> types.EmptyResult:
        """Handshake era: tell this connection from now on."""
        uri = str(params.uri)
        await self._begin([uri])
        connection = ctx.session.client_params
        self._subscribers[uri, id(connection)] = _Subscriber(ctx.session, connection)
        while len(self._subscribers) > MOST:
            self._subscribers.pop(next(iter(self._subscribers)))
        self._run("look", self._look)
        self._run("ping", self._ping)
        return types.EmptyResult()

    async def unsubscribe(self, ctx: Context, params: types.UnsubscribeRequestParams) -> types.EmptyResult:
        """Handshake era: no longer tell it."""
        self._subscribers.pop((str(params.uri), id(ctx.session.client_params)), None)
        return types.EmptyResult()

    async def listen(
        self, ctx: Context, params: types.SubscriptionsListenRequestParams
    ) -> types.SubscriptionsListenResult:
        """From 2026-07-28 on: the request is the stream, and lasts as long as the client wants it."""
        uris = list(params.notifications.resource_subscriptions or ())
        await self._begin(uris)
        self._listened.update(uris)
        try:
            if uris:
                self._run("look", self._look)
            return await self._streams(ctx, params)
        finally:
            self._listened.subtract(uris)

    def _wanted(self) -> set[str]:
        return {uri for uri, _ in self._subscribers} | set(+self._listened)

    async def _begin(self, uris: Sequence[str]) -> None:
        """Remember how they are now; one that is watched already may owe others a notice, and stays."""
        try:
            found = {uri: await self._resources.state(uri) for uri in uris}
        except BunsuiError as error:
            raise MCPError(types.INVALID_PARAMS, error.message, error.to_json()) from None
        watched = self._wanted()
        self._states |= {uri: state for uri, state in found.items() if uri not in watched}

    def _run(self, name: str, work: Any) -> None:
        """Keep one task of that name running; it ends by itself when nobody is left."""
        if (task := self._tasks.get(name)) is None or task.done():
            self._tasks[name] = asyncio.create_task(work(), name=f"bunsui_mcp {name}")

    async def _look(self) -> None:
        """Look while anybody wants to know."""
        while wanted := self._wanted():
            for uri in self._states.keys() - wanted:
                del self._states[uri]
            try:
                await self._resources.changed(LOOK_SECONDS)
            except BunsuiError as error:
                _LOG.warning("cannot watch: %s", error.message)
                await asyncio.sleep(LOOK_SECONDS)
            for uri in sorted(self._wanted()):
                await self._compare(uri)
        self._states.clear()

    async def _compare(self, uri: str) -> None:
        with contextlib.suppress(BunsuiError):
            state = await self._resources.state(uri)
            if self._states.get(uri) != state:
                self._states[uri] = state
                await self._bus.publish(ResourceUpdated(uri=uri))
                await self._tell(uri)

    async def _tell(self, uri: str) -> None:
        """Tell all at once, so that one who does not read holds up the others only for a moment."""
        concerned = [(key, one) for key, one in self._subscribers.items() if key[0] == uri]
        await asyncio.gather(
            *(self._reach(one, one.session.send_resource_updated(uri)) for _, one in concerned)
        )

    async def _ping(self) -> None:
        """Ask now and then whether they are still there: a connection that is gone does not say so."""
        await asyncio.sleep(self._patience.ping)
        while self._subscribers:
            connections = {id(one.connection): one for one in self._subscribers.values()}
            await asyncio.gather(*(self._reach(one, _pinged(one)) for one in connections.values()))
            await asyncio.sleep(self._patience.ping)

    async def _reach(self, subscriber: _Subscriber, message: Coroutine[Any, Any, object]) -> None:
        """Send it; whoever cannot be reached has no subscription any more."""
        try:
            async with asyncio.timeout(self._patience.answer):
                await message
        except (MCPError, TimeoutError, anyio.ClosedResourceError, anyio.BrokenResourceError):
            gone = [key for key in self._subscribers if key[1] == id(subscriber.connection)]
            for key in gone:
                self._subscribers.pop(key)


async def _pinged(subscriber: _Subscriber) -> None:
    await subscriber.session.send_request(types.PingRequest(), types.EmptyResult)
