"""Runners outlive the process that started them, and whoever comes next takes over what they did."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import random
import signal
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import psutil
import pytest

from bunsui.local.runners.containers import ContainerRunner
from bunsui.local.runners.outcomes import Cancelled, Failed, Lost, Returned, TaskStopped
from bunsui.local.runners.pool import LambdaPool
from bunsui.local.runners.specs import InFlight, Started

from .conftest import Caller, Desk
from .test_pool import gone, until, value

HERE = Path(__file__).parent
CHECKOUT = Path(__file__).resolve().parents[4]
JOBS = ("f1", "f2", "f3", "c1", "c2")
EVENTS = len(JOBS) * 5


async def detached_call(desk: Desk, handler: str, payload: dict[str, str]) -> InFlight:
    """Start a call, wait until the handler runs, and walk away from it as a dying worker does."""
    pool = LambdaPool(environment=dict(os.environ))
    call = desk.invocation(json.dumps(payload).encode())
    task = asyncio.create_task(pool.invoke(desk.function(handler), call, desk.record))
    await until(lambda: call.log_path.exists() and "START" in call.log_path.read_text(encoding="utf-8"))
    task.cancel()
    await asyncio.wait([task])
    await pool.close()
    return desk.in_flight(call, desk.started[-1])


def gate(desk: Desk) -> dict[str, str]:
    os.mkfifo(desk.root / "go")
    return {"marks": str(desk.root / "marks"), "go": str(desk.root / "go")}


async def test_living_runner_is_adopted(desk: Desk, pool: LambdaPool) -> None:
    files = gate(desk)
    flight = await detached_call(desk, "mark", files)
    adopted = asyncio.create_task(pool.adopt(flight))
    await asyncio.to_thread(Path(files["go"]).write_text, "", encoding="utf-8")
    assert value(await adopted) == {"done": flight.started.id}
    assert Path(files["marks"]).read_text(encoding="utf-8").splitlines() == [
        f"begin {flight.started.id}",
        f"end {flight.started.id}",
    ]
    log = flight.log_path.read_text(encoding="utf-8")
    assert log.count("REPORT RequestId") == 1


async def test_result_that_was_spooled_before_is_found(desk: Desk, pool: LambdaPool) -> None:
    files = gate(desk)
    flight = await detached_call(desk, "mark", files)
    await asyncio.to_thread(Path(files["go"]).write_text, "", encoding="utf-8")
    await until(lambda: gone(flight.started.pid))
    assert value(await pool.adopt(flight)) == {"done": flight.started.id}
    assert value(await pool.adopt(flight)) == {"done": flight.started.id}


async def test_what_a_handler_left_running_ends_with_its_abandoned_runner(
    desk: Desk, pool: LambdaPool
) -> None:
    (desk.project / "leaves.py").write_text(
        "import handlers\n"
        "def f(event, context):\n"
        "    print('child', handlers.leave_process(event, context))\n"
        "    return handlers.mark(event, context)\n",
        encoding="utf-8",
    )
    files = gate(desk)
    flight = await detached_call(desk, "leaves:f", files)
    await asyncio.to_thread(Path(files["go"]).write_text, "", encoding="utf-8")
    assert value(await pool.adopt(flight)) == {"done": flight.started.id}
    child = int(flight.log_path.read_text(encoding="utf-8").partition("child ")[2].split()[0])
    await until(lambda: gone(child))


async def test_runner_that_died_without_a_result_is_lost(desk: Desk, pool: LambdaPool) -> None:
    flight = await detached_call(desk, "hang", {})
    await until(lambda: "hanging" in flight.log_path.read_text(encoding="utf-8"))
    child = int(flight.log_path.read_text(encoding="utf-8").split()[-1])
    os.kill(flight.started.pid, signal.SIGKILL)
    await until(lambda: gone(flight.started.pid))
    assert not gone(child)
    assert isinstance(await pool.adopt(flight), Lost)
    await until(lambda: gone(child))


async def test_runner_that_dies_while_adopted_is_lost(desk: Desk, pool: LambdaPool) -> None:
    flight = await detached_call(desk, "hang", {})
    adopted = asyncio.create_task(pool.adopt(flight))
    await asyncio.sleep(0)
    os.kill(flight.started.pid, signal.SIGKILL)
    assert isinstance(await adopted, Lost)


async def test_adopted_runner_meets_its_deadline(desk: Desk, pool: LambdaPool) -> None:
    flight = await detached_call(desk, "hang", {})
    expired = Started(**{**as_dict(flight.started), "deadline": flight.started.deadline - 3600})
    outcome = await pool.adopt(InFlight(**{**as_dict(flight), "started": expired}))
    assert isinstance(outcome, Failed)
    assert outcome.error.error_type == "Sandbox.Timedout"
    assert "Task timed out after 20.00 seconds" in flight.log_path.read_text(encoding="utf-8")
    assert gone(flight.started.pid)


async def test_adopted_runner_keeps_its_memory_limit(desk: Desk, pool: LambdaPool) -> None:
    flight = await detached_call(desk, "hang", {})
    outcome = await pool.adopt(InFlight(**{**as_dict(flight), "memory_mb": 1}))
    assert isinstance(outcome, Failed)
    assert outcome.error.error_type == "Runtime.OutOfMemory"


async def test_adopted_runner_can_be_cancelled(desk: Desk, pool: LambdaPool) -> None:
    flight = await detached_call(desk, "hang", {})
    adopted = asyncio.create_task(pool.adopt(flight))
    await asyncio.sleep(0)
    assert pool.cancel(flight.started.id)
    assert await adopted == Cancelled(id=flight.started.id)
    assert gone(flight.started.pid)


async def test_number_of_another_process_is_left_alone(desk: Desk, pool: LambdaPool) -> None:
    other = await asyncio.create_subprocess_exec("sleep", "600")
    call = desk.invocation()
    record = Started(id=call.id, pid=other.pid, create_time=1.0, deadline=0.0)
    assert isinstance(await pool.adopt(desk.in_flight(call, record)), Lost)
    assert not gone(other.pid)
    other.kill()
    await other.wait()


async def test_spool_file_of_another_call_is_no_answer(desk: Desk, pool: LambdaPool, invoke: Caller) -> None:
    first, second = desk.invocation(b'"first"'), desk.invocation()
    await invoke.call(desk.function("echo"), first)
    record = Started(id=second.id, pid=2**22 - 1, create_time=1.0, deadline=0.0)
    stale = InFlight(**{**as_dict(desk.in_flight(second, record)), "spool_path": first.spool_path})
    assert isinstance(await pool.adopt(stale), Lost)


@pytest.mark.parametrize(
    "damage", [b"", b"{", b"{}\n", b"[]\nx", b'{"version": 1, "id": "call-1", "length": 9}\nx']
)
async def test_torn_spool_file_is_no_answer(desk: Desk, pool: LambdaPool, damage: bytes) -> None:
    call = desk.invocation()
    call.spool_path.parent.mkdir(parents=True)
    call.spool_path.write_bytes(damage)
    record = Started(id=call.id, pid=2**22 - 1, create_time=1.0, deadline=0.0)
    assert isinstance(await pool.adopt(desk.in_flight(call, record)), Lost)


async def test_result_is_spooled_before_it_is_reported(desk: Desk, invoke: Caller) -> None:
    call = desk.invocation(b"[1]")
    await invoke.call(desk.function("echo"), call)
    meta, _, body = call.spool_path.read_bytes().partition(b"\n")
    assert json.loads(meta)["id"] == call.id
    assert body == b"[1]"


async def test_result_counts_even_if_the_runner_dies_before_it_reports(desk: Desk, invoke: Caller) -> None:
    """The connection is gone when the handler returns: only the spool file can tell."""
    assert value(await invoke("close_everything")) == "closed"


async def test_adopted_task(desk: Desk, containers: ContainerRunner) -> None:
    os.mkfifo(desk.root / "go")
    call = desk.task_call()
    command = ("sh", "-c", f'echo on; read line < {desk.root}/go; echo "[3]" > "$BUNSUI_OUTPUT"; exit 3')
    task = asyncio.create_task(containers.run(desk.task(*command), call, desk.record))
    await until(lambda: call.log_path.exists() and call.log_path.read_text(encoding="utf-8") == "on\n")
    task.cancel()
    await asyncio.wait([task])
    adopted = asyncio.create_task(containers.adopt(desk.in_flight(call, desk.started[0])))
    await asyncio.to_thread((desk.root / "go").write_text, "\n", encoding="utf-8")
    outcome = await adopted
    assert isinstance(outcome, TaskStopped)
    assert (outcome.cause, outcome.exit_code, outcome.output) == ("exited", 3, b"[3]\n")


async def test_command_whose_shim_died_unwatched_is_ended_before_it_is_lost(
    desk: Desk, containers: ContainerRunner
) -> None:
    call = desk.task_call()
    task = asyncio.create_task(containers.run(desk.task("sh", "-c", "echo $$; sleep 600"), call, desk.record))
    await until(lambda: call.log_path.exists() and call.log_path.read_text(encoding="utf-8"))
    task.cancel()
    await asyncio.wait([task])
    os.kill(desk.started[0].pid, signal.SIGKILL)
    await until(lambda: gone(desk.started[0].pid))
    assert isinstance(await containers.adopt(desk.in_flight(call, desk.started[0])), Lost)
    await until(lambda: gone(int(call.log_path.read_text(encoding="utf-8"))))


async def test_adopted_task_that_is_gone_is_lost(desk: Desk, containers: ContainerRunner) -> None:
    call = desk.task_call()
    record = Started(id=call.id, pid=2**22 - 1, create_time=1.0, deadline=0.0)
    assert isinstance(await containers.adopt(desk.in_flight(call, record)), Lost)


def as_dict(record: Any) -> dict[str, Any]:
    return {name: getattr(record, name) for name in record.__slots__}


class Worker:
    """Kills hosts at chosen events and takes over, until every job has its result."""

    def __init__(self, root: Path, seed: int) -> None:
        self.root = root
        self.chance = random.Random(seed)
        for name in ("work", "host"):
            (root / f"{name}.py").write_bytes((HERE / f"{name}.txt").read_bytes())
        os.mkfifo(root / "events")
        # Open for both, so that no writer blocks and no end of file comes between two of them.
        self.events = os.fdopen(os.open(root / "events", os.O_RDWR), "r", encoding="utf-8")

    def journal(self) -> list[dict[str, Any]]:
        path = self.root / "journal"
        if not path.exists():
            return []
        return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]

    def results(self) -> dict[str, Any]:
        return {
            entry["job"]: json.loads(entry["value"]) for entry in self.journal() if entry["kind"] == "result"
        }

    def run_and_kill(self, jobs: list[str], after: int) -> None:
        command = [sys.executable, str(self.root / "host.py"), str(self.root), *jobs]
        env = {**os.environ, "PYTHONPATH": str(CHECKOUT)}
        with subprocess.Popen(command, env=env, stderr=subprocess.PIPE) as host:
            for _ in range(after):
                if self.events.readline() == "host result\n" and set(self.results()) >= set(jobs):
                    break
            host.kill()

    async def take_over(self) -> None:
        """Adopt everything that was started and has no result, as a new worker does."""
        pool = LambdaPool(environment=dict(os.environ))
        containers = ContainerRunner(runtime_dir=self.root / "runtime", environment=dict(os.environ))
        done = {entry["id"] for entry in self.journal() if entry["kind"] == "result"}
        started = {entry["id"]: entry for entry in self.journal() if entry["kind"] == "started"}
        await asyncio.gather(
            *(self._adopt(pool, containers, entry) for id_, entry in started.items() if id_ not in done)
        )

    async def _adopt(self, pool: LambdaPool, containers: ContainerRunner, entry: dict[str, Any]) -> None:
        call_id = entry["id"]
        flight = InFlight(
            started=Started(**{name: entry[name] for name in ("id", "pid", "create_time", "deadline")}),
            spool_path=self.root / "spool" / call_id,
            log_path=self.root / "logs" / call_id,
            memory_mb=512,
            timeout=30.0,
        )
        outcome = await (pool if call_id.startswith("f") else containers).adopt(flight)
        assert isinstance(outcome, Returned | TaskStopped | Lost), outcome
        if not isinstance(outcome, Lost):
            self._record(call_id, outcome.payload if isinstance(outcome, Returned) else outcome.output or b"")

    def _record(self, call_id: str, result: bytes) -> None:
        entry = {"kind": "result", "id": call_id, "job": call_id.partition(".")[0], "value": result.decode()}
        with (self.root / "journal").open("a", encoding="utf-8") as journal:
            journal.write(json.dumps(entry) + "\n")

    async def until_done(self) -> None:
        while missing := [job for job in JOBS if job not in self.results()]:
            await asyncio.to_thread(self.run_and_kill, missing, self.chance.randint(1, EVENTS))
            await self.take_over()


async def survive(root: Path, seed: int) -> None:
    worker = Worker(root, seed)
    await worker.until_done()
    assert worker.results() == {job: {"job": job, "total": sum(range(20_000))} for job in JOBS}
    lines = (root / "counters").read_text(encoding="utf-8").splitlines()
    assert Counter(lines) == {f"{word} {job}": 1 for word in ("begin", "end") for job in JOBS}
    worker.events.close()
    await until(lambda: not processes_in(root))


def processes_in(folder: Path) -> list[psutil.Process]:
    """Return what still runs in a folder: nobody may be forgotten there."""
    found = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            if process.cwd() == str(folder) and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process)
    return found


@pytest.mark.parametrize("seed", range(5))
async def test_worker_killed_at_random_points(tmp_path: Path, seed: int) -> None:
    await survive(tmp_path, seed)


@pytest.mark.bench
@pytest.mark.parametrize("seed", range(100, 150))
async def test_worker_killed_at_many_random_points(tmp_path: Path, seed: int) -> None:
    await survive(tmp_path, seed)
