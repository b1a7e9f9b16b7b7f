"""The worker's log: lines of JSON that say what they are about, in files that are turned over."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

SCRIPT = """
import asyncio, logging, sys
from pathlib import Path
import structlog
from bunsui.local.engine.executions import ExecutionRecord, Options, Owner
from bunsui.local.worker.log import about, write_to

write_to(Path(sys.argv[1]), largest=4000, kept=2)
own = structlog.stdlib.get_logger("own")
other = logging.getLogger("other")
record = ExecutionRecord(
    id=1, name="e1", machine="m", start={}, owner=Owner(session_id="s", run_id="r", attempt=2),
    options=Options(), status="RUNNING", error=None, cause=None,
)

async def task():
    about(record, "clean")
    try:
        raise ValueError("no rows")
    except ValueError:
        other.exception("task %s failed", "clean")

async def main():
    await asyncio.create_task(task())
    own.info("ready", pid=7)

asyncio.run(main())
if len(sys.argv) > 2:
    for number in range(200):
        other.warning("line %d", number)
"""


def logged(path: Path, *words: str) -> list[dict[str, Any]]:
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, str(path), *words], capture_output=True, text=True, check=True
    )
    assert (done.stdout, done.stderr) == ("", "")
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def test_a_line_says_what_it_is_about(tmp_path: Path) -> None:
    failed, ready = logged(tmp_path / "worker.log")
    place = {name: failed[name] for name in ("execution", "session", "run", "attempt", "state")}
    assert place == {"execution": "e1", "session": "s", "run": "r", "attempt": 2, "state": "clean"}
    assert failed["event"] == "task clean failed"
    assert failed["level"] == "error"
    assert "ValueError: no rows" in failed["exception"]
    assert (ready["event"], ready["pid"], ready["logger"]) == ("ready", 7, "own")
    assert "session" not in ready
    assert ready["at"].endswith("Z")


def test_files_are_turned_over(tmp_path: Path) -> None:
    newest = logged(tmp_path / "worker.log", "many")
    assert newest[-1]["event"] == "line 199"
    files = sorted(path.name for path in tmp_path.iterdir())
    assert files == ["worker.log", "worker.log.1", "worker.log.2"]
    assert all(path.stat().st_size <= 4000 for path in tmp_path.iterdir())
