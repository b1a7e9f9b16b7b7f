"""Connections to servers: in memory, over stdio and over HTTP, in both eras."""

from __future__ import annotations

import asyncio
import os
import re
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx2
from mcp import Client, StdioServerParameters, types
from mcp.client.streamable_http import streamable_http_client

from bunsui.bootstrap import build
from bunsui.tools.runtime import Runtime
from bunsui.utils.config import load_settings
from bunsui_mcp.options import Options
from bunsui_mcp.serving import server_of

LEGACY, MODERN = "legacy", "2026-07-28"
ERAS = (LEGACY, MODERN)
ALL = Options(allow_write=True, allow_destroy=True, toolsets=("all",))


@dataclass
class Dialogue:
    """A client's dialogue that always gives the same answer; None: it never answers."""

    action: Any
    asked: list[str] = field(default_factory=list)
    shown: asyncio.Event = field(default_factory=asyncio.Event)

    async def __call__(self, _context: Any, params: Any) -> types.ElicitResult:
        self.asked.append(params.message)
        self.shown.set()
        if self.action is None:
            await asyncio.Event().wait()
        return types.ElicitResult(action=self.action, content={})


def answering(action: str | None) -> Dialogue:
    return Dialogue(action)


@asynccontextmanager
async def in_memory(
    runtime: Runtime, era: str = MODERN, dialogue: Any = None, options: Options = ALL
) -> AsyncIterator[Client]:
    server = server_of(runtime, options)
    async with Client(server, mode=era, elicitation_callback=dialogue, raise_exceptions=False) as client:
        yield client


@asynccontextmanager
async def over_stdio(
    command: Path, data_dir: Path, *flags: str, era: str = MODERN, dialogue: Any = None, hears: Any = None
) -> AsyncIterator[Client]:
    """`hears` gets the messages that answer no request."""
    words = ["mcp", "serve", "--data-dir", str(data_dir), *flags]
    server = StdioServerParameters(command=str(command), args=words, env=dict(os.environ))
    async with Client(server, mode=era, elicitation_callback=dialogue, message_handler=hears) as client:
        yield client


_TALKING = """
import logging, sys
logging.getLogger("bunsui_mcp").setLevel("DEBUG")
from bunsui.cli.app import run
sys.exit(run(sys.argv[1:]))
"""


@dataclass(frozen=True)
class Listening:
    """A server over HTTP that was started by a test."""

    url: str
    token: str
    process: asyncio.subprocess.Process

    async def told(self, pattern: str, within: float = 30) -> str:
        """The first group of the next line on its standard error that fits, within so many seconds."""
        assert self.process.stderr is not None
        return await _told(self.process.stderr, pattern, within)

    @property
    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}"} if self.token else {}


@asynccontextmanager
async def listening(
    command: Path, data_dir: Path, *flags: str, talks: bool = False
) -> AsyncIterator[Listening]:
    """`bunsui mcp serve --http` on a free port; `talks`: with what it logs for debugging."""
    words = ["mcp", "serve", "--http", "127.0.0.1:0", "--data-dir", str(data_dir), *flags]
    program = [sys.executable, "-c", _TALKING] if talks else [str(command)]
    process = await asyncio.create_subprocess_exec(
        *program, *words, stderr=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.DEVNULL
    )
    assert process.stderr is not None
    try:
        url = await _told(process.stderr, r"listening on (\S+)")
        token = "" if "--no-token" in flags else await _told(process.stderr, r"token: (\S+)")
        yield Listening(url, token, process)
    finally:
        if process.returncode is None:
            process.terminate()
        await process.communicate()


async def _told(stream: asyncio.StreamReader, pattern: str, within: float = 30) -> str:
    async with asyncio.timeout(within):
        while line := (await stream.readline()).decode():
            if found := re.search(pattern, line):
                return found[1]
            sys.stderr.write(line)
    raise AssertionError(f"the server ended without saying {pattern!r}")


@asynccontextmanager
async def over_http(
    server: Listening, *, era: str = MODERN, dialogue: Any = None, name: str = "mcp", hears: Any = None
) -> AsyncIterator[Client]:
    async with httpx2.AsyncClient(headers=server.headers, timeout=60) as http:
        transport = streamable_http_client(server.url, http_client=http)
        info = types.Implementation(name=name, version="1")
        async with Client(
            transport, mode=era, elicitation_callback=dialogue, client_info=info, message_handler=hears
        ) as client:
            yield client


@asynccontextmanager
async def connected(
    transport: str, command: Path, data_dir: Path, *flags: str, **more: Any
) -> AsyncIterator[Client]:
    """A client of a server process of its own, over stdio or HTTP; `more` as for `over_stdio`."""
    if transport == "stdio":
        async with over_stdio(command, data_dir, *flags, **more) as client:
            yield client
        return
    async with listening(command, data_dir, *flags) as server, over_http(server, **more) as client:
        yield client


@asynccontextmanager
async def opened(data_dir: Path) -> AsyncIterator[Runtime]:
    """The data directory of a server, seen from the test."""
    runtime = build(load_settings({"data_dir": str(data_dir)}))
    try:
        yield runtime
    finally:
        await runtime.ports.store.close()


def document(result: types.CallToolResult) -> dict[str, Any]:
    """The structured content of a result, whether good or bad."""
    assert isinstance(result.structured_content, dict)
    return result.structured_content


def said(result: types.CallToolResult) -> str:
    """All text of a result."""
    return "\n".join(block.text for block in result.content if isinstance(block, types.TextContent))
