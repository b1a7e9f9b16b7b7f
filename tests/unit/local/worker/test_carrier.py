"""What the carrier does with its work when something else comes between."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Any, cast

from bunsui.asl.effects import StartTask
from bunsui.local.engine.executions import ExecutionRecord, Options, Owner
from bunsui.local.worker.carrier import TaskCarrier
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


class Endings:
    def __init__(self) -> None:
        self.told: list[str] = []

    async def note(self, record: ExecutionRecord) -> None:
        self.told.append(record.name)


def carrier(endings: Endings) -> TaskCarrier:
    none = cast("Any", None)
    return TaskCarrier(
        mailbox=Mailbox(),
        tokens={},
        control=none,
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
