"""Executions behind the API: what is in which commit, and redrives that meet one under way."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from bunsui.asl import Effect, ExecutionStart, RecordMapRun, StartTask, TaskFailed
from bunsui.local.api.host import Host, NewRun
from bunsui.local.api.map_runs import record_map_run
from bunsui.local.api.tables import MIGRATIONS
from bunsui.local.engine.executions import ExecutionRecord
from bunsui.local.sqlite.database import Database
from bunsui.local.worker.mailbox import Post
from tests.unit.local.worker.test_driver import SlowDisk

TASK = {"Type": "Task", "Resource": "arn:aws:lambda:us-east-1:123456789012:function:work", "End": True}
ARN = "arn:aws:states:us-east-1:123456789012:execution:machine:one"


class Failing:
    """Fails the first task, and leaves the others."""

    def __init__(self, host: Host) -> None:
        self.host = host
        self.issued: list[StartTask] = []

    async def at_once(self, record: ExecutionRecord, effect: Effect) -> Post | None:
        if isinstance(effect, RecordMapRun):
            return Post(execution=record.id, writes=(partial(record_map_run, effect=effect),))
        return None

    def issue(self, record: ExecutionRecord, effect: Effect) -> None:
        if isinstance(effect, StartTask):
            if not self.issued:
                failed = TaskFailed(self.host.now(), effect.task_id, "Bad", None)
                self.host.mailbox.send(record.id, failed)
            self.issued.append(effect)

    def ended(self, record: ExecutionRecord) -> None:
        pass


@pytest.fixture
async def host(tmp_path: Path) -> AsyncIterator[Host]:
    host = Host(Database(tmp_path / "states.db", migrations=MIGRATIONS))
    host.attach(Failing(host))
    yield host
    host.database.close()


def begin(host: Host, state: dict[str, Any]) -> int:
    start = ExecutionStart(arn=ARN, name="one", input=[1, 2], started_at=host.now(), seed="one")
    definition = {"StartAt": "A", "States": {"A": state}}
    return host.begin(NewRun(start=start, definition=definition, type="STANDARD", machine="m", body={}))


async def test_a_map_run_is_recorded_beside_the_start_that_tells_of_it(host: Host) -> None:
    """Killed right after, the server would not know the map run before something else became of it."""
    processor = {
        "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"},
        "StartAt": "B",
        "States": {"B": TASK},
    }
    begin(host, {"Type": "Map", "ItemProcessor": processor, "End": True})
    run = host.runs.find(ARN)
    assert run is not None
    assert host.history(run).types()[-1] == "MapRunStarted"
    assert [one["status"] for one in host.runs.map_runs(ARN)] == ["RUNNING"]


async def test_a_second_redrive_during_the_commit_of_the_first_is_refused(
    host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The log still says that the execution has failed; two redrives would write the same place in it."""
    disk = SlowDisk(host.database, monkeypatch)
    disk.go_on.set()
    driving = asyncio.create_task(host.run())
    run = await host.end_of(begin(host, TASK))
    await host.send(run.execution, None)
    disk.go_on.clear()
    disk.entered.clear()
    first = asyncio.create_task(host.redrive(run))
    await asyncio.to_thread(disk.entered.wait, 20)
    second = asyncio.create_task(host.redrive(run))
    await asyncio.sleep(0)
    disk.go_on.set()
    async with asyncio.timeout(20):
        assert isinstance(await first, float)
        assert isinstance(await second, str)
    await host.send(run.execution, None)
    names = host.history(run).types()
    assert names.count("ExecutionRedriven") == 1
    host.stop()
    await driving
