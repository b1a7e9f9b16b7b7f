"""The protocol's own conformance suite, on both wires, and the Inspector as a client.

`.ci/conformance` installs them below build/; where it could not, these tests are skipped.
"""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import ROOT
from tests.mcp.conformance.server import serving_fixtures
from tests.mcp.connections import listening

INSTALLED = ROOT / "build" / "conformance" / "node_modules"
NODE = INSTALLED / ".bin" / "node"
SUITE = INSTALLED / "@modelcontextprotocol" / "conformance" / "dist" / "index.js"
INSPECTOR = INSTALLED / ".bin" / "mcp-inspector"
VERSIONS = ("2025-11-25", "2026-07-28")

pytestmark = [
    pytest.mark.timeout(240),
    pytest.mark.skipif(not NODE.exists() or not SUITE.exists(), reason="not installed: .ci/conformance"),
]


async def ran(*words: str) -> tuple[int, str]:
    environment = {**os.environ, "PATH": f"{NODE.parent}{os.pathsep}{os.environ['PATH']}"}
    process = await asyncio.create_subprocess_exec(
        *words, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT, env=environment
    )
    output, _ = await process.communicate()
    assert process.returncode is not None
    return process.returncode, output.decode()


async def conform(url: str, version: str, results: Path, *more: str) -> str:
    words = ("server", "--url", url, "--suite", "all", "--spec-version", version, "-o", str(results))
    status, output = await ran(str(NODE), str(SUITE), *words, *more)
    summary = output[output.find("=== SUMMARY") :]
    assert status == 0, summary
    return summary


@pytest.mark.parametrize("version", VERSIONS)
async def test_with_every_fixture_every_scenario_passes(version: str, tmp_path: Path) -> None:
    async with serving_fixtures() as url:
        summary = await conform(url, version, tmp_path)
    assert "✗" not in summary
    assert summary.count("✓") == {"2025-11-25": 33, "2026-07-28": 40}[version]
    assert not warned(tmp_path)


@pytest.mark.parametrize("version", VERSIONS)
async def test_the_real_server_lacks_only_fixtures(
    version: str, tmp_path: Path, bunsui_command: Path, data_dir: Path
) -> None:
    baseline = Path(__file__).parent / "conformance" / f"baseline-{version}.yml"
    async with listening(bunsui_command, data_dir, "--no-token") as server:
        await conform(server.url, version, tmp_path, "--expected-failures", str(baseline))


def warned(results: Path) -> list[dict[str, Any]]:
    checks = [
        check for path in results.glob("*/checks.json") for check in json.loads(path.read_text("utf-8"))
    ]
    return [check for check in checks if check["status"] not in {"SUCCESS", "INFO", "SKIPPED"}]


@asynccontextmanager
async def target(transport: str, command: Path, data_dir: Path) -> AsyncIterator[list[str]]:
    if transport == "stdio":
        yield [str(command), "mcp", "serve", "--allow-write", "--data-dir", str(data_dir)]
        return
    async with listening(command, data_dir, "--allow-write", "--no-token") as server:
        yield [server.url]


@pytest.mark.parametrize("era", ["legacy", "modern"])
@pytest.mark.parametrize("transport", ["stdio", "http"])
async def test_the_inspector_lists_and_calls(
    transport: str, era: str, bunsui_command: Path, data_dir: Path, root: Path
) -> None:
    async with target(transport, bunsui_command, data_dir) as words:
        common = [
            str(NODE),
            str(INSPECTOR.resolve()),
            "--cli",
            *words,
            "--protocol-era",
            era,
            "--format",
            "json",
            "-q",
        ]
        status, output = await ran(*common, "--strict", "--method", "tools/list")
        assert status == 0, output
        assert "session_rerun" in output
        example = str(root / "examples" / "taxi_month")
        call = (
            "--method",
            "tools/call",
            "--tool-name",
            "pipeline_register",
            "--tool-arg",
            f"pipeline={example}",
        )
        status, output = await ran(*common, *call)
    assert status == 5, output
    assert "approval_required" in output
