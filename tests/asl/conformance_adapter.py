"""The engine behind the interface of the runner of recorded cases; it translates and nothing more."""

from __future__ import annotations

import itertools
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

from bunsui.asl import (
    Continue,
    Effect,
    Execution,
    ExecutionStart,
    ItemsRead,
    ItemsUnreadable,
    ReadItems,
    ResultsWritten,
    Signal,
    StartTask,
    TaskFailed,
    TaskStarted,
    TaskSubmitted,
    TaskSucceeded,
    TimeReached,
    WriteResults,
    compile_machine,
)
from bunsui.local.engine.logged import LoggedExecution
from bunsui.local.sqlite.database import Database
from tests.asl.adapter_validation import test_state, validate
from tests.asl.matching import match

__all__ = ["run", "run_durable", "test_state", "validate"]

ACCOUNT = "123456789012"
_ARN = f"arn:aws:states:us-east-1:{ACCOUNT}"
_NUMBERS = itertools.count(1)
_BEGIN = 2_000_000_000.0


def run(definition: Any, input: Any, mocks: Mapping[str, Any], *, case: Mapping[str, Any]) -> dict[str, Any]:
    """Run a definition under virtual time with recorded answers."""
    machine = compile_machine(definition, case.get("type", "STANDARD"))
    execution = Execution(machine, start_record(input))
    Driver(execution, mocks, case.get("s3") or {}).run()
    return summary(execution, with_events=not case.get("no_events"))


def run_durable(
    definition: Any, input: Any, mocks: Mapping[str, Any], *, case: Mapping[str, Any]
) -> dict[str, Any]:
    """The same with every signal and event in a database, committed before its effects are carried out."""
    machine = compile_machine(definition, case.get("type", "STANDARD"))
    record = replace(start_record(input), name=f"run-{next(_NUMBERS)}")
    logged = LoggedExecution(_scratch()[1], machine, record)
    Driver(logged, mocks, case.get("s3") or {}).run()
    return summary(logged.execution, with_events=not case.get("no_events"))


@cache
def _scratch() -> tuple[tempfile.TemporaryDirectory[str], Database]:
    folder = tempfile.TemporaryDirectory(prefix="bunsui-cases-")
    return folder, Database(Path(folder.name) / "bunsui.db")


def start_record(input: Any) -> ExecutionStart:
    """The start of a recorded case; names and ids are made up."""
    return ExecutionStart(
        arn=f"{_ARN}:execution:machine:run",
        name="run",
        input=input,
        started_at=_BEGIN,
        state_machine_arn=f"{_ARN}:stateMachine:machine",
        state_machine_name="machine",
        role_arn=f"arn:aws:iam::{ACCOUNT}:role/machine",
        seed="recorded",
    )


def summary(execution: Execution, *, with_events: bool) -> dict[str, Any]:
    """What the runner compares."""
    out: dict[str, Any] = {"status": execution.status}
    if execution.status == "SUCCEEDED":
        out["output"] = execution.output
    else:
        out["error"], out["cause"] = execution.error, execution.cause
    if with_events:
        out["events"] = execution.history.types()
    return out


class Driver:
    """Carries out effects with recorded answers and moves the time."""

    def __init__(
        self, execution: Execution | LoggedExecution, mocks: Mapping[str, Any], objects: Mapping[str, str]
    ) -> None:
        self.execution = execution
        self.left = [entry for entries in mocks.values() for entry in entries]
        self.objects = objects

    def run(self) -> None:
        execution = self.execution
        pending = self.carry_out(execution.start())
        while execution.status == "RUNNING":
            if pending:
                pending = [*pending[1:], *self.carry_out(execution.apply(pending[0]))]
            elif execution.runnable:
                pending = self.carry_out(execution.apply(Continue(execution.now)))
            elif execution.next_timer is not None:
                pending = self.carry_out(execution.apply(TimeReached(execution.next_timer)))
            else:
                raise AssertionError("the execution waits for nothing")

    def carry_out(self, effects: Iterable[Effect]) -> list[Signal]:
        return [signal for effect in effects for signal in self.answer(effect)]

    def answer(self, effect: Effect) -> list[Signal]:
        if isinstance(effect, StartTask):
            return self.call(effect)
        if isinstance(effect, ReadItems):
            return [self.read(effect)]
        if isinstance(effect, WriteResults):
            return [ResultsWritten(self.execution.now, effect.write_id)]
        return []

    def call(self, task: StartTask) -> list[Signal]:
        now, entry = self.execution.now, self.take(task)
        out: list[Signal] = []
        if ":activity:" in task.resource:
            out.append(TaskStarted(now, task.task_id, "worker"))
        if "submitted" in entry:
            out.append(TaskSubmitted(now, task.task_id, entry["submitted"]))
        if "result" in entry:
            out.append(TaskSucceeded(now, task.task_id, entry["result"]))
        elif not self.will_time_out(task, entry):
            event = entry.get("event")
            out.append(TaskFailed(now, task.task_id, entry.get("error"), entry.get("cause"), event))
        return out

    @staticmethod
    def will_time_out(task: StartTask, entry: Mapping[str, Any]) -> bool:
        watched = task.timeout_seconds is not None or task.heartbeat_seconds is not None
        return str(entry.get("event")).endswith("TimedOut") and watched

    def take(self, task: StartTask) -> dict[str, Any]:
        mine = [entry for entry in self.left if entry["state"] == task.state]
        fitting = (entry for entry in mine if match(entry.get("parameters"), task.parameters))
        entry: dict[str, Any] = next(fitting)
        self.left.remove(entry)
        return entry

    def read(self, effect: ReadItems) -> Signal:
        now, bucket = self.execution.now, effect.parameters.get("Bucket")
        if effect.resource.endswith(":listObjectsV2"):
            return ItemsRead(now, effect.read_id, items=self.listed(bucket, effect.parameters))
        body = self.objects.get(f"{bucket}/{effect.parameters.get('Key')}")
        if body is None:
            return ItemsUnreadable(now, effect.read_id, "The specified key does not exist.")
        return ItemsRead(now, effect.read_id, body=body)

    def listed(self, bucket: Any, parameters: Mapping[str, Any]) -> list[Any]:
        prefix = f"{bucket}/{parameters.get('Prefix', '')}"
        keys = sorted(key for key in self.objects if key.startswith(prefix))
        return [{"Key": key.partition("/")[2], "Size": len(self.objects[key])} for key in keys]
