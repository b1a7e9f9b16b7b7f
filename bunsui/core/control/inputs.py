"""What a job is called with: expressions evaluated over parameters and the outputs of predecessors."""

from __future__ import annotations

from collections.abc import Iterable

from bunsui.core.control.ports import ControlPorts
from bunsui.core.control.scene import Scene
from bunsui.core.control.secrets import placeholder
from bunsui.core.models.base import JsonValue
from bunsui.core.models.job import Fingerprint
from bunsui.core.models.pipeline import Operation
from bunsui.core.models.status import JobStatus
from bunsui.core.payloads import read_payload
from bunsui.core.pipeline import Bindings, evaluate, fingerprint
from bunsui.core.session.cache import inputs_digest
from bunsui.core.pipeline.items import call_template

_WITH_OUTPUT = (JobStatus.SUCCEEDED, JobStatus.REUSED)


async def bindings_of(ports: ControlPorts, scene: Scene, needs: Iterable[str]) -> Bindings:
    """The variables of expressions. A job without a result (skipped, or failed as a warning) is absent.

    Secrets are placeholders. Raises NotFound, StoreCorrupt for an output that cannot be read.
    """
    secrets = scene.definition.secrets
    params = {
        name: placeholder(str(value)) if name in secrets else value
        for name, value in scene.attempt.params.items()
    }
    outputs: dict[str, JsonValue] = {}
    for need in sorted(needs):
        job = scene.jobs[need]
        if job.status in _WITH_OUTPUT and job.output is not None:
            outputs[need] = await read_payload(ports.blobs, job.output)
    session: dict[str, JsonValue] = {
        "id": scene.session.id,
        "key": scene.session.key,
        "tags": dict(scene.session.tags),
        "run": scene.run.id,
    }
    return Bindings(params=params, jobs=outputs, session=session)


async def fingerprint_of(ports: ControlPorts, scene: Scene, name: str) -> Fingerprint:
    """What decides the result of the job, as it begins. Raises NotFound when its code is missing."""
    pipeline = scene.definition.pipeline
    code = await ports.code.code_of(scene.run.project, pipeline.jobs[name])
    outputs = {
        need: output.digest
        for need in scene.definition.dag.needs[name]
        if (output := scene.jobs[need].output) is not None
    }
    found = fingerprint(pipeline, name, dict(scene.attempt.params), code)
    return found.model_copy(update={"inputs": inputs_digest(outputs)})


def resolved(operation: Operation, bindings: Bindings) -> JsonValue:
    """The templates of an operation with their values. Raises RunFailed."""
    value = evaluate(call_template(operation), bindings)
    return {} if value is None else value
