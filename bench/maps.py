"""What a wide map costs beyond its handlers.

python bench/maps.py [--items 10000] [--batch 10] [--at-once 8] [--limit 8]

Runs a map over numbers in a world of its own, with a handler that does nothing. `ms_per_item` is the time of
the job by item, on all cores together; `worker_cpu_ms_per_item` what the worker itself computed,
`runners_cpu_ms_per_item` what the processes of the handler did, their start included; `commit_ms` how long a
durable commit takes on the disk.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from datetime import datetime
from pathlib import Path
from typing import Any

import psutil

PIPELINE = """
bunsui: 1
name: wide
{limit}params:
  count: {{type: integer}}
jobs:
  each:
    map: {{items: '{{% [1..$params.count] %}}', key: '{{% $item %}}', max_concurrency: {at_once}{batch}}}
    lambda: {{handler: 'handlers.nothing:handler', input: {{n: '{{% $item %}}'}}}}
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--items", type=int, default=10_000)
    parser.add_argument("--batch", type=int, default=0)
    parser.add_argument("--at-once", type=int, default=8)
    parser.add_argument("--limit", type=int, default=0, help="of the pipeline")
    given = parser.parse_args()
    root = Path(tempfile.mkdtemp(prefix="bunsui-bench-"))
    try:
        figures = measured(root, given)
    finally:
        shutil.rmtree(root, ignore_errors=True)
    print(json.dumps(figures, indent=2))


def measured(root: Path, given: argparse.Namespace) -> dict[str, Any]:
    items, batch = given.items, given.batch
    project = root / "project"
    (project / "handlers").mkdir(parents=True)
    text = PIPELINE.format(
        batch=f", batch: {batch}" if batch else "",
        at_once=given.at_once,
        limit=f"max_concurrency: {given.limit}\n" if given.limit else "",
    )
    (project / "pipeline.yaml").write_text(text, encoding="utf-8")
    (project / "handlers" / "__init__.py").touch()
    handler = "def handler(event, context):\n    return event['n']\n"
    (project / "handlers" / "nothing.py").write_text(handler, encoding="utf-8")
    command = Command(root / "data")
    started = command.json("session", "start", str(project), "--param", f"count={items}")
    worker, pages = command.worker(), list[float]()
    while command.json("session", "wait", started["id"], "--timeout", "2")["ended"] is False:
        at = time.perf_counter()
        command.run("job", "show", started["id"], "each", "--limit", "50", "--json")
        pages.append(time.perf_counter() - at)
    used, most = worker.cpu_times(), peak_mib(worker)
    ended = used.children_user + used.children_system
    runners_seconds = ended + sum(sum(process.cpu_times()[:2]) for process in worker.children())
    shown = command.json("session", "show", started["id"])["runs"][0]["jobs"][0]
    worker.terminate()
    worker.wait()
    return {
        "items": items,
        "batch": batch or 1,
        "limit": given.limit or None,
        "counts": shown["items"],
        "seconds": round(took(shown), 1),
        "ms_per_item": round(took(shown) * 1000 / items, 2),
        "worker_cpu_ms_per_item": round((used.user + used.system) * 1000 / items, 2),
        "runners_cpu_ms_per_item": round(runners_seconds * 1000 / items, 2),
        "worker_memory_mib": round(most),
        "page_while_it_runs_ms": round(1000 * sorted(pages)[len(pages) // 2]) if pages else None,
        "commit_ms": round(commit_ms(root), 2),
        "load": os.getloadavg()[0],
    }


def took(job: dict[str, Any]) -> float:
    begun, ended = (datetime.fromisoformat(job[name]) for name in ("started_at", "finished_at"))
    return (ended - begun).total_seconds()


def peak_mib(process: psutil.Process) -> float:
    lines = Path(f"/proc/{process.pid}/status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) / 1024


def commit_ms(root: Path) -> float:
    """How long a durable commit takes on this disk now."""
    import sqlite3

    connection = sqlite3.connect(root / "probe.db", isolation_level=None)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("CREATE TABLE probe (n INTEGER)")
    begin = time.perf_counter()
    for number in range(100):
        connection.execute("INSERT INTO probe VALUES (?)", (number,))
    return (time.perf_counter() - begin) * 10


class Command:
    """The installed command on a data directory."""

    def __init__(self, data: Path) -> None:
        self.data = data
        self.environment = {**os.environ, "BUNSUI_DATA_DIR": str(data), "BUNSUI_CONFIG": ""}

    def run(self, *words: str) -> str:
        name = str(Path(sys.executable).parent / "bunsui")
        done = subprocess.run(
            [name, *words], capture_output=True, text=True, env=self.environment, check=False
        )
        return done.stdout

    def json(self, *words: str) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.run(*words, "--json"))
        return found

    def worker(self) -> psutil.Process:
        for process in psutil.process_iter(["cmdline"]):
            words = process.info["cmdline"] or []
            if "bunsui.local.worker" in words and str(self.data) in words:
                return process
        raise SystemExit("no worker")


if __name__ == "__main__":
    main()
