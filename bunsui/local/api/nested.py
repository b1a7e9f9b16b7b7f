"""States that start executions of other machines: `states:startExecution`."""

from __future__ import annotations

import asyncio
import hashlib
from typing import Any

import orjson

from bunsui.asl import Signal, StartTask, Stop, TaskFailed, TaskSubmitted, TaskSucceeded
from bunsui.asl.clock import iso
from bunsui.local.api.errors import ApiError
from bunsui.local.api.executions import Runner
from bunsui.local.api.host import Host
from bunsui.local.api.tables import Run

ABORTED = "aborted"
"""Why a task is cancelled: its answer no longer counts. Without it the server merely closes."""
RESOURCE = "arn:aws:states:::states:startExecution"


class Nested:
    """Begins the inner execution and tells the outer one of it."""

    def __init__(self, host: Host, runner: Runner) -> None:
        self._host = host
        self._runner = runner

    async def carry(self, execution: int, task: StartTask) -> Signal:
        """The last signal of the task. `.sync` waits for the end, and tells of the start before."""
        pattern = task.resource.removeprefix(RESOURCE)
        try:
            run = self._begin(task)
        except ApiError as error:
            return TaskFailed(
                self._host.now(), task.task_id, f"StepFunctions.{error.code}Exception", error.message
            )
        begun = {"ExecutionArn": run.arn, "StartDate": iso(run.started_at)}
        if not pattern:
            return TaskSucceeded(self._host.now(), task.task_id, begun)
        await self._host.send(execution, TaskSubmitted(self._host.now(), task.task_id, begun))
        return self._end(task, await self._ended(run), parsed=pattern == ".sync:2")

    async def _ended(self, run: Run) -> Run:
        try:
            return await self._host.end_of(run.execution)
        except asyncio.CancelledError as error:
            if error.args == (ABORTED,):
                cause = "The execution that waited for this one has ended"
                self._host.mailbox.send(run.execution, Stop(self._host.now(), None, cause))
            raise

    def _begin(self, task: StartTask) -> Run:
        given = task.parameters
        parent = f"{task.execution_arn} {task.task_id}"
        name = given.get("Name") or hashlib.sha256(parent.encode()).hexdigest()[:32]
        text = given.get("Input", {})
        value = orjson.loads(text) if isinstance(text, str) else text
        return self._runner.begin(
            self._runner.choose(str(given["StateMachineArn"])), str(name), value, parent
        )

    def _end(self, task: StartTask, run: Run, *, parsed: bool) -> Signal:
        told = _told(run, parsed=parsed)
        now = self._host.now()
        if run.status == "SUCCEEDED":
            return TaskSucceeded(now, task.task_id, told)
        return TaskFailed(now, task.task_id, "States.TaskFailed", orjson.dumps(told).decode())


def _told(run: Run, *, parsed: bool) -> dict[str, Any]:
    def data(text: str | None) -> Any:
        return orjson.loads(text) if parsed and text is not None else text

    found = {
        "ExecutionArn": run.arn,
        "Input": data(run.body["input"]),
        "InputDetails": {"Included": True},
        "Name": run.body["name"],
        "StartDate": round(run.started_at * 1000),
        "StateMachineArn": run.machine,
        "Status": run.status,
        "StopDate": round((run.ended_at or run.started_at) * 1000),
    }
    if run.status == "SUCCEEDED":
        return {**found, "Output": data(run.output), "OutputDetails": {"Included": True}}
    return {**found, "Error": run.error, "Cause": run.cause}
