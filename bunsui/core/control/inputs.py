"""What a job is called with: expressions evaluated over parameters and the outputs of predecessors."""

from __future__ import annotations

from collections.abc import Iterable

from bunsui.core.control.ports import ControlPorts
from bunsui.core.control.scene import Scene
from bunsui.core.models.base import JsonValue
from bunsui.core.models.job import Fingerprint
from bunsui.core.models.pipeline import Operation
from bunsui.core.pipeline import Bindings, evaluate, fingerprint
from bunsui.core.pipeline.items import call_template, called_with
from bunsui.core.session.bindings import bindings_from
from bunsui.core.session.cache import inputs_digest


async def bindings_of(ports: ControlPorts, scene: Scene, needs: Iterable[str]) -> Bindings:
    """The variables of expressions. A job without a result (skipped, or failed as a warning) is absent.

    Secrets are placeholders. Raises NotFound, StoreCorrupt for an output that cannot be read.
    """
    params, jobs = dict(scene.attempt.params), {need: scene.jobs[need] for need in sorted(needs)}
    return await bindings_from(ports.blobs, scene.definition, params, scene.session, scene.run.id, jobs)


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


def mark_of_skipped(scene: Scene, name: str) -> Fingerprint:
    """What decides that the job is skipped with all that it needs: which jobs those are, and no more."""
    found = fingerprint(scene.definition.pipeline, name, {}, "")
    return found.model_copy(update={"params": ""})


def resolved(operation: Operation, bindings: Bindings) -> JsonValue:
    """The templates of an operation with their values. Raises RunFailed."""
    return called_with(operation, evaluate(call_template(operation), bindings))
