"""Compiled pipelines are valid machines, and waste no time."""

from __future__ import annotations

import json
import random
import time
from typing import Any

import pytest

from bunsui.asl.validation import validate
from bunsui.core.models.pipeline import Pipeline
from bunsui.core.pipeline import Dag, compile_pipeline, load_pipeline
from bunsui.core.pipeline.compiled import Step
from bunsui.core.pipeline.limits import check_limits, estimated_events
from bunsui.errors import LimitExceeded
from tests.unit.core.pipeline.shapes import pipeline_of, random_needs
from tests.unit.core.pipeline.virtual import World

EVERY_KIND: dict[str, Any] = {
    "name": "kinds",
    "defaults": {
        "retry": {"max_attempts": 2, "interval": "3s", "max_delay": "1m", "jitter": "full"},
        "timeout": "5m",
    },
    "jobs": {
        "one": {"lambda": {"handler": "h:f", "memory": 256}},
        "two": {"needs": ["one"], "ecs": {"image": "i", "command": ["x"]}, "retry": {"max_attempts": 0}},
        "three": {
            "needs": ["one"],
            "operations": [
                {"lambda": {"handler": "h:g"}},
                {"step_functions": {"state_machine": "m"}},
                {"aws": {"resource": "arn:aws:states:::sqs:sendMessage.waitForTaskToken", "arguments": {}}},
                {"aws": {"resource": "arn:aws:states:::glue:startJobRun.sync", "arguments": {}}},
            ],
        },
    },
}


def states_of(definition: dict[str, Any]) -> dict[str, Any]:
    inside = [branch["States"] for branch in definition["States"]["Jobs"]["Branches"]]
    return {name: state for states in inside for name, state in states.items()}


@pytest.mark.parametrize("document", [EVERY_KIND, "taxi"], ids=["kinds", "taxi"])
def test_definition_is_valid(document: Any, root: Any) -> None:
    loaded = load_pipeline(root / "examples" / "taxi_month").pipeline
    pipeline = loaded if document == "taxi" else Pipeline.model_validate(document)
    definition = compile_pipeline(pipeline).definition
    assert list(validate(json.dumps(definition))) == []


def makespan(seed: int) -> tuple[float, float]:
    chance = random.Random(seed)
    pipeline = pipeline_of(random_needs(chance))
    durations = {job: float(chance.randint(0, 100)) for job in pipeline.jobs}
    execution = World(pipeline, durations).run()
    assert execution.status == "SUCCEEDED"
    return execution.now, Dag(pipeline).critical_path(durations)[0]


@pytest.mark.parametrize("block", range(10))
def test_makespan_is_the_critical_path(block: int) -> None:
    for seed in range(block * 10, block * 10 + 10):
        found, expected = makespan(seed)
        assert found == expected, f"seed {seed}"


@pytest.mark.bench
@pytest.mark.parametrize("block", range(10))
def test_makespan_is_the_critical_path_of_a_thousand(block: int) -> None:
    for seed in range(1_000 + block * 100, 1_100 + block * 100):
        found, expected = makespan(seed)
        assert found == expected, f"seed {seed}"


def test_a_failed_job_does_not_stop_the_others() -> None:
    pipeline = pipeline_of({"a": [], "b": ["a"], "c": ["b"], "d": ["a"], "e": ["d", "c"]})
    world = World(pipeline, dict.fromkeys(pipeline.jobs, 1.0), failing=frozenset({"b"}))
    execution = world.run()
    assert (execution.status, execution.error, execution.cause) == ("FAILED", "JobsFailed", "b")
    assert set(world.started) == {"a", "b", "d"}
    assert world.outcomes["b"] == {"error": "Broken", "cause": "it broke"}
    assert world.outcomes["d"] == {"output": {"job": "d"}}


def test_jobs_that_pass_are_not_called() -> None:
    pipeline = pipeline_of({"a": [], "b": ["a"], "c": ["b"]})
    world = World(pipeline, dict.fromkeys(pipeline.jobs, 5.0), passing=frozenset({"a", "b"}))
    assert world.run().now == 5.0
    assert set(world.started) == {"c"}


def test_operations_follow_each_other() -> None:
    pipeline = Pipeline.model_validate(EVERY_KIND)
    world = World(pipeline, dict.fromkeys(pipeline.jobs, 2.0))
    execution = world.run()
    assert execution.status == "SUCCEEDED"
    assert [task.state for task in world.calls if task.state.startswith("three")] == [
        "three",
        "three 1",
        "three 2",
        "three 3",
    ]
    assert execution.now == 2.0 + 4 * 2.0
    assert world.outcomes == {
        "one": {"output": {"job": "one"}},
        "two": {"output": None},
        "three": {"output": {"any": 1}},
    }


def test_task_token_takes_the_place_of_its_name() -> None:
    world = World(Pipeline.model_validate(EVERY_KIND), {"one": 1, "two": 1, "three": 1})
    world.run()
    (waiting,) = (task for task in world.calls if task.state == "three 2")
    assert waiting.token
    assert waiting.parameters == {"Token": waiting.token}


def test_retries_are_those_of_the_job() -> None:
    pipeline = pipeline_of({"a": []}, defaults={"retry": {"max_attempts": 2, "interval": 10, "backoff": 3}})
    world = World(pipeline, {"a": 1.0}, failing=frozenset({"a"}))
    assert world.run().now == 1 + 10 + 1 + 30 + 1
    assert [task.retry_count for task in world.calls] == [0, 1, 2]


def test_what_the_machine_calls() -> None:
    compiled = compile_pipeline(Pipeline.model_validate(EVERY_KIND))
    one = compiled.functions["kinds-one"]
    assert (one.job, one.operation, one.handler, one.memory, one.timeout) == ("one", 0, "h:f", 256, 300)
    assert set(compiled.functions) == {"kinds-one", "kinds-three"}
    assert compiled.tasks["kinds-two"].command == ("x",)
    assert compiled.states["three 3"] == Step("three", 3)
    states = states_of(compiled.definition)
    assert "Retry" not in states["two"]
    assert states["one"]["Arguments"]["FunctionName"] == "kinds-one"


def test_order_of_definition_does_not_change_who_waits_for_whom() -> None:
    needs = random_needs(random.Random(5))
    first = compile_pipeline(pipeline_of(needs)).definition
    assert compile_pipeline(pipeline_of(needs)).definition == first


def test_names_never_collide() -> None:
    two = {"operations": [{"lambda": {"handler": "h:f"}}, {"lambda": {"handler": "h:f"}}]}
    jobs = {"a": two, "a-1": {"lambda": {"handler": "h:f"}}, "end": {"lambda": {"handler": "h:f"}}}
    compiled = compile_pipeline(Pipeline.model_validate({"name": "p", "jobs": jobs}))
    assert len(compiled.functions) == 4
    assert list(validate(json.dumps(compiled.definition))) == []


def test_three_hundred_jobs_fit() -> None:
    chance = random.Random(1)
    names = [f"job-with-a-longer-name-{number}" for number in range(300)]
    needs = {name: chance.sample(names[:index], min(index, 5)) for index, name in enumerate(names)}
    pipeline = pipeline_of(needs, defaults={"timeout": "15m", "retry": {"max_attempts": 3}})
    begin = time.process_time()
    definition = compile_pipeline(pipeline).definition
    assert time.process_time() - begin < 1
    assert len(json.dumps(definition)) < 1_048_576
    execution = World(pipeline, dict.fromkeys(names, 1.0)).run()
    assert execution.status == "SUCCEEDED"
    assert len(execution.history) <= estimated_events(pipeline) < 25_000


def test_what_cannot_fit_is_refused() -> None:
    names = [f"job-with-a-rather-long-name-so-that-it-takes-{number}" for number in range(700)]
    with pytest.raises(
        LimitExceeded, match=r"definition size .* 700 jobs; the limit of Step Functions is 1,048,576"
    ):
        compile_pipeline(pipeline_of({name: [] for name in names}))


def test_histories_that_cannot_fit_are_refused() -> None:
    calls: list[Any] = [{"aws": {"resource": "arn:aws:states:::x:y"}}] * 20
    jobs = {f"j{number}": {"operations": calls} for number in range(260)}
    with pytest.raises(LimitExceeded, match=r"execution history .* 25,000"):
        check_limits(Pipeline.model_validate({"name": "p", "jobs": jobs}), {})
