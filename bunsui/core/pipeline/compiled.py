"""Compile a pipeline to one Amazon States Language definition."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from bunsui.core.models.pipeline import EcsOperation, LambdaOperation, Pipeline
from bunsui.core.pipeline import machine
from bunsui.core.pipeline.dag import Dag
from bunsui.core.pipeline.fan_out import iterations, map_states, ways_of
from bunsui.core.pipeline.limits import check_limits
from bunsui.core.pipeline.machine import State

__all__ = ["Compiled", "ContainerTask", "Function", "Step", "compile_pipeline"]

LAMBDA_TIMEOUT = 900
"""Seconds that Lambda lets a function run at most."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Function:
    """A Lambda function that the definition calls. `memory` in MiB, `timeout` in seconds."""

    name: str
    job: str
    operation: int
    handler: str
    memory: int
    timeout: int
    env: dict[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class ContainerTask:
    """A task definition that the machine runs; its container is called `main`. `memory` in MiB."""

    name: str
    job: str
    operation: int
    image: str
    command: tuple[str, ...]
    cpu: int
    memory: int


@dataclass(frozen=True, slots=True)
class Step:
    """What a state of the definition carries out."""

    job: str
    operation: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Compiled:
    """A state machine and what it calls.

    `functions` and `tasks` are by the names that the definition uses, `states` tells the states of
    operations. The definition's input is `{session, run, attempt, plan}`.
    """

    definition: State
    functions: dict[str, Function]
    tasks: dict[str, ContainerTask]
    states: dict[str, Step]


def compile_pipeline(pipeline: Pipeline) -> Compiled:
    """One Parallel whose branches are the paths of a path cover; every other dependency is `begin`'s.

    The same pipeline always gives the same definition. Raises DefinitionInvalid for a cycle or an
    unknown need, LimitExceeded for what no state machine can hold.
    """
    dag = Dag(pipeline)
    branches = [_branch(pipeline, path) for path in dag.paths()]
    definition = _machine(pipeline, branches)
    check_limits(pipeline, definition)
    return Compiled(
        definition=definition,
        functions={function.name: function for function in _functions(pipeline)},
        tasks={task.name: task for task in _tasks(pipeline)},
        states={
            state: Step(job, index)
            for job, index in _operations(pipeline)
            for state in _names(pipeline, job, index)
        },
    )


def _machine(pipeline: Pipeline, branches: list[State]) -> State:
    jobs: State = {"Type": "Parallel", "Branches": list(branches), "Output": {}, "Next": "End"}
    ended: State = {
        "Type": "Choice",
        "Choices": [{"Condition": "{% $states.input.status = 'succeeded' %}", "Next": "Succeeded"}],
        "Default": "Failed",
    }
    failed: State = {
        "Type": "Fail",
        "Error": "{% $exists($states.input.error) ? $states.input.error : 'JobsFailed' %}",
        "Cause": "{% $exists($states.input.cause) ? $states.input.cause : 'a job failed' %}",
    }
    return {
        "Comment": f"bunsui pipeline {pipeline.name}",
        "QueryLanguage": "JSONata",
        "StartAt": "Jobs",
        "States": {
            "Jobs": jobs,
            "End": machine.end(),
            "Ended?": ended,
            "Succeeded": {"Type": "Succeed"},
            "Failed": failed,
        },
    }


def _branch(pipeline: Pipeline, path: list[str]) -> State:
    states: State = {}
    followers = [f"{job} begin" for job in path[1:]] + [f"{path[-1]} done"]
    for job, following in zip(path, followers, strict=True):
        states.update(_job(pipeline, job, following))
    states[followers[-1]] = {"Type": "Pass", "Output": {}, "End": True}
    return {"StartAt": f"{path[0]} begin", "States": states}


def _job(pipeline: Pipeline, name: str, following: str) -> State:
    job = pipeline.jobs[name]
    gated = job.approval is not None
    states: State = {f"{name} begin": machine.begin(name)}
    ways = ways_of(name, job.map) if job.map else {"run": name}
    states[f"{name} go?"] = machine.choice(name, following, ways, gated=gated)
    if gated:
        states[f"{name} approval"] = machine.approval(name)
    states |= map_states(pipeline, name, job.map) if job.map else _calls(pipeline, name)
    return {**states, f"{name} finish": machine.finish(name, following)}


def _calls(pipeline: Pipeline, name: str) -> State:
    count = len(pipeline.jobs[name].operations)
    return {_state(name, index): _operation(pipeline, name, index) for index in range(count)}


def _operation(pipeline: Pipeline, name: str, index: int) -> State:
    job = pipeline.jobs[name]
    last = index == len(job.operations) - 1
    resource = machine.resource_name(pipeline.name, name, index)
    go, failed, retry = f"$go.operations[{index}]", f"{name} finish", pipeline.retry_of(name)
    call = machine.operation_state(job.operations[index], resource, go, failed, retry)
    return {**call, "Next": f"{name} finish" if last else _state(name, index + 1)}


def _names(pipeline: Pipeline, job: str, index: int) -> list[str]:
    """The states of an operation; a map job has its operations in an inline and in a distributed Map."""
    mapped = pipeline.jobs[job].map
    return [_state(prefix, index) for prefix in (iterations(job, mapped) if mapped else [job])]


def _state(job: str, index: int) -> str:
    return f"{job} {index}" if index else job


def _operations(pipeline: Pipeline) -> Iterator[tuple[str, int]]:
    return ((name, index) for name, job in pipeline.jobs.items() for index in range(len(job.operations)))


def _functions(pipeline: Pipeline) -> Iterator[Function]:
    for name, index in _operations(pipeline):
        operation = pipeline.jobs[name].operations[index]
        if isinstance(operation, LambdaOperation):
            yield Function(
                name=machine.resource_name(pipeline.name, name, index),
                job=name,
                operation=index,
                handler=operation.handler,
                memory=operation.memory,
                timeout=min(LAMBDA_TIMEOUT, pipeline.timeout_of(name)),
                env=dict(operation.env),
            )


def _tasks(pipeline: Pipeline) -> Iterator[ContainerTask]:
    for name, index in _operations(pipeline):
        operation = pipeline.jobs[name].operations[index]
        if isinstance(operation, EcsOperation):
            yield ContainerTask(
                name=machine.resource_name(pipeline.name, name, index),
                job=name,
                operation=index,
                image=operation.image,
                command=operation.command,
                cpu=operation.cpu,
                memory=operation.memory,
            )
