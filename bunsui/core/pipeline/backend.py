"""What a backend allows: the rules that `pipeline validate --for` adds."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Literal

from bunsui.asl.validation import validate
from bunsui.core.models.base import canonical_json
from bunsui.core.models.pipeline import AwsOperation, EcsOperation, LambdaOperation, MapMode, Pipeline
from bunsui.core.pipeline.compiled import LAMBDA_TIMEOUT, compile_pipeline
from bunsui.core.pipeline.document import Document
from bunsui.core.pipeline.fan_out import inline_calls
from bunsui.core.pipeline.findings import Finding, KeyPath, Problem
from bunsui.core.pipeline.limits import HISTORY_EVENTS, estimated_events
from bunsui.core.pipeline.machine import START_EXECUTION, resource_name
from bunsui.core.pipeline.meaning import unwritten
from bunsui.core.pipeline.shape import way_in
from bunsui.errors import LimitExceeded

__all__ = ["Backend", "check_backend"]

Backend = Literal["local", "aws"]

PAYLOAD_BYTES = 262_144
ECS_OVERRIDES_BYTES = 8_192
LAMBDA_NAME_LENGTH = 64
LAMBDA_MEMORY = range(128, 10_241)
LAMBDA_ENV_BYTES = 4_096
_GIB = 1024
# Task sizes of Fargate: vCPU units -> memory in MiB, smallest, largest and step.
FARGATE: Mapping[int, range] = {
    256: range(512, 2 * _GIB + 1, 512),
    512: range(_GIB, 4 * _GIB + 1, _GIB),
    1024: range(2 * _GIB, 8 * _GIB + 1, _GIB),
    2048: range(4 * _GIB, 16 * _GIB + 1, _GIB),
    4096: range(8 * _GIB, 30 * _GIB + 1, _GIB),
    8192: range(16 * _GIB, 60 * _GIB + 1, 4 * _GIB),
    16384: range(32 * _GIB, 120 * _GIB + 1, 8 * _GIB),
}


def check_backend(pipeline: Pipeline, backend: Backend, document: Document | None = None) -> list[Finding]:
    """Findings about the limits and rules of a backend, with places where `document` is given."""
    document = document or unwritten(pipeline)
    problems = _problems(pipeline, backend)
    return document.findings([replace(one, path=way_in(one.path, document.value)) for one in problems])


def _problems(pipeline: Pipeline, backend: Backend) -> list[Problem]:
    problems = [*_compiles(pipeline), *(_wide(pipeline) if backend == "aws" else ())]
    for name, job in pipeline.jobs.items():
        for index, operation in enumerate(job.operations):
            path: KeyPath = ("jobs", name, "operations", index, operation.kind)
            if isinstance(operation, LambdaOperation):
                problems += _lambda(path, operation, pipeline, name, backend)
            elif isinstance(operation, EcsOperation):
                problems += _ecs(path, operation, backend)
            else:
                problems += _service(path, operation, backend)
    return problems


def _wide(pipeline: Pipeline) -> Iterator[Problem]:
    """What a map over an unknown number of items may come up against, and what becomes of it then."""
    limits = f"a history has {HISTORY_EVENTS:,} events and a payload {PAYLOAD_BYTES // 1024} KiB"
    for name, job in pipeline.jobs.items():
        if job.map is None or (
            isinstance(job.map.items, list) and len(job.map.items) <= inline_calls(pipeline)
        ):
            continue
        way = (
            "every call is a child execution, and the calls travel by reference"
            if job.map.mode is MapMode.DISTRIBUTED
            else f"more than {inline_calls(pipeline)} calls become child executions"
        )
        message = f"{limits}: {way}; a handler that bunsui does not package must return less than that"
        yield Problem(path=("jobs", name, "map"), message=message, severity="warning", on_key=True)


def _compiles(pipeline: Pipeline) -> Iterator[Problem]:
    try:
        compile_pipeline(pipeline)
    except LimitExceeded as exc:
        yield Problem(path=("jobs",), message=exc.message, on_key=True)
    worst = estimated_events(pipeline, retries=True)
    if worst > HISTORY_EVENTS:
        message = (
            f"with every retry used the history would have {worst:,} events; the limit is {HISTORY_EVENTS:,}"
        )
        yield Problem(path=("jobs",), message=message, severity="warning", on_key=True)


def _lambda(
    path: KeyPath, operation: LambdaOperation, pipeline: Pipeline, name: str, backend: Backend
) -> Iterator[Problem]:
    timeout = pipeline.jobs[name].timeout or pipeline.defaults.timeout
    if timeout is not None and timeout > LAMBDA_TIMEOUT:
        message = f"Lambda runs at most {LAMBDA_TIMEOUT} s, the timeout is {timeout} s"
        yield Problem(path=("jobs", name, "timeout"), message=message)
    if backend == "local":
        return
    full = resource_name(pipeline.name, name, int(path[3]))
    if len(full) > LAMBDA_NAME_LENGTH:
        message = f"the function {full} would have more than {LAMBDA_NAME_LENGTH} characters in its name"
        yield Problem(path=("jobs", name), message=message, on_key=True)
    if operation.memory not in LAMBDA_MEMORY:
        message = f"Lambda has {LAMBDA_MEMORY[0]} to {LAMBDA_MEMORY[-1]} MiB, not {operation.memory}"
        yield Problem(path=(*path, "memory"), message=message)
    if sum(len(key) + len(value.encode()) for key, value in operation.env.items()) > LAMBDA_ENV_BYTES:
        yield Problem(path=(*path, "env"), message=f"Lambda takes at most {LAMBDA_ENV_BYTES:,} bytes")


def _ecs(path: KeyPath, operation: EcsOperation, backend: Backend) -> Iterator[Problem]:
    size = len(canonical_json({"Command": list(operation.command), "Environment": dict(operation.env)}))
    if size > ECS_OVERRIDES_BYTES:
        limit = f"ECS overrides have at most {ECS_OVERRIDES_BYTES:,}: use input"
        message = f"command and env take {size:,} bytes; {limit}"
        yield Problem(path=path, message=message)
    if backend == "local":
        return
    sizes = FARGATE.get(operation.cpu)
    if sizes is None:
        message = f"Fargate has {', '.join(map(str, FARGATE))} CPU units, not {operation.cpu}"
        yield Problem(path=(*path, "cpu"), message=message)
    elif operation.memory not in sizes:
        allowed = f"{sizes[0]} to {sizes[-1]} MiB in steps of {sizes.step}"
        message = f"Fargate has {allowed} with {operation.cpu} CPU units, not {operation.memory}"
        yield Problem(path=(*path, "memory"), message=message)


def _service(path: KeyPath, operation: object, backend: Backend) -> Iterator[Problem]:
    resource = operation.resource if isinstance(operation, AwsOperation) else START_EXECUTION
    task = {"Type": "Task", "Resource": resource, "Arguments": "{% {} %}", "End": True}
    for found in validate({"QueryLanguage": "JSONata", "StartAt": "x", "States": {"x": task}}):
        yield Problem(path=(*path, "resource"), message=found.message, severity=found.severity.value.lower())
    if backend == "local":
        message = f"{resource} is not run here: it needs an endpoint or a mock"
        yield Problem(path=path, message=message, severity="warning")
