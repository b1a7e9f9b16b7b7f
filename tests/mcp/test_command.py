"""`bunsui mcp serve` as a process: what it imports, how it starts, how it ends."""

from __future__ import annotations

import asyncio
import json
import re
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from bunsui import __version__
from bunsui.core.models.plan import Effect
from bunsui.core.models.status import JobStatus
from bunsui.tools.registry import Registry
from bunsui_mcp.toolsets import DEFAULT
from tests.mcp.connections import ERAS, document, in_memory
from tests.unit.tools.project import Project

CPU_BESIDE_THE_SDK = 0.25


def python(code: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=60
    )


def test_the_command_line_does_not_import_the_server() -> None:
    done = python(
        "import sys\nfrom bunsui.cli.app import run\nrun(['mcp', 'serve', '--help'])\n"
        "assert not {'mcp', 'bunsui_mcp', 'uvicorn'} & set(sys.modules)"
    )
    assert done.returncode == 0, done.stderr


def test_without_the_extra_it_names_it() -> None:
    done = python(
        "import sys\nsys.modules['mcp'] = None\nfrom bunsui.cli.app import run\n"
        "sys.exit(run(['mcp', 'serve']))"
    )
    assert done.returncode == 2
    assert done.stderr.startswith("missing_extra")
    assert "bunsui[mcp]" in done.stderr


def test_serving_loads_nothing_heavy(data_dir: Path) -> None:
    done = python(
        "import sys\nfrom bunsui_mcp.serving import server_of\nfrom bunsui.bootstrap import build\n"
        "from bunsui.utils.config import load_settings\nfrom bunsui_mcp.options import Options\n"
        "server_of(build(load_settings({})), Options())\n"
        "assert not {'boto3', 'textual', 'anthropic'} & set(sys.modules)"
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("words", ["--toolset none", "--no-token", "--token-file x", "--http x"])
def test_what_cannot_be_served_is_said(bunsui_command: Path, data_dir: Path, words: str) -> None:
    done = subprocess.run(
        [str(bunsui_command), "mcp", "serve", *words.split()],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 2
    assert done.stderr.startswith("usage: ")
    assert not done.stdout


@pytest.mark.timeout(120)
@pytest.mark.parametrize("era", ["legacy", "modern"])
def test_the_probe_finds_nothing(shared: Path, bunsui_command: Path, data_dir: Path, era: str) -> None:
    probe = shared / "bench" / "mcp_probe.py"
    flags = ["--strict", "--json", "--starts", "1", "--era", era, "--max-tools-tokens", "5000"]
    words = ["--call", "session_list", "-n", "5", "--", str(bunsui_command), "mcp", "serve", "--allow-write"]
    done = subprocess.run(
        [sys.executable, str(probe), *flags, *words], capture_output=True, text=True, check=False, timeout=100
    )
    assert done.returncode == 0, done.stdout + done.stderr
    report: dict[str, Any] = json.loads(done.stdout)
    assert report["lint"] == [] or not report["lint"].get("issues")
    assert report["call"]["errors"] == 0
    assert report["shutdown"]["exit_status"] == 0
    assert not report["shutdown"]["forced"]


def test_a_client_that_goes_away_leaves_nothing_behind(bunsui_command: Path, data_dir: Path) -> None:
    """Standard input closes in the middle of a call."""
    pipe = subprocess.PIPE
    process = subprocess.Popen([str(bunsui_command), "mcp", "serve"], stdin=pipe, stdout=pipe, stderr=pipe)
    assert process.stdin is not None
    assert process.stdout is not None
    info = {"name": "test", "version": "1"}
    begin = {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": info}
    doctor = {"name": "ops_doctor", "arguments": {}}
    for message in (
        {"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": begin},
        {"jsonrpc": "2.0", "method": "notifications/initialized"},
        {"jsonrpc": "2.0", "id": 2, "method": "tools/call", "params": doctor},
    ):
        process.stdin.write(json.dumps(message).encode() + b"\n")
    process.stdin.flush()
    assert json.loads(process.stdout.readline())["id"] == 1
    process.stdin.close()
    begun = time.monotonic()
    process.wait(timeout=30)
    assert process.returncode == 0
    assert time.monotonic() - begun < 10
    process.stdout.close()
    assert process.stderr is not None
    process.stderr.close()


@pytest.mark.parametrize("era", ERAS)
async def test_a_cancelled_wait_stops_and_the_server_goes_on(era: str, chain: Project) -> None:
    session, told = await chain.started(), asyncio.Event()

    async def progressed(progress: float, total: float | None, message: str | None) -> None:
        assert total == 3
        assert session in str(message)
        told.set()

    asked = {"session": session, "timeout": 3_600}
    async with in_memory(chain.runtime, era) as client:
        waiting = asyncio.ensure_future(
            client.call_tool("session_wait", asked, progress_callback=progressed, read_timeout_seconds=60)
        )
        async with asyncio.timeout(10):
            await told.wait()
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        shown = document(await client.call_tool("session_show", {"session": session}))
        assert shown["id"] == session
        begun = time.monotonic()
    assert time.monotonic() - begun < 2


async def test_a_wait_tells_what_failed(chain: Project) -> None:
    session = await chain.started()
    await chain.play(session, {"fetch": JobStatus.FAILED}, log=b"no such month\n")
    async with in_memory(chain.runtime) as client:
        found = document(await client.call_tool("session_wait", {"session": session, "timeout": 5}))
    (failed,) = found["failed"]
    assert failed["job"] == "fetch"
    assert failed["log_tail"] == "no such month"
    assert found["untrusted"] == ["cause", "error", "log_tail"]


def in_the_order_of_the_switches(name: str) -> int:
    """Reads, then what --allow-write offers, then --allow-destroy."""
    effect = Registry().entry(name).effect
    return (effect != Effect.READ) + (effect == Effect.DESTROY)


def test_what_is_published_fits(root: Path) -> None:
    readme = (root / "README.md").read_text(encoding="utf-8")
    described: dict[str, Any] = json.loads((root / "server.json").read_text(encoding="utf-8"))
    assert described["version"] == described["packages"][0]["version"] == __version__
    assert f"<!-- mcp-name: {described['name']} -->" in readme
    assert len(described["description"]) <= 100
    listed = readme[readme.index("The default toolset:") :].split("\n[", 1)[0]
    assert re.findall(r"`([a-z]+_[a-z]+)`", listed) == sorted(DEFAULT, key=in_the_order_of_the_switches)
    entry = json.loads((root / "examples" / ".mcp.json").read_text(encoding="utf-8"))["mcpServers"]["bunsui"]
    assert [entry["command"], *entry["args"][:2]] == ["bunsui", "mcp", "serve"]
