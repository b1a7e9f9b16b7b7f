"""A client that a test kills: it makes calls that do not end, and says on standard output how far it is.

python -m tests.mcp.one_client '{"url" or "command": ..., "era": ..., "tool": ..., "arguments": {...}}', and
in the same document `headers`, `dialogue` (it can ask), `subscribe` (an address), `count` (so many of them).
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
import warnings
from contextlib import AsyncExitStack
from typing import Any

import httpx2
from mcp import Client, StdioServerParameters, types
from mcp.client.streamable_http import streamable_http_client

FOR_EVER = 3_600


async def asked(context: Any, params: Any) -> types.ElicitResult:
    """A dialogue that stands and is not answered."""
    print("asked", flush=True)
    await asyncio.Event().wait()
    raise AssertionError


async def progressed(progress: float, total: float | None, message: str | None) -> None:
    print("goes on", flush=True)


async def connected(stack: AsyncExitStack, given: dict[str, Any]) -> Client:
    """A client over stdio or HTTP."""
    if given.get("command"):
        first, *rest = given["command"]
        to: Any = StdioServerParameters(command=first, args=rest, env=dict(os.environ))
    else:
        limits = httpx2.Limits(max_connections=None)
        http = httpx2.AsyncClient(headers=given.get("headers"), timeout=FOR_EVER, verify=False, limits=limits)
        to = streamable_http_client(given["url"], http_client=await stack.enter_async_context(http))
    dialogue = asked if given.get("dialogue") else None
    return await stack.enter_async_context(
        Client(to, mode=given["era"], elicitation_callback=dialogue, read_timeout_seconds=FOR_EVER)
    )


async def one(given: dict[str, Any]) -> None:
    """One client and its call."""
    async with AsyncExitStack() as stack:
        client = await connected(stack, given)
        if uri := given.get("subscribe"):
            if given["era"] == "legacy":
                await client.subscribe_resource(uri)
            else:
                await stack.enter_async_context(client.listen(resource_subscriptions=[uri]))
            print("subscribed", flush=True)
        if not given.get("tool"):
            await asyncio.Event().wait()
        result = await client.call_tool(
            given["tool"], given["arguments"], progress_callback=progressed, read_timeout_seconds=FOR_EVER
        )
        print(result.model_dump_json(), flush=True)


async def main(given: dict[str, Any]) -> None:
    """So many clients at once."""
    await asyncio.gather(*(one(given) for _ in range(given.get("count", 1))))


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    asyncio.run(main(json.loads(sys.argv[1])))
