"""What the carrier does with its work when something else comes between."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from typing import Any, cast

from bunsui.asl.effects import StartTask
from bunsui.asl.signals import TaskSucceeded
from bunsui.core.pipeline.machine import CONTROL
from bunsui.local.engine.executions import ExecutionRecord, Options, Owner
from bunsui.local.worker.assignment import Assignment
from bunsui.local.worker.carrier import TaskCarrier
from bunsui.local.worker.control_calls import Reported
from bunsui.local.worker.mailbox import Mailbox

RECORD = ExecutionRecord(
    id=1,
    name="e",
    machine="",
    start={},
    owner=Owner(session_id="20260301-aaaaaa", run_id="r", attempt=1),
    options=Options(),
    status="RUNNING",
    error=None,
    cause=None,
)
TASK = StartTask(
    task_id="t",
    state="j",
    resource="arn:aws:states:::lambda:invoke",
    parameters={"FunctionName": "work"},
    execution_arn="e",
)


@dataclass
class Broken:
    """Functions that a defect keeps from being prepared."""

    async def declares(self, owner: Owner, name: str) -> bool:
        raise KeyError(name)


class Reports:
    """Reports whose follow-ups fail, wait for ever, or are done."""

    def __init__(self) -> None:
        self.done: list[str] = []
        self.never = asyncio.Event()

    async def report(self, assignment: Assignment) -> Reported:
        name = assignment.task.state
        return Reported(TaskSucceeded(0.0, name, {}), lambda connection: None, lambda: self.after(name))

    async def after(self, name: str) -> None:
        if name == "defect":
            raise KeyError(name)
        if name == "slow":
            await self.never.wait()
        self.done.append(name)


class Endings:
    def __init__(self) -> None:
        self.told: list[str] = []

    async def note(self, record: ExecutionRecord) -> None:
        self.told.append(record.name)


def carrier(endings: Endings, control: Reports | None = None) -> TaskCarrier:
    none = cast("Any", None)
    return TaskCarrier(
        mailbox=Mailbox(),
        tokens={},
        control=cast("Any", control),
        functions=cast("Any", Broken()),
        containers=none,
        runners=none,
        integrations=none,
        blobs=none,
        on_end=endings.note,
    )


async def test_what_a_commit_let_begin_has_begun_when_the_worker_lets_go() -> None:
    endings = Endings()
    made = carrier(endings)
    made.ended(RECORD)
    await made.let_go()
    assert endings.told == ["e"]
    await asyncio.sleep(0)
    assert not made.busy


async def test_a_defect_in_preparing_a_call_is_left_to_its_task() -> None:
    assert await carrier(Endings()).at_once(RECORD, TASK) is None


async def committed(made: TaskCarrier, *states: str) -> None:
    """The reports of one commit, and what follows it."""
    for state in states:
        task = replace(TASK, state=state, parameters={"FunctionName": CONTROL})
        post = await made.at_once(RECORD, task)
        assert post is not None
        assert post.then is not None
        post.then()


async def test_what_follows_a_report_is_done_whatever_becomes_of_the_others() -> None:
    reports = Reports()
    made = carrier(Endings(), reports)
    await committed(made, "first", "defect", "second")
    await asyncio.sleep(0)
    assert reports.done == ["first", "second"]
    await committed(made, "third", "slow", "behind")
    await asyncio.sleep(0)
    await committed(made, "fourth")
    await asyncio.sleep(0)
    assert reports.done == ["first", "second", "third", "behind", "fourth"]
    await made.let_go()


async def test_what_follows_a_report_is_done_when_the_worker_lets_go() -> None:
    reports = Reports()
    made = carrier(Endings(), reports)
    await committed(made, "slow", "slow", "last")
    await made.let_go()
    assert reports.done == ["last"]
    await asyncio.sleep(0)
    assert not made.busy
