"""Runs compiled pipelines under virtual time: the engine, and just enough of control to let jobs go."""

from __future__ import annotations

import heapq
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from bunsui.asl import (
    CancelTask,
    Effect,
    Execution,
    ExecutionStart,
    Signal,
    StartTask,
    TaskFailed,
    TaskSubmitted,
    TaskSucceeded,
    TimeReached,
    compile_machine,
)
from bunsui.core.models.pipeline import Pipeline
from bunsui.core.pipeline import Dag, compile_pipeline

CONTROL = "bunsui-control"


@dataclass
class World:
    """A run of a pipeline. `durations` are seconds by job; `failing` jobs fail; `passing` ones are reused."""

    pipeline: Pipeline
    durations: Mapping[str, float]
    failing: frozenset[str] = frozenset()
    passing: frozenset[str] = frozenset()
    outcomes: dict[str, Any] = field(default_factory=dict)
    started: dict[str, float] = field(default_factory=dict)
    ended: dict[str, float] = field(default_factory=dict)
    calls: list[StartTask] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.dag = Dag(self.pipeline)
        self.compiled = compile_pipeline(self.pipeline)
        self._waiting: dict[str, str] = {}
        self._due: list[tuple[float, int, Signal]] = []
        self._count = 0

    def run(self) -> Execution:
        """The execution, ended; its clock began at 0."""
        arn = "arn:aws:states:eu-west-1:000000000000:execution:m:x"
        source = {"session": "s", "run": "r", "attempt": 1, "plan": "d"}
        start = ExecutionStart(arn=arn, name="x", input=source, started_at=0.0)
        execution = Execution(compile_machine(self.compiled.definition, type="STANDARD"), start)
        self._carry_out(execution.start(), 0.0)
        while execution.status == "RUNNING":
            self._carry_out(execution.apply(self._next(execution)), execution.now)
        return execution

    def _next(self, execution: Execution) -> Signal:
        timer = execution.next_timer
        if timer is not None and (not self._due or timer < self._due[0][0]):
            return TimeReached(timer)
        return heapq.heappop(self._due)[2]

    def _later(self, signal: Signal) -> None:
        self._count += 1
        heapq.heappush(self._due, (signal.at, self._count, signal))

    def _carry_out(self, effects: list[Effect], now: float) -> None:
        for effect in effects:
            if isinstance(effect, StartTask):
                self._task(effect, now)
            else:
                assert isinstance(effect, CancelTask)

    def _task(self, task: StartTask, now: float) -> None:
        name = task.parameters.get("FunctionName")
        if name == CONTROL:
            payload = task.parameters["Payload"]
            assert payload.items() >= {"session": "s", "run": "r", "attempt": 1, "plan": "d"}.items()
            getattr(self, f"_{payload['op']}")(task, payload, now)
            return
        self.calls.append(task)
        job = self.compiled.states[task.state].job
        self.started.setdefault(job, now)
        at = now + self.durations[job]
        if job in self.failing:
            self._later(TaskFailed(at, task.task_id, "Broken", "it broke"))
        else:
            self._later(TaskSucceeded(at, task.task_id, self._result(task)))

    def _result(self, task: StartTask) -> Any:
        if "lambda" in task.resource:
            return {"StatusCode": 200, "Payload": {"job": task.state}}
        return {"Output": {"job": task.state}} if "states:startExecution" in task.resource else {"any": 1}

    def _begin(self, task: StartTask, payload: Any, now: float) -> None:
        self._later(TaskSubmitted(now, task.task_id, {"StatusCode": 200}))
        self._waiting[payload["job"]] = task.task_id
        self._wake(now)

    def _finish(self, task: StartTask, payload: Any, now: float) -> None:
        self.outcomes[payload["job"]] = payload["outcome"]
        self.ended[payload["job"]] = now
        self._later(TaskSucceeded(now, task.task_id, {"Payload": None}))
        self._wake(now)

    def _end(self, task: StartTask, payload: Any, now: float) -> None:
        bad = sorted(job for job, outcome in self.outcomes.items() if "error" in outcome)
        answer = (
            {"status": "failed", "error": "JobsFailed", "cause": ",".join(bad)}
            if bad
            else {"status": "succeeded"}
        )
        self._later(TaskSucceeded(now, task.task_id, {"Payload": answer}))

    def _wake(self, now: float) -> None:
        for job in [job for job in self._waiting if self.dag.needs[job] <= self.ended.keys()]:
            self._later(TaskSucceeded(now, self._waiting.pop(job), self._answer(job)))
            if self._passes(job):
                self.ended[job] = now
                self._wake(now)
                return

    def _passes(self, job: str) -> bool:
        failed = {name for name, outcome in self.outcomes.items() if "error" in outcome}
        return job in self.passing or bool(failed & self.dag.upstream(job))

    def _answer(self, job: str) -> Any:
        if self._passes(job):
            return {"action": "pass"}
        operation = {
            "payload": {},
            "client_context": "e30=",
            "overrides": {},
            "arguments": {"Token": "bunsui:task-token"},
        }
        count = len(self.pipeline.jobs[job].operations)
        return {"action": "run", "operations": [{**operation, "timeout": 1_000_000}] * count}
