"""A world for each acceptance test: a copy of the example, a data directory, the installed command."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil
import pytest


@dataclass(slots=True)
class World:
    """Runs `bunsui` as a user would, on a copy of an example, and reads what its handlers counted."""

    command: Path
    project: Path
    data_dir: Path
    environment: dict[str, str]
    seen: int = field(default=0)

    def run(self, *words: str) -> subprocess.CompletedProcess[str]:
        """One command; whatever its exit status."""
        return subprocess.run(
            [str(self.command), *words],
            capture_output=True,
            text=True,
            check=False,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            timeout=120,
        )

    def json(self, *words: str, status: int = 0) -> dict[str, Any]:
        """One command with --json: its document, which must be all that stands on standard output."""
        done = self.run(*words, "--json")
        assert done.returncode == status, done.stderr + done.stdout
        document: dict[str, Any] = json.loads(done.stdout)
        assert document["schema"].startswith("bunsui.")
        return document

    def fault(self, *words: str) -> None:
        """Put a fault into the copy, or take all out."""
        subprocess.run(
            [sys.executable, "faults.py", *words], cwd=self.project, check=True, capture_output=True
        )

    def calls(self) -> Counter[str]:
        """How often each job's code was called since the last time this was asked."""
        path = Path(self.environment["BUNSUI_EXAMPLE_COUNTERS"]) / "calls.log"
        lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
        new, self.seen = lines[self.seen :], len(lines)
        return Counter(new)

    def worker(self) -> psutil.Process | None:
        """The worker of the data directory, if one lives."""
        for process in psutil.process_iter(["cmdline"]):
            words = process.info["cmdline"] or []
            if "bunsui.local.worker" in words and str(self.data_dir) in words:
                return process
        return None


@pytest.fixture
def world(
    tmp_path: Path, root: Path, bunsui_command: Path, request: pytest.FixtureRequest
) -> Iterator[World]:
    """A copy of an example in a world of its own: taxi_month, or the one that is the fixture's parameter."""
    example = getattr(request, "param", "taxi_month")
    if not (root / "examples" / example).is_dir():
        pytest.skip("the examples are not at hand")
    project = tmp_path / example
    shutil.copytree(root / "examples" / example, project, ignore=shutil.ignore_patterns("out", "__pycache__"))
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("BUNSUI_")}
    data_dir, counters = tmp_path / "data", tmp_path / "counters"
    environment = {
        **inherited,
        "BUNSUI_DATA_DIR": str(data_dir),
        "BUNSUI_EXAMPLE_COUNTERS": str(counters),
        "BUNSUI_CONFIG": "",
        "XDG_CONFIG_HOME": str(tmp_path),
    }
    world = World(command=bunsui_command, project=project, data_dir=data_dir, environment=environment)
    yield world
    worker = world.worker()
    if worker is not None:
        worker.terminate()
        worker.wait(timeout=20)
