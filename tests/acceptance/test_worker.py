"""The life of the worker: started on demand, alone, drained, replaced, true to calls that others began."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable
from contextlib import closing
from pathlib import Path

import psutil
import pytest

from bunsui.core.models.base import JsonValue
from bunsui.core.models.payload import Failure
from bunsui.core.models.status import JobStatus, Status
from bunsui.core.ports.engine import EngineStart
from bunsui.core.session.requests import StopRequest
from bunsui.core.session.stop import plan_stop, stop
from bunsui.errors import StoreError, Unavailable
from bunsui.local.data_dir import DataDir
from bunsui.local.sqlite.database import Database
from bunsui.local.worker.client import WorkerClient
from bunsui.local.worker.lock import WorkerLock
from bunsui.local.worker.protocol import Hello
from bunsui.local.worker.server import Ear
from tests.acceptance.local_world import World

PIPELINE = """
bunsui: 1
name: small
jobs:
  one:
    timeout: {timeout}
    {operation}
  two:
    lambda: {{handler: 'handlers:after', input: {{value: '{{% $jobs.one %}}'}}}}
output: '{{% $jobs.two %}}'
"""
LAMBDA = "lambda: {handler: 'handlers:work', memory: 128, input: {text: hello}}"
CONTAINER = "ecs: {image: x, command: [python, task.py], cpu: 256, memory: 512}"
HANDLERS = """
import os, time
from pathlib import Path

FOLDER = Path(os.environ["BUNSUI_EXAMPLE_COUNTERS"])

def count(name):
    FOLDER.mkdir(parents=True, exist_ok=True)
    with (FOLDER / "calls.log").open("a") as log:
        log.write(name + "\\n")

def wait_for(name):
    while not (FOLDER / name).exists():
        time.sleep(0.01)

def work(event, context):
    count("one")
    with (FOLDER / "keys").open("a") as keys:
        keys.write(context.client_context.custom["idempotency_key"] + "\\n")
    (FOLDER / "pid").write_text(str(os.getpid()))
    wait_for("go")
    return {"text": event["text"], "large": "x" * 300_000}

def after(event, context):
    count("two")
    return {"length": len(event["value"].get("large", "")), "text": event["value"]["text"]}
"""
TASK = """
import json, os
from pathlib import Path
from handlers import FOLDER, count, wait_for
count("one")
(FOLDER / "pid").write_text(str(os.getpid()))
wait_for("go")
Path(os.environ["BUNSUI_OUTPUT"]).write_text(json.dumps({"text": "from a container"}))
"""
MakeWorld = Callable[..., World]


@pytest.fixture
async def make_world(tmp_path: Path) -> AsyncIterator[MakeWorld]:
    opened: list[World] = []

    def make(operation: str = LAMBDA, *, timeout: str = "60s", idle: float = 30.0) -> World:
        project = tmp_path / "project"
        project.mkdir(exist_ok=True)
        text = PIPELINE.format(operation=operation, timeout=timeout)
        (project / "pipeline.yaml").write_text(text, encoding="utf-8")
        (project / "handlers.py").write_text(HANDLERS, encoding="utf-8")
        (project / "task.py").write_text(TASK, encoding="utf-8")
        opened.append(World(tmp_path, project, idle=idle))
        return opened[-1]

    yield make
    for world in opened:
        await world.close()


async def until(condition: Callable[[], bool], seconds: float = 30.0) -> None:
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110 - another process, which tells us nothing
            await asyncio.sleep(0.01)


async def called(world: World) -> int:
    """Wait until the first handler was called; its process."""
    path = world.counters / "pid"
    await until(lambda: path.exists() and path.read_text(encoding="utf-8") != "")
    return int(path.read_text(encoding="utf-8"))


def let_go(world: World) -> None:
    (world.counters / "go").touch()


@pytest.mark.parametrize("operation", [LAMBDA, CONTAINER])
@pytest.mark.parametrize("ending", [signal.SIGTERM, signal.SIGKILL])
async def test_a_call_goes_on_without_the_worker(
    make_world: MakeWorld, operation: str, ending: signal.Signals
) -> None:
    world = make_world(operation)
    session_id = await world.start()
    await called(world)
    found = world.worker.ask("hello")
    assert found is not None
    os.kill(found.pid, ending)
    await until(lambda: not psutil.pid_exists(found.pid) or zombie(found.pid))
    let_go(world)
    ended = await world.wait(session_id)
    assert ended.session.status is Status.SUCCEEDED
    assert world.calls() == {"one": 1, "two": 1}
    assert [one.status for one in ended.tries] == [JobStatus.SUCCEEDED] * 2


async def test_a_copy_of_a_data_directory_leaves_the_processes_of_the_other_alone(
    make_world: MakeWorld, tmp_path: Path
) -> None:
    world = make_world()
    session_id = await world.start()
    pid = await called(world)
    ignored = shutil.ignore_patterns("worker.*", "bunsui.db*")
    shutil.copytree(world.data.root, tmp_path / "other" / "data", ignore=ignored)
    with (
        closing(sqlite3.connect(world.data.database)) as database,
        closing(sqlite3.connect(tmp_path / "other" / "data" / "bunsui.db")) as copy,
    ):
        database.backup(copy)
    other = World(tmp_path / "other", world.project)
    try:
        other.counters.mkdir()
        let_go(other)
        ended = await other.wait(session_id)
        assert ended.session.status is Status.SUCCEEDED
        assert other.calls() == {"one": 1, "two": 1}
    finally:
        await other.close()
    assert psutil.pid_exists(pid)
    let_go(world)
    assert (await world.wait(session_id)).session.status is Status.SUCCEEDED
    assert world.calls() == {"one": 1, "two": 1}


def zombie(pid: int) -> bool:
    return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE


async def test_a_lost_runner_is_called_once_more_with_the_same_key(make_world: MakeWorld) -> None:
    world = make_world()
    session_id = await world.start()
    pid = await called(world)
    (world.counters / "pid").unlink()
    os.kill(pid, signal.SIGKILL)
    await called(world)
    let_go(world)
    ended = await world.wait(session_id)
    assert ended.session.status is Status.SUCCEEDED
    assert [one.status for one in ended.tries] == [JobStatus.LOST, *[JobStatus.SUCCEEDED] * 2]
    keys = (world.counters / "keys").read_text(encoding="utf-8").split()
    assert len(keys) == 2
    assert len(set(keys)) == 1


async def test_a_runner_lost_twice_is_for_the_retry_policy(make_world: MakeWorld) -> None:
    world = make_world()
    session_id = await world.start()
    for _ in range(2):
        pid = await called(world)
        (world.counters / "pid").unlink()
        os.kill(pid, signal.SIGKILL)
    ended = await world.wait(session_id)
    assert ended.statuses == {"one": "failed", "two": "upstream_failed"}
    assert [one.status for one in ended.tries] == [JobStatus.LOST] * 2
    assert world.calls() == {"one": 2}
    failure = ended.jobs[0].failure
    assert failure is not None
    assert "died 2 times" in failure.cause


async def test_a_large_result_travels_by_reference(make_world: MakeWorld) -> None:
    world = make_world()
    world.counters.mkdir()
    let_go(world)
    ended = await world.wait(await world.start())
    output = ended.runs[0].output
    assert output is not None
    assert output.value == {"length": 300_000, "text": "hello"}
    assert ended.jobs[0].output is not None
    assert ended.jobs[0].output.blob is not None


@pytest.mark.parametrize("operation", [LAMBDA, CONTAINER])
async def test_a_deadline_ends_the_process(make_world: MakeWorld, operation: str) -> None:
    world = make_world(operation, timeout="1s")
    session_id = await world.start()
    pid = await called(world)
    ended = await world.wait(session_id)
    assert ended.statuses == {"one": "timed_out", "two": "upstream_failed"}
    await until(lambda: not psutil.pid_exists(pid))
    assert await tries_when_ended(world, session_id) == [JobStatus.TIMED_OUT]


async def test_a_stop_ends_the_process(make_world: MakeWorld) -> None:
    world = make_world()
    session_id = await world.start()
    pid = await called(world)
    request = StopRequest(session_id=session_id)
    await plan_stop(world.ports, request)
    await stop(world.ports, request, by="ada")
    ended = await world.wait(session_id)
    assert ended.session.status is Status.STOPPED
    await until(lambda: not psutil.pid_exists(pid))
    assert await tries_when_ended(world, session_id) == [JobStatus.STOPPED]


async def tries_when_ended(world: World, session_id: str) -> list[JobStatus]:
    """The status of the tries, once the worker has recorded the end of every process."""
    tries = (await world.ended(session_id)).tries
    while any(one.finished_at is None for one in tries):
        assert await world.backend.store.events.changed(timeout=20)
        tries = (await world.ended(session_id)).tries
    return [one.status for one in tries]


def worker_command(data: DataDir) -> list[str]:
    return [sys.executable, "-P", "-m", "bunsui.local.worker", "--data-dir", str(data.root), "--idle", "5"]


def start_workers(data: DataDir, count: int) -> list[subprocess.Popen[bytes]]:
    return [subprocess.Popen(worker_command(data)) for _ in range(count)]


async def test_of_workers_started_at_once_one_works(tmp_path: Path) -> None:
    data = DataDir(tmp_path / "data")
    started = start_workers(data, 3)
    client = WorkerClient(data, idle=5, environment=dict(os.environ))
    found = await client.ensure()
    losers = [process for process in started if process.pid != found.pid]
    assert [process.wait(timeout=20) for process in losers] == [0] * len(losers)
    assert len(losers) >= 2
    assert oct(data.socket.stat().st_mode & 0o777) == "0o600"
    os.kill(found.pid, signal.SIGTERM)
    for process in started:
        process.wait(timeout=20)


async def test_clients_that_call_at_once_share_a_worker(tmp_path: Path) -> None:
    data = DataDir(tmp_path / "data")
    clients = [WorkerClient(data, idle=5, environment=dict(os.environ)) for _ in range(4)]
    found = await asyncio.gather(*(client.ensure() for client in clients))
    assert len({hello.pid for hello in found}) == 1
    os.kill(found[0].pid, signal.SIGTERM)


async def test_a_worker_without_work_ends(tmp_path: Path) -> None:
    client = WorkerClient(DataDir(tmp_path / "data"), idle=0.3, environment=dict(os.environ))
    found = await client.ensure()
    await until(lambda: client.ask("hello") is None)
    again = await client.ensure()
    assert again.pid != found.pid
    os.kill(again.pid, signal.SIGTERM)


async def test_a_worker_that_cannot_start_says_why(tmp_path: Path) -> None:
    data = DataDir(tmp_path / "data")
    database = Database(data.database)
    database.connection.execute("PRAGMA user_version = 99")
    database.close()
    client = WorkerClient(data, idle=5, environment=dict(os.environ))
    with pytest.raises(Unavailable, match="schema 99") as raised:
        await client.ensure()
    assert str(data.worker_log) in " ".join(raised.value.next_steps)


class OldWorker:
    """A worker of an earlier version, in this process: it holds the lock until it is told to end."""

    def __init__(self, data: DataDir) -> None:
        data.prepare()
        self.lock = WorkerLock(data)
        assert self.lock.acquire()
        self.ear = Ear(data, lambda: Hello(pid=1, version="0.0.1"), on_wake=lambda: None, on_drain=self.drain)
        self.drained = False

    def drain(self) -> None:
        self.drained = True
        self.ear.close()
        self.lock.release()


async def test_an_older_worker_is_drained_and_replaced(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = DataDir(tmp_path / "data")
    old = OldWorker(data)
    await old.ear.open()
    client = WorkerClient(data, idle=5, environment=dict(os.environ))
    ask = client.ask

    def from_a_thread(op: str) -> Hello | None:
        # The old worker lives in this event loop, which a blocking question would stop.
        if old.drained:
            return ask(op)
        if op == "drain":
            old.drain()
        return Hello(pid=1, version="0.0.1")

    monkeypatch.setattr(client, "ask", from_a_thread)
    found = await client.ensure()
    assert old.drained
    assert not found.older
    os.kill(found.pid, signal.SIGTERM)


def plain(name: str, definition: JsonValue) -> EngineStart:
    return EngineStart(
        name=name,
        definition=definition,
        input={},
        session_id="no",
        run_id="such",
        attempt=1,
    )


async def ended(world: World, name: str) -> tuple[str, Failure | None]:
    found = await world.backend.engine.describe(name)
    while found is None or found.status == "RUNNING":
        assert await world.backend.store.events.changed(timeout=30)
        found = await world.backend.engine.describe(name)
    return found.status, found.failure


async def test_what_cannot_be_driven_fails_and_the_others_go_on(make_world: MakeWorld) -> None:
    world = make_world()
    good: JsonValue = {"StartAt": "A", "States": {"A": {"Type": "Wait", "Seconds": 1, "End": True}}}
    glue: JsonValue = {"Type": "Task", "Resource": "arn:aws:states:::glue:startJobRun.sync", "End": True}
    await world.backend.engine.start(plain("good", good))
    await world.backend.engine.start(plain("bad", {"StartAt": "A", "States": {"A": {"Type": "Nonsense"}}}))
    await world.backend.engine.start(plain("foreign", {"StartAt": "A", "States": {"A": glue}}))
    status, failure = await ended(world, "bad")
    assert (status, failure and failure.error) == ("FAILED", "States.Runtime")
    status, failure = await ended(world, "foreign")
    assert failure is not None
    assert "glue:startJobRun" in failure.cause
    assert "integrations_mocks" in failure.cause
    assert (await ended(world, "good"))[0] == "SUCCEEDED"


async def test_timers_of_the_worker_are_on_time(make_world: MakeWorld) -> None:
    world = make_world()
    machine: JsonValue = {"StartAt": "A", "States": {"A": {"Type": "Wait", "Seconds": 1, "End": True}}}
    await world.backend.engine.start(plain("first", machine))
    begin = time.monotonic()
    await world.backend.engine.start(plain("timed", machine))
    await ended(world, "timed")
    assert 0.9 <= time.monotonic() - begin < 3.0


async def test_a_diverging_log_fails_its_execution_only(make_world: MakeWorld) -> None:
    world = make_world()
    machine: JsonValue = {"StartAt": "A", "States": {"A": {"Type": "Wait", "Seconds": 60, "End": True}}}
    await world.backend.engine.start(plain("changed", machine))
    await world.backend.engine.start(plain("other", machine))
    await until(lambda: world.rows("history") == 2)
    world.kill_worker()
    database = Database(world.data.database)
    with database.write() as connection:
        connection.execute("UPDATE history SET body = replace(body, '\"A\"', '\"B\"') WHERE execution = 1")
    database.close()
    await world.backend.engine.revive()
    status, failure = await ended(world, "changed")
    assert status == "FAILED"
    assert failure is not None
    assert "another history than was recorded" in failure.cause
    other = await world.backend.engine.describe("other")
    assert other is not None
    assert other.status == "RUNNING"


async def test_an_unusable_directory_is_one_clear_error(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("a file", encoding="utf-8")
    world = World(tmp_path, tmp_path)
    with pytest.raises(StoreError, match=str(tmp_path / "data")):
        await world.backend.engine.start(plain("x", {}))
