"""The MCP server: start, list, overhead of a call, and 200 clients at once over HTTP.

python bench/mcp_server.py [--clients 200] [--calls 50]
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
import psutil
from mcp import Client, StdioServerParameters
from mcp.client.streamable_http import streamable_http_client

COMMAND = Path(sys.executable).with_name("bunsui")
BARE = """
import anyio
from mcp import types
from mcp.server.lowlevel import Server
from mcp.server.stdio import stdio_server
async def tools(ctx, params):
    return types.ListToolsResult(tools=[types.Tool(name="a", input_schema={"type": "object"})])
async def call(ctx, params):
    return types.CallToolResult(content=[types.TextContent(text="x")])
async def main():
    server = Server("bare", version="1", on_list_tools=tools, on_call_tool=call)
    async with stdio_server() as (r, w):
        await server.run(r, w, server.create_initialization_options())
anyio.run(main)
"""


@dataclass
class Run:
    """Latencies and time in seconds, resident memory in MiB before and after, CPU seconds of the server."""

    latencies: list[float]
    errors: int
    seconds: float
    before: float
    after: float
    cpu: float


@asynccontextmanager
async def serving(data_dir: Path) -> AsyncIterator[tuple[str, dict[str, str], psutil.Process]]:
    """`bunsui mcp serve --http` on a free port: its URL, the headers that open it, its process."""
    process = await asyncio.create_subprocess_exec(
        str(COMMAND),
        "mcp",
        "serve",
        "--http",
        "127.0.0.1:0",
        "--data-dir",
        str(data_dir),
        stderr=asyncio.subprocess.PIPE,
    )
    assert process.stderr is not None
    try:
        url = (await process.stderr.readline()).decode().split()[-1]
        token = (await process.stderr.readline()).decode().split()[-1]
        yield url, {"Authorization": f"Bearer {token}"}, psutil.Process(process.pid)
    finally:
        process.terminate()
        await process.communicate()


async def client(url: str, headers: dict[str, str], calls: int, mode: str) -> tuple[list[float], int]:
    """One client that makes so many calls, one after the other."""
    latencies, errors = [], 0
    async with (
        httpx2.AsyncClient(headers=headers, timeout=300, verify=False) as http,
        Client(streamable_http_client(url, http_client=http), mode=mode) as one,
    ):
        for _ in range(calls):
            begun = time.perf_counter()
            result = await one.call_tool("session_list", {"limit": 5})
            latencies.append(time.perf_counter() - begun)
            errors += result.is_error
    return latencies, errors


async def load(folder: Path, clients: int, calls: int, mode: str) -> Run:
    """All clients at once, after a first round that warms the server up."""
    async with serving(folder) as (url, headers, process):
        await asyncio.gather(*(client(url, headers, 2, mode) for _ in range(clients)))
        before, used = process.memory_info().rss / 2**20, process.cpu_times()
        begun = time.perf_counter()
        results = await asyncio.gather(*(client(url, headers, calls, mode) for _ in range(clients)))
        seconds, now = time.perf_counter() - begun, process.cpu_times()
        after = process.memory_info().rss / 2**20
    latencies = [one for found, _ in results for one in found]
    errors = sum(errors for _, errors in results)
    cpu = now.user + now.system - used.user - used.system
    return Run(latencies, errors, seconds, before, after, cpu)


async def overhead(words: list[str], tool: str, arguments: dict[str, Any]) -> list[float]:
    """Latencies of one tool over stdio."""
    server = StdioServerParameters(command=words[0], args=words[1:], env=dict(os.environ))
    latencies = []
    async with Client(server, mode="legacy") as one:
        for _ in range(200):
            begun = time.perf_counter()
            await one.call_tool(tool, arguments)
            latencies.append(time.perf_counter() - begun)
    return latencies[50:]


def started(words: list[str]) -> float:
    """CPU seconds until `initialize` is answered."""
    hello = {
        "jsonrpc": "2.0",
        "id": 1,
        "method": "initialize",
        "params": {
            "protocolVersion": "2025-11-25",
            "capabilities": {},
            "clientInfo": {"name": "bench", "version": "1"},
        },
    }
    process = psutil.Popen(words, stdin=-1, stdout=-1, stderr=-3)
    process.stdin.write(json.dumps(hello).encode() + b"\n")
    process.stdin.flush()
    process.stdout.readline()
    used = process.cpu_times()
    process.stdin.close()
    process.wait(timeout=30)
    return used.user + used.system


def shown(latencies: list[float]) -> str:
    """p50, p95 and p99 in milliseconds."""
    cuts = statistics.quantiles(latencies, n=100)
    return ", ".join(f"p{place} {cuts[place - 1] * 1000:.1f} ms" for place in (50, 95, 99))


def main() -> None:
    """Print every figure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--clients", type=int, default=200)
    parser.add_argument("--calls", type=int, default=50)
    parser.add_argument("--eras", default="legacy,2026-07-28")
    parser.add_argument("--only-load", action="store_true", help="Leave out start and overhead.")
    given = parser.parse_args()
    if not given.only_load:
        measure_one()
    measure_load(given.clients, given.calls, given.eras.split(","))


def measure_one() -> None:
    """Start and overhead of one client."""
    with tempfile.TemporaryDirectory() as folder:
        bare = Path(folder) / "bare.py"
        bare.write_text(BARE, encoding="utf-8")
        ours = [str(COMMAND), "mcp", "serve", "--data-dir", str(Path(folder) / "data")]
        plain = [sys.executable, str(bare)]
        for name, words in (("bare SDK", plain), ("bunsui", ours)):
            cpu = statistics.median(started(words) for _ in range(5))
            print(f"CPU to initialize, {name}: {cpu:.2f} s")
        print("call, bare SDK:", shown(asyncio.run(overhead(plain, "a", {}))))
        print("call, bunsui session_list:", shown(asyncio.run(overhead(ours, "session_list", {}))))


def measure_load(clients: int, calls: int, eras: list[str]) -> None:
    """Many clients at once, era by era."""
    for mode in eras:
        with tempfile.TemporaryDirectory() as folder:
            run = asyncio.run(load(Path(folder), clients, calls, mode))
        print(
            f"HTTP {mode}: {clients} clients x {calls} calls in {run.seconds:.1f} s, "
            f"{run.errors} errors, {shown(run.latencies)}, memory {run.before:.0f} to {run.after:.0f} MiB, "
            f"server CPU {run.cpu / clients / calls * 1000:.1f} ms a call"
        )


if __name__ == "__main__":
    main()
