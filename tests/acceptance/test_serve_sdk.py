"""`bunsui local serve` driven by an SDK of another language, and filled with executions that wait."""

from __future__ import annotations

import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.acceptance.serving import Served

SDK = "@aws-sdk/client-sfn@3"


@pytest.fixture
def served(data_dir: Path, bunsui_command: Path) -> Iterator[Served]:
    found = Served(bunsui_command)
    yield found
    found.end(signal.SIGTERM)


@pytest.fixture
def node_modules(tmp_path: Path) -> Path:
    """A folder in which the SDK is installed."""
    npm = shutil.which("npm")
    if npm is None or shutil.which("node") is None:
        pytest.skip("Node.js with npm is not installed")
    words = [npm, "install", "--no-audit", "--no-fund", "--silent", "--prefix", str(tmp_path), SDK]
    done = subprocess.run(words, capture_output=True, text=True, timeout=300, check=False)
    if done.returncode:
        pytest.skip(f"{SDK} cannot be installed: {done.stderr.strip()[:200]}")
    return tmp_path


@pytest.mark.bench
@pytest.mark.timeout(600)
def test_the_sdk_for_javascript(served: Served, node_modules: Path, root: Path) -> None:
    done = subprocess.run(
        ["node", str(root / "bench" / "sfn_client.mjs")],
        cwd=node_modules,
        env=served.environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "as expected" in done.stdout


@pytest.mark.bench
@pytest.mark.timeout(600)
def test_ten_thousand_executions_wait_in_one_process(root: Path) -> None:
    words = [sys.executable, str(root / "bench" / "waiting.py")]
    done = subprocess.run(words, capture_output=True, text=True, timeout=500, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
