"""Subscriptions to resources: who is told, and one task that looks while anybody is."""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

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


@dataclass(frozen=True, slots=True)
class _Subscriber:
    """A connection, by the one object that all its requests share."""

    session: ServerSession
    connection: object


class Watching:
    """Watches the resources that are subscribed to, in both eras, and tells when one changed."""

    def __init__(self, resources: Resources, bus: SubscriptionBus) -> None:
        self._resources = resources
        self._bus = bus
        self._streams = ListenHandler(bus)
        self._subscribers: dict[tuple[str, int], _Subscriber] = {}
        self._listened: Counter[str] = Counter()
        self._states: dict[str, str] = {}
        self._task: asyncio.Task[None] | None = None

    async def subscribe(self, ctx: Context, params: types.SubscribeRequestParams) -> types.EmptyResult:
        """Handshake era: tell this connection from now on."""
        uri = str(params.uri)
        await self._begin([uri])
        connection = ctx.session.client_params
        self._subscribers[uri, id(connection)] = _Subscriber(ctx.session, connection)
        while len(self._subscribers) > MOST:
            self._subscribers.pop(next(iter(self._subscribers)))
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
            return await self._streams(ctx, params)
        finally:
            self._listened.subtract(uris)

    def _wanted(self) -> set[str]:
        return {uri for uri, _ in self._subscribers} | set(+self._listened)

    async def _begin(self, uris: Sequence[str]) -> None:
        for uri in uris:
            try:
                self._states[uri] = await self._resources.state(uri)
            except BunsuiError as error:
                raise MCPError(types.INVALID_PARAMS, error.message, error.to_json()) from None
        if uris and (self._task is None or self._task.done()):
            self._task = asyncio.create_task(self._look())

    async def _look(self) -> None:
        """Look while anybody wants to know; a first round passes before anybody counts as gone."""
        wanted = set(self._states)
        while wanted:
            await self._resources.changed(LOOK_SECONDS)
            wanted = self._wanted()
            for uri in sorted(wanted):
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
        for key, subscriber in [one for one in self._subscribers.items() if one[0][0] == uri]:
            try:
                await subscriber.session.send_resource_updated(uri)
            except (MCPError, anyio.ClosedResourceError, anyio.BrokenResourceError):
                self._subscribers.pop(key, None)
