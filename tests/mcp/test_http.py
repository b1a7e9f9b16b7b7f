"""The HTTP door: who is let in, and under which names."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx2
import pytest

from bunsui.errors import PermissionDenied, UsageError
from bunsui_mcp.address import Address, address, listener
from bunsui_mcp.http import application
from bunsui_mcp.serving import server_of
from bunsui_mcp.token import kept_token, new_token
from tests.mcp.connections import ALL, document, listening, over_http
from tests.unit.tools.helpers import counting

HELLO = {
    "jsonrpc": "2.0",
    "id": 1,
    "method": "initialize",
    "params": {
        "protocolVersion": "2025-11-25",
        "capabilities": {},
        "clientInfo": {"name": "test", "version": "1"},
    },
}
ACCEPT = {"Accept": "application/json, text/event-stream"}
TOKEN = "a-token-of-the-test-0123456789"
LOOPBACK = Address("127.0.0.1", 8765)


@asynccontextmanager
async def knocking() -> AsyncIterator[httpx2.AsyncClient]:
    """A client of an application with a token, in this process."""
    app = application(server_of(await counting(), ALL), LOOPBACK, TOKEN)
    transport = httpx2.ASGITransport(app)
    async with (
        app.router.lifespan_context(app),
        httpx2.AsyncClient(transport=transport, base_url="http://127.0.0.1:8765", headers=ACCEPT) as client,
    ):
        yield client


async def status(client: httpx2.AsyncClient, **headers: str) -> int:
    return (await client.post("/mcp", json=HELLO, headers=headers)).status_code


async def test_only_the_token_opens() -> None:
    async with knocking() as http:
        await only_the_token(http)


async def only_the_token(http: httpx2.AsyncClient) -> None:
    assert await status(http, Authorization=f"Bearer {TOKEN}") == 200
    for wrong in (
        "",
        "Bearer",
        f"Bearer {TOKEN}x",
        f"bearer{TOKEN}",
        f"Basic {TOKEN}",
        f"Bearer {TOKEN[:-1]}",
    ):
        assert await status(http, Authorization=wrong) == 401
    in_the_address = await http.post(f"/mcp?token={TOKEN}&access_token={TOKEN}", json=HELLO)
    assert in_the_address.status_code == 401
    refused = await http.post("/mcp", json=HELLO)
    assert refused.status_code == 401
    assert refused.headers["WWW-Authenticate"].startswith("Bearer")
    assert TOKEN not in refused.text


async def test_names_and_origins_of_elsewhere_are_refused() -> None:
    async with knocking() as http:
        await only_known_names(http)


async def only_known_names(http: httpx2.AsyncClient) -> None:
    token = f"Bearer {TOKEN}"
    assert await status(http, Authorization=token, Host="localhost:8765") == 200
    assert await status(http, Authorization=token, Host="evil.example:8765") == 421
    assert await status(http, Authorization=token, Host="127.0.0.1.evil.example") == 421
    assert await status(http, Authorization=token, Origin="http://localhost:3000") == 200
    assert await status(http, Authorization=token, Origin="http://evil.example") == 403
    assert await status(http, Authorization=token, Origin="null") == 403


@pytest.mark.parametrize("host", ["0.0.0.0", "192.0.2.1", "::", "example.com"])
async def test_without_a_token_only_on_loopback(host: str) -> None:
    server = server_of(await counting(), ALL)
    with pytest.raises(PermissionDenied, match="loopback"):
        application(server, Address(host, 1), None)
    assert application(server, Address(host, 1), TOKEN).user_middleware


def test_addresses() -> None:
    assert address("127.0.0.1:80") == Address("127.0.0.1", 80)
    assert address("8765") == Address("127.0.0.1", 8765)
    assert address("[::1]:80") == Address("::1", 80)
    assert address("[::1]:80").loopback
    for wrong in ("", "host", "host:", "host:port", "host:99999"):
        with pytest.raises(UsageError, match="HOST:PORT"):
            address(wrong)


def test_an_address_that_cannot_be_had_is_said_in_one_line() -> None:
    with listener(Address("127.0.0.1", 0)) as taken, pytest.raises(UsageError, match="in use") as caught:
        listener(Address("127.0.0.1", taken.getsockname()[1]))
    assert "127.0.0.1:0 takes a free one" in caught.value.next_steps[1]
    for nowhere in ("192.0.2.1", "no.such.host.invalid"):
        with pytest.raises(UsageError, match="cannot listen there"):
            listener(Address(nowhere, 8765))


def test_it_listens_on_either_family() -> None:
    if not socket.has_ipv6:
        pytest.skip("this machine has no IPv6")
    for host, family in (
        ("127.0.0.1", socket.AF_INET),
        ("localhost", socket.AF_INET),
        ("::1", socket.AF_INET6),
    ):
        with listener(Address(host, 0)) as sock:
            assert sock.family is family


def test_a_token_file_is_made_once_and_private(tmp_path: Path) -> None:
    path = tmp_path / "token"
    token = kept_token(path)
    assert path.stat().st_mode & 0o777 == 0o600
    assert kept_token(path) == token
    path.chmod(0o644)
    with pytest.raises(UsageError, match="others can read"):
        kept_token(path)
    path.chmod(0o600)
    path.write_text("short", encoding="ascii")
    with pytest.raises(UsageError, match="holds no token"):
        kept_token(path)
    assert new_token() != new_token()


async def test_the_command_serves_and_ends(bunsui_command: Path, data_dir: Path) -> None:
    async with listening(bunsui_command, data_dir) as server:
        async with over_http(server) as client:
            sessions: dict[str, Any] = document(await client.call_tool("session_list", {}))
            assert sessions["complete"]
        async with httpx2.AsyncClient(headers=ACCEPT) as stranger:
            assert (await stranger.post(server.url, json=HELLO)).status_code == 401
        server.process.terminate()
        async with asyncio.timeout(10):
            await server.process.wait()
