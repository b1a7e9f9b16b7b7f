"""What `begin` answers the machine: whether to run, and every operation's arguments."""

from __future__ import annotations

import base64
from typing import Any

from bunsui.core.control.approvals import seconds_left
from bunsui.core.control.checkpoints import checkpoint_key
from bunsui.core.control.ports import ControlPorts
from bunsui.core.control.scene import Scene
from bunsui.core.json_text import holds_inexact
from bunsui.core.models.base import JsonValue, canonical_json, digest
from bunsui.core.models.job import JobRun
from bunsui.core.models.payload import Payload
from bunsui.core.models.pipeline import EcsOperation, LambdaOperation, Operation, StepFunctionsOperation
from bunsui.core.models.session import Overrides
from bunsui.core.models.status import JobStatus
from bunsui.core.payloads import marker, read_payload
from bunsui.core.ports.exchange import Slot

SENT_BYTES = 200 * 1024
"""Above this an event travels by reference: a payload of Step Functions holds 256 KiB in all.

So does one with numbers that the expressions of the machine would change.
"""


async def answer_for(ports: ControlPorts, scene: Scene, job: JobRun) -> JsonValue:
    """`{"action": "run", "operations": […]}`, `ask` for a gate, or `pass` for what does not run."""
    if job.status is JobStatus.WAITING and job.gate is not None:
        return {"action": "ask", "timeout": seconds_left(job.gate, scene.at)}
    if job.status is not JobStatus.RUNNING or job.input is None:
        return {"action": "pass"}
    inputs: Any = await read_payload(ports.blobs, job.input)
    operations = scene.definition.pipeline.jobs[job.job].operations
    answers = [
        await operation_answer(ports, scene, job, index, operation, inputs[index])
        for index, operation in enumerate(operations)
    ]
    return {"action": "run", "operations": answers}


def idempotency_key(job: JobRun, operation: int) -> str:
    """The same for the same work over tries and reruns."""
    return digest([job.session_id, job.run_id, job.job, job.item, operation])[:32]


async def operation_answer(
    ports: ControlPorts, scene: Scene, job: JobRun, index: int, operation: Operation, given: Any
) -> JsonValue:
    """The arguments of one operation of a job or item; `given` is what its templates gave."""
    overrides = scene.run.overrides.get(job.job, Overrides())
    timeout = int(overrides.timeout or scene.definition.pipeline.timeout_of(job.job))
    if isinstance(operation, LambdaOperation):
        memory = overrides.memory or operation.memory
        return {**await _function(ports, job, index, given), "memory": memory, "timeout": timeout}
    if isinstance(operation, EcsOperation):
        return {**await _container(ports, job, index, operation, overrides, given), "timeout": timeout}
    if isinstance(operation, StepFunctionsOperation):
        nested: JsonValue = {"StateMachineArn": operation.state_machine, "Input": given}
        return {"arguments": nested, "timeout": timeout}
    return {"arguments": given, "timeout": timeout}


async def _function(ports: ControlPorts, job: JobRun, index: int, event: JsonValue) -> dict[str, JsonValue]:
    custom: JsonValue = {
        "session": job.session_id,
        "run": job.run_id,
        "attempt": job.attempt,
        "job": job.job,
        "item": job.item,
        "idempotency_key": idempotency_key(job, index),
        "checkpoints": ports.exchange.checkpoints(job.session_id, checkpoint_key(job, index)),
    }
    context = base64.b64encode(canonical_json({"custom": custom})).decode()
    data = canonical_json(event)
    if len(data) > SENT_BYTES or holds_inexact(event, data):
        event = marker(Payload(blob=await ports.blobs.put(data), size=len(data), digest=digest(event)))
    return {"payload": event, "client_context": context}


async def _container(
    ports: ControlPorts,
    job: JobRun,
    index: int,
    operation: EcsOperation,
    overrides: Overrides,
    given: dict[str, Any],
) -> dict[str, JsonValue]:
    slot = slot_of(job, index)
    own = {
        "BUNSUI_INPUT": await ports.exchange.put_input(slot, given["input"]),
        "BUNSUI_OUTPUT": ports.exchange.output_location(slot),
        "BUNSUI_SESSION": job.session_id,
        "BUNSUI_RUN": job.run_id,
        "BUNSUI_ATTEMPT": str(job.attempt),
        "BUNSUI_JOB": job.job,
        "BUNSUI_ITEM": job.item,
        "BUNSUI_IDEMPOTENCY_KEY": idempotency_key(job, index),
        "BUNSUI_CHECKPOINTS": ports.exchange.checkpoints(job.session_id, checkpoint_key(job, index)),
    }
    env = {**{name: as_text(value) for name, value in given["env"].items()}, **own}
    main: JsonValue = {
        "Name": "main",
        "Command": [as_text(word) for word in given["command"]],
        "Environment": [{"Name": name, "Value": value} for name, value in env.items()],
    }
    return {
        "overrides": {
            "Cpu": str(overrides.cpu or operation.cpu),
            "Memory": str(overrides.memory or operation.memory),
            "ContainerOverrides": [main],
        }
    }


def slot_of(job: JobRun, operation: int) -> Slot:
    """Where an operation of a job reads and writes."""
    return Slot(
        session_id=job.session_id,
        run_id=job.run_id,
        attempt=job.attempt,
        job=job.job,
        item=job.item,
        operation=operation,
    )


def as_text(value: JsonValue) -> str:
    """A value as words of a command and variables of an environment hold it: text as it is, else JSON."""
    return value if isinstance(value, str) else canonical_json(value).decode()
