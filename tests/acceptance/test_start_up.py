"""What a command costs before it does anything: CPU time of the whole process, lowest of seven."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
from pathlib import Path

import pytest

RUNS = 7
ROUNDS = 3  # whatever else runs on the machine takes its share of the caches
BARE = 17  # ms of `python -c pass` where the limits were set; on a slower machine they grow with it


def cpu_ms(*command: str) -> float:
    """User and system time of the cheapest run."""
    return min(_once(command) for _ in range(RUNS))


def _once(command: tuple[str, ...]) -> float:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, stdout=subprocess.DEVNULL, check=True, env=os.environ)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return 1000 * (after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime)


@pytest.mark.bench
@pytest.mark.parametrize("words, limit", [("--version", 60), ("--help", 250), ("session list", 350)])
def test_a_command_starts_within_its_limit(
    words: str, limit: int, bunsui_command: Path, data_dir: Path
) -> None:
    assert not data_dir.exists()
    slower = max(1.0, cpu_ms(sys.executable, "-c", "pass") / BARE)
    command = [str(bunsui_command), *words.split()]
    measured = [cpu_ms(*command)]
    while measured[-1] > limit * slower and len(measured) < ROUNDS:
        measured.append(cpu_ms(*command))
    assert min(measured) <= limit * slower
