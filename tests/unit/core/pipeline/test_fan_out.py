"""Map jobs as the engine runs them: inline and distributed, the same iterations."""

from __future__ import annotations

import json
from typing import Any

import pytest

from bunsui.asl import (
    Effect,
    Execution,
    ExecutionStart,
    ItemsRead,
    ReadItems,
    Signal,
    StartTask,
    TaskFailed,
    TaskSucceeded,
    compile_machine,
)
from bunsui.asl.validation import validate
from bunsui.core.models.pipeline import Pipeline
from bunsui.core.pipeline import compile_pipeline
from bunsui.core.pipeline.limits import HISTORY_EVENTS, estimated_events

PLACE = {"session": "s", "run": "r", "attempt": 1, "batch": False, "operation": None}


def pipeline(*operations: dict[str, Any], **spec: Any) -> Pipeline:
    calls = list(operations) or [{"lambda": {"handler": "h:f"}}]
    job = {"operations": calls, "map": {"items": [1], **spec}}
    return Pipeline.model_validate({"name": "p", "jobs": {"each": job}})


class Drive:
    """Runs a compiled map; control answers `begin` with `count` calls, functions give their payload."""

    def __init__(
        self, built: Pipeline, action: str, count: int, failing: frozenset[int] = frozenset()
    ) -> None:
        self.calls = [self._made(number, len(built.jobs["each"].operations)) for number in range(count)]
        self.action, self.failing = action, failing
        self.reports: list[dict[str, Any]] = []
        self.finished: list[Any] = []
        self.most = self.open = 0
        definition = compile_pipeline(built).definition
        arn = "arn:aws:states:eu-west-1:000000000000:execution:m:x"
        source = {"session": "s", "run": "r", "attempt": 1, "plan": "d"}
        start = ExecutionStart(arn=arn, name="x", input=source, started_at=0.0)
        self.execution = Execution(compile_machine(definition, type="STANDARD"), start)

    def _made(self, number: int, operations: int) -> dict[str, Any]:
        one = {"payload": number, "client_context": "e30=", "timeout": 60}
        return {"place": PLACE, "keys": [str(number)], "operations": [one] * operations}

    def run(self) -> Execution:
        waiting = self._answers(self.execution.start())
        while self.execution.status == "RUNNING":
            waiting += self._answers(self.execution.apply(waiting.pop(0)))
        return self.execution

    def _answers(self, effects: list[Effect]) -> list[Signal]:
        found: list[Signal] = []
        for effect in effects:
            if isinstance(effect, ReadItems):
                assert effect.parameters == {"Bucket": "b", "Key": "k"}
                found.append(ItemsRead(0.0, effect.read_id, json.dumps(self.calls)))
            elif isinstance(effect, StartTask):
                found.append(self._answer(effect))
        return found

    def _answer(self, task: StartTask) -> Signal:
        payload = task.parameters["Payload"]
        if task.parameters["FunctionName"] != "bunsui-control":
            self.most = max(self.most, self.open + 1)
            self.open += 1
            if payload in self.failing:
                return TaskFailed(0.0, task.task_id, "Boom", "it broke")
            return TaskSucceeded(0.0, task.task_id, {"Payload": payload})
        return TaskSucceeded(0.0, task.task_id, self._control(payload))

    def _control(self, payload: Any) -> Any:
        match payload["op"]:
            case "begin":
                given = (
                    {"calls": self.calls}
                    if self.action == "inline"
                    else {"reader": {"Bucket": "b", "Key": "k"}}
                )
                return {"action": self.action, "concurrency": 3, **given}
            case "item":
                self.open -= 1
                self.reports.append(payload)
            case "finish":
                self.finished.append(payload["outcome"])
            case "end":
                return {"Payload": {"status": "succeeded"}}
        return {"Payload": {}}


@pytest.mark.parametrize("action", ["inline", "distributed"])
def test_every_call_is_made_and_reported_once(action: str) -> None:
    drive = Drive(pipeline(), action, 10, failing=frozenset({4}))
    assert drive.run().status == "SUCCEEDED"
    assert {report["keys"][0] for report in drive.reports} == {str(number) for number in range(10)}
    assert len(drive.reports) == 10
    for report in drive.reports:
        number = int(report["keys"][0])
        failed = {"error": "Boom", "cause": "it broke"}
        assert report["outcome"] == (failed if number == 4 else {"output": number})
        assert (report["session"], report["attempt"], report["job"]) == ("s", 1, "each")
        assert report["begun"] == "1970-01-01T00:00:00.000Z"
    assert len(drive.finished) == 1
    assert "error" not in drive.finished[0]
    assert drive.most <= 3


@pytest.mark.parametrize("action", ["inline", "distributed"])
def test_operations_follow_each_other(action: str) -> None:
    function = {"lambda": {"handler": "h:f"}}
    drive = Drive(pipeline(function, function), action, 3)
    assert drive.run().status == "SUCCEEDED"
    assert len(drive.reports) == 3


def test_a_distributed_map_has_no_inline_states() -> None:
    branch: Any = compile_pipeline(pipeline(mode="distributed")).definition["States"]
    states = branch["Jobs"]["Branches"][0]["States"]
    assert sorted(states) == ["each begin", "each done", "each finish", "each go?", "each wide"]


@pytest.mark.parametrize("mode", ["inline", "distributed"])
def test_the_definition_is_valid(mode: str) -> None:
    found = validate(json.dumps(compile_pipeline(pipeline(mode=mode)).definition))
    assert [one for one in found if one.severity.value == "ERROR"] == []


def test_many_maps_share_one_history() -> None:
    jobs = {f"j{number}": {"lambda": {"handler": "h:f"}, "map": {"items": [1]}} for number in range(100)}
    built = Pipeline.model_validate({"name": "p", "jobs": jobs})
    assert estimated_events(built) < HISTORY_EVENTS
