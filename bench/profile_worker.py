"""Where the worker's time goes: `python bench/profile_worker.py [--jobs 60] [--items 1000] [--functions 25]`.

Runs a pipeline of small functions, and a map over small items, by a worker in this process under cProfile.
Prints the time that each part of bunsui took by itself, and with `--functions` the functions that took most.
Waiting for runners and for the disk is shown apart: it is no work of the worker.
"""

from __future__ import annotations

import argparse
import asyncio
import cProfile
import os
import pstats
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import cast

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from bunsui.core.session.ports import SessionPorts
from bunsui.core.session.requests import StartRequest
from bunsui.core.session.start import start
from bunsui.local.backend import LocalSettings, open_local
from bunsui.local.data_dir import DataDir
from bunsui.local.engine.executions import Options
from bunsui.local.local_engine import LocalEngine
from bunsui.local.sqlite.database import Database
from bunsui.local.worker.client import WorkerClient
from bunsui.local.worker.life import Worker
from bunsui.local.worker.lock import WorkerLock
from bunsui.local.worker.log import write_to

HANDLERS = "def work(event, context):\n    return {'n': event.get('n', 0)}\n"
WIDTH = 10
PARTS = (
    ("waiting for runners, timers", ("select.epoll", "selectors.py")),
    ("SQLite: commits and queries", ("sqlite3.Connection", "sqlite3.Cursor", "local/sqlite")),
    (
        "processes: starting and watching",
        ("subprocess", "posix.kill", "psutil", "local/runners/process", "local/runners/memory", "_io"),
    ),
    (
        "files: fsync, blobs, logs",
        ("posix.", "local/files", "local/blobs", "local/logs", "pathlib.py", "shutil.py"),
    ),
    ("interpreter of the language", ("bunsui/asl", "jsonata")),
    ("control: begin, finish, items", ("core/control", "core/session")),
    ("pipelines: compile, expressions, code", ("core/pipeline", "local/code", "ast.py")),
    ("records as JSON", ("pydantic", "core/models", "orjson", "core/payloads")),
    ("runners", ("local/runners",)),
    ("worker: driver, calls, engine log", ("local/worker", "local/engine")),
    ("event loop", ("asyncio", "socket", "contextvars", "contextlib.py")),
)


class NoWorker:
    """The worker is in this process, and finds what was recorded."""

    async def ensure(self) -> None:
        return


def jobs_text(jobs: int) -> str:
    """Layers of `WIDTH` functions, each of which needs one of the layer before."""
    lines = ["bunsui: 1", "name: jobs", "jobs:"]
    for number in range(jobs):
        needs = f"needs: [j{number - WIDTH}], " if number >= WIDTH else ""
        lines.append(f"  j{number}: {{{needs}lambda: {{handler: 'handlers:work', input: {{n: {number}}}}}}}")
    return "\n".join(lines) + "\n"


def items_text(items: int) -> str:
    return f"""
bunsui: 1
name: items
jobs:
  each:
    map: {{items: '{{% [1..{items}] %}}', mode: distributed, max_concurrency: 4}}
    lambda: {{handler: 'handlers:work', input: {{n: '{{% $item %}}'}}}}
"""


async def recorded(data: DataDir, project: Path) -> None:
    """Commit the start of a session; nobody works yet."""
    backend = open_local(data.root, settings=LocalSettings(environment=dict(os.environ)))
    database = Database(data.database)
    engine = LocalEngine(database, cast("WorkerClient", NoWorker()), backend.clock, Options())
    ports = SessionPorts(
        store=backend.store,
        blobs=backend.blobs,
        logs=backend.logs,
        engine=engine,
        exchange=backend.exchange,
        code=backend.code,
        clock=backend.clock,
        ids=backend.ids,
    )
    await start(ports, StartRequest(profile="local", pipelines=(str(project),)), by="bench")
    database.close()
    await backend.store.close()


async def worked(data: DataDir) -> None:
    write_to(data.worker_log)
    await Worker(data, idle=0.2, environment=dict(os.environ)).run()


async def check(data: DataDir) -> None:
    backend = open_local(data.root, settings=LocalSettings(environment=dict(os.environ)))
    if await backend.store.sessions.active():
        raise SystemExit("the session has not ended")
    await backend.store.close()


def part_of(file: str, function: str) -> str:
    where = f"{file} {function}"
    return next((name for name, marks in PARTS if any(mark in where for mark in marks)), "other")


def profiled(text: str, title: str, count: int, functions: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        data, project = DataDir(Path(folder) / "data"), Path(folder) / "project"
        project.mkdir()
        (project / "pipeline.yaml").write_text(text, encoding="utf-8")
        (project / "handlers.py").write_text(HANDLERS, encoding="utf-8")
        asyncio.run(recorded(data, project))
        lock, profile, begin = WorkerLock(data), cProfile.Profile(), time.perf_counter()
        lock.acquire()
        profile.runcall(asyncio.run, worked(data))
        elapsed = time.perf_counter() - begin
        lock.release()
        asyncio.run(check(data))
        title = f"{title}: {count:,} in {elapsed:.1f} s under the profiler"
        report(pstats.Stats(profile), title, count, functions)


def report(stats: pstats.Stats, title: str, count: int, functions: int) -> None:
    own: Counter[str] = Counter()
    rows = {key: value[2] for key, value in stats.stats.items()}  # type: ignore[attr-defined]
    for (file, _, function), seconds in rows.items():
        own[part_of(file, function)] += seconds
    waiting = own.pop(PARTS[0][0], 0.0)
    busy = sum(own.values())
    print(f"{title}; {waiting:.2f} s {PARTS[0][0]}, {busy:.2f} s of work, {busy / count * 1000:.2f} ms each")
    for name, seconds in own.most_common():
        print(f"  {name:<40}{seconds:>8.2f} s{seconds / busy:>8.1%}")
    for (file, line, function), seconds in sorted(rows.items(), key=lambda row: -row[1])[:functions]:
        print(f"    {seconds:>7.3f} s  {function}  {file.rpartition('site-packages/')[2]}:{line}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--jobs", type=int, default=60)
    parser.add_argument("--items", type=int, default=1_000)
    parser.add_argument("--functions", type=int, default=0)
    given = parser.parse_args()
    profiled(jobs_text(given.jobs), "jobs", given.jobs, given.functions)
    profiled(items_text(given.items), "items", given.items, given.functions)


if __name__ == "__main__":
    main()
