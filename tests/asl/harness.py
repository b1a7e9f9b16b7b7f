"""A driver in virtual time for tests: Python functions answer tasks, time passes at once."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from bunsui.asl import (
    CancelTask,
    Continue,
    Effect,
    Execution,
    ExecutionStart,
    ItemsRead,
    ItemsUnreadable,
    ReadItems,
    RecordChild,
    RecordMapRun,
    ResultsWritten,
    Signal,
    StartTask,
    TaskFailed,
    TaskSubmitted,
    TaskSucceeded,
    TimeReached,
    WriteResults,
    compile_machine,
    replay,
)

BEGIN = 1_700_000_000.0
ACCOUNT = "123456789012"
Work = Callable[[StartTask], Any]


class Failure(Exception):
    """Raised by a task function: the task fails with this error."""

    def __init__(self, error: str | None, cause: str | None = None) -> None:
        super().__init__(error, cause)
        self.error = error
        self.cause = cause


class Silence(Exception):
    """Raised by a task function: the task never answers."""


def start_record(input: Any, **more: Any) -> ExecutionStart:
    return ExecutionStart(
        **{
            "arn": f"arn:aws:states:us-east-1:{ACCOUNT}:execution:machine:run",
            "name": "run",
            "input": input,
            "started_at": BEGIN,
            "state_machine_arn": f"arn:aws:states:us-east-1:{ACCOUNT}:stateMachine:machine",
            "state_machine_name": "machine",
            "role_arn": f"arn:aws:iam::{ACCOUNT}:role/machine",
            "seed": "seed",
            **more,
        }
    )


@dataclass
class Drive:
    """One execution under test. ``work`` answers tasks by state name, or all of them as a function."""

    definition: Mapping[str, Any]
    input: Any = None
    work: Work | Mapping[str, Any] = field(default_factory=dict)
    objects: Mapping[str, Any] = field(default_factory=dict)
    type: str = "STANDARD"
    start: Mapping[str, Any] = field(default_factory=dict)
    records: bool = True

    def __post_init__(self) -> None:
        self.machine = compile_machine(self.definition, self.type)
        record = start_record({} if self.input is None else self.input, **self.start)
        self.execution = Execution(self.machine, record, records=self.records)
        self.signals: list[Signal] = []
        self.calls: list[StartTask] = []
        self.cancelled: list[str] = []
        self.map_runs: list[RecordMapRun] = []
        self.children: list[RecordChild] = []
        self.written: dict[str, str] = {}
        self.pending: list[Signal] = []

    def begin(self) -> Drive:
        self.take(self.execution.start())
        return self

    def run(self) -> Drive:
        """To the end, or until only silent tasks are left."""
        if self.execution.status == "PENDING":
            self.begin()
        while self.execution.status == "RUNNING" and self.step():
            pass
        return self

    def step(self) -> bool:
        execution = self.execution
        if self.pending:
            self.apply(self.pending.pop(0))
        elif execution.runnable:
            self.apply(Continue(execution.now))
        elif execution.next_timer is not None:
            self.apply(TimeReached(execution.next_timer))
        else:
            return False
        return True

    def apply(self, signal: Signal) -> None:
        self.signals.append(signal)
        self.take(self.execution.apply(signal))

    def take(self, effects: list[Effect]) -> None:
        for effect in effects:
            self.pending += self.answer(effect)

    def answer(self, effect: Effect) -> list[Signal]:
        now = self.execution.now
        if isinstance(effect, StartTask):
            self.calls.append(effect)
            return self.call(effect)
        if isinstance(effect, CancelTask):
            self.cancelled.append(effect.task_id)
        elif isinstance(effect, RecordMapRun):
            self.map_runs.append(effect)
        elif isinstance(effect, RecordChild):
            self.children.append(effect)
        elif isinstance(effect, WriteResults):
            self.written |= {f"{effect.bucket}/{key}": text for key, text in effect.files.items()}
            return [ResultsWritten(now, effect.write_id)]
        elif isinstance(effect, ReadItems):
            return [self.read(effect)]
        return []

    def call(self, task: StartTask) -> list[Signal]:
        now = self.execution.now
        submitted = [TaskSubmitted(now, task.task_id, {})] if task.resource.count(".") else []
        try:
            result = self.result(task)
        except Failure as failure:
            return [*submitted, TaskFailed(now, task.task_id, failure.error, failure.cause)]
        except Silence:
            return [*submitted]
        return [*submitted, TaskSucceeded(now, task.task_id, result)]

    def result(self, task: StartTask) -> Any:
        if callable(self.work):
            return self.work(task)
        answer = self.work[task.state]
        if isinstance(answer, list):
            answer = answer.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer(task) if callable(answer) else answer

    def read(self, effect: ReadItems) -> Signal:
        now = self.execution.now
        name = f"{effect.parameters.get('Bucket')}/{effect.parameters.get('Key', '')}"
        found = self.objects.get(name)
        if found is None:
            return ItemsUnreadable(now, effect.read_id, "The specified key does not exist.")
        if isinstance(found, list):
            return ItemsRead(now, effect.read_id, items=found)
        return ItemsRead(now, effect.read_id, body=found)

    def replayed(self, count: int | None = None) -> Execution:
        """A new execution after the first ``count`` signals (all of them if not given)."""
        return replay(self.machine, self.execution.record_of_start, self.signals[:count])

    @property
    def events(self) -> list[str]:
        return self.execution.history.types()

    def details(self, kind: str) -> list[dict[str, Any]]:
        return [event.details for event in self.execution.history if event.type == kind]

    @property
    def elapsed(self) -> float:
        return self.execution.now - BEGIN


def lambda_task(**fields: Any) -> dict[str, Any]:
    """A Task state of a Lambda function that ends its machine, unless ``Next`` is given."""
    state = {"Type": "Task", "Resource": f"arn:aws:lambda:us-east-1:{ACCOUNT}:function:work", **fields}
    return state if "Next" in state else {**state, "End": True}


def machine(states: Mapping[str, Any], **fields: Any) -> dict[str, Any]:
    """A definition that starts at its first state."""
    return {"StartAt": next(iter(states)), "States": dict(states), **fields}
