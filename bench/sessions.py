"""What a page of sessions costs in a full store: `python bench/sessions.py [--sessions 100000]`.

Makes a store of 100 sessions and a full one, each with runs, attempts and job runs, and prints the time of
the first page in process and of `bunsui session list` as a command: the best of several. Then half of the
full one is cleared.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from bunsui.core.models.base import Record
from bunsui.core.models.job import JobRun
from bunsui.core.models.session import Attempt, Run, Session
from bunsui.core.models.status import Action, JobStatus, Reason, Status
from bunsui.core.ports.store import SessionQuery, Transaction
from bunsui.core.session.ports import SessionPorts
from bunsui.core.session.retention import Retention, plan_collect, remove
from bunsui.local.backend import LocalBackend, LocalSettings, open_local

BEGIN = datetime(2026, 1, 1, tzinfo=UTC)
JOBS = 4
BATCH = 2_000
QUERIES = {
    "first page": SessionQuery(profile="local"),
    "by status": SessionQuery(profile="local", status=Status.FAILED),
    "by key": SessionQuery(profile="local", key="k-7"),
    "by tag": SessionQuery(profile="local", tags={"team": "t3"}),
    "by pipeline": SessionQuery(profile="local", pipeline="p5"),
}


def records(number: int) -> Iterator[Record]:
    """One session with a run, an attempt and its job runs."""
    at, session_id = BEGIN + timedelta(minutes=number), f"{number:08d}-bench"
    status = Status.FAILED if number % 10 == 0 else Status.SUCCEEDED
    yield Session(
        id=session_id,
        profile="local",
        key=f"k-{number}",
        tags={"team": f"t{number % 7}"},
        status=status,
        pipelines=(f"p{number % 20}",),
        run_ids=("r",),
        created_by="bench",
        created_at=at,
        updated_at=at,
        finished_at=at,
    )
    yield Run(session_id=session_id, id="r", pipeline="p", project="/p", definition="d", status=status)
    yield Attempt(
        session_id=session_id,
        run_id="r",
        number=1,
        definition="d",
        execution=f"e{number}",
        status=status,
        jobs={},
        created_at=at,
    )
    for job in range(JOBS):
        yield JobRun(
            session_id=session_id,
            run_id="r",
            attempt=1,
            job=f"j{job}",
            position=job,
            status=JobStatus.SUCCEEDED,
            action=Action.RUN,
            reason=Reason.NEW,
            origin=1,
        )


async def filled(folder: Path, sessions: int) -> LocalBackend:
    backend = open_local(folder, settings=LocalSettings(environment=dict(os.environ)))
    for start in range(0, sessions, BATCH):
        put = [record for number in range(start, min(start + BATCH, sessions)) for record in records(number)]
        await backend.store.commit(Transaction(put=put))
    return backend


async def best(work: Callable[[], object], runs: int) -> float:
    found = float("inf")
    for _ in range(runs):
        begin = time.perf_counter()
        result = work()
        if asyncio.iscoroutine(result):
            await result
        found = min(found, time.perf_counter() - begin)
    return found * 1000


def listed(folder: Path) -> Callable[[], object]:
    command = [str(Path(sys.executable).with_name("bunsui")), "session", "list", "--json"]
    environment = {**os.environ, "BUNSUI_DATA_DIR": str(folder), "BUNSUI_CONFIG": ""}
    return lambda: subprocess.run(command, env=environment, check=True, capture_output=True)


async def measured(folder: Path, sessions: int) -> dict[str, float]:
    """Milliseconds by what was asked."""
    begin = time.perf_counter()
    backend = await filled(folder, sessions)
    size = sum(path.stat().st_size for path in folder.glob("bunsui.db*")) / 2**20
    print(f"{sessions:,} sessions made in {time.perf_counter() - begin:.1f} s, {size:.1f} MiB")
    times = {}
    for name, query in QUERIES.items():
        times[name] = await best(partial(backend.store.sessions.find, query), 30)
    times["session list, as a command"] = await best(listed(folder), 7)
    await backend.store.close()
    return times


async def cleared(folder: Path) -> None:
    """Half of the sessions go."""
    backend = open_local(folder, settings=LocalSettings(environment=dict(os.environ)))
    ports = SessionPorts(
        store=backend.store,
        blobs=backend.blobs,
        logs=backend.logs,
        engine=backend.engine,
        exchange=backend.exchange,
        code=backend.code,
        clock=backend.clock,
        ids=backend.ids,
    )
    begin = time.perf_counter()
    total = len([one async for one in _ids(backend)])
    plan = await plan_collect(ports, backend.storage, "local", Retention(sessions=total // 2))
    planned = time.perf_counter()
    await remove(ports, backend.storage, plan)
    ended = time.perf_counter()
    print(f"gc of {len(plan.sessions):,}: plan {planned - begin:.1f} s, removal {ended - planned:.1f} s")
    await backend.store.close()


async def _ids(backend: LocalBackend) -> AsyncIterator[str]:
    cursor = None
    while True:
        page = await backend.store.sessions.find(SessionQuery(limit=500, cursor=cursor))
        for session in page.items:
            yield session.id
        if (cursor := page.cursor) is None:
            return


async def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sessions", type=int, default=100_000)
    many = parser.parse_args().sessions
    with tempfile.TemporaryDirectory() as folder:
        few = await measured(Path(folder) / "few", 100)
        full = await measured(Path(folder) / "full", many)
        print(f"{'':<30}{'100':>12}{many:>12,}{'ratio':>8}")
        for name, small in few.items():
            print(f"{name:<30}{small:>9.2f} ms{full[name]:>9.2f} ms{full[name] / small:>8.2f}")
        await cleared(Path(folder) / "full")


if __name__ == "__main__":
    asyncio.run(main())
