"""A server with the suite's fixtures, made by our application and opened by our HTTP door."""

from __future__ import annotations

import asyncio
import contextlib
import warnings
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import uvicorn
from mcp import types
from mcp.server.streamable_http import EventCallback, EventMessage, EventStore
from mcp.server.subscriptions import InMemorySubscriptionBus
from mcp.shared.exceptions import MCPDeprecationWarning

from bunsui_mcp.address import Address
from bunsui_mcp.application import create
from bunsui_mcp.http import PARSER, application
from bunsui_mcp.sources import Context, Sources
from tests.mcp.conformance.fixtures import (
    FixtureCompletions,
    FixturePrompts,
    FixtureResources,
    FixtureTools,
)


class MemoryEvents(EventStore):
    """Events of streams that a client may come back to."""

    def __init__(self) -> None:
        self._events: list[tuple[str, Any]] = []

    async def store_event(self, stream_id: str, message: Any) -> str:
        self._events.append((stream_id, message))
        return str(len(self._events))

    async def replay_events_after(self, last_event_id: str, send_callback: EventCallback) -> str | None:
        place = int(last_event_id)
        if not 0 < place <= len(self._events):
            return None
        stream = self._events[place - 1][0]
        for number, (one, message) in enumerate(self._events[place:], start=place + 1):
            if one == stream and message is not None:
                await send_callback(EventMessage(message, str(number)))
        return stream


async def _set_level(_ctx: Context, _params: types.SetLevelRequestParams) -> types.EmptyResult:
    return types.EmptyResult()


@asynccontextmanager
async def serving_fixtures() -> AsyncIterator[str]:
    """The URL of the running server."""
    warnings.simplefilter("ignore", MCPDeprecationWarning)
    bus = InMemorySubscriptionBus()
    sources = Sources(
        tools=FixtureTools(bus),
        resources=FixtureResources(),
        prompts=FixturePrompts(),
        completions=FixtureCompletions(),
    )
    server = create(sources, "Fixtures of the conformance suite.", name="fixtures", bus=bus)
    server.add_request_handler("logging/setLevel", types.SetLevelRequestParams, _set_level)
    app = application(server, Address("127.0.0.1", 0), None, events=MemoryEvents(), retry_ms=100)
    async with running(
        Started(uvicorn.Config(app, host="127.0.0.1", port=0, log_level="error", http=PARSER))
    ) as port:
        yield f"http://127.0.0.1:{port}/mcp"


class Started(uvicorn.Server):
    """Says when it listens."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.listens = asyncio.Event()

    async def startup(self, sockets: Any = None) -> None:
        await super().startup(sockets)
        self.listens.set()


@asynccontextmanager
async def running(listening: Started) -> AsyncIterator[int]:
    """The port of a uvicorn server that runs inside this event loop."""
    task = asyncio.ensure_future(listening.serve())
    await listening.listens.wait()
    try:
        yield int(listening.servers[0].sockets[0].getsockname()[1])
    finally:
        listening.should_exit = True
        listening.force_exit = True
        with contextlib.suppress(asyncio.CancelledError):
            await task


async def main() -> None:
    async with serving_fixtures() as url:
        print(url, flush=True)
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main())
