"""The variables of a pipeline's expressions, from the records of a run."""

from __future__ import annotations

from collections.abc import Mapping

from bunsui.core.models.base import JsonValue
from bunsui.core.models.job import JobRun
from bunsui.core.models.session import Session
from bunsui.core.models.status import JobStatus
from bunsui.core.payloads import read_payload
from bunsui.core.pipeline import Bindings
from bunsui.core.ports.blobs import Blobs
from bunsui.core.session.definitions import Definition

__all__ = ["bindings_from", "placeholder"]

_WITH_OUTPUT = (JobStatus.SUCCEEDED, JobStatus.REUSED)


def placeholder(reference: str) -> str:
    """The text that stands for a secret wherever an expression puts it, also inside other text."""
    return f"{{{{bunsui-secret:{reference}}}}}"


async def bindings_from(
    blobs: Blobs,
    definition: Definition,
    params: dict[str, JsonValue],
    session: Session,
    run_id: str,
    jobs: Mapping[str, JobRun],
) -> Bindings:
    """The variables, with the outputs of `jobs` under their names.

    A job without a result (skipped, or failed as a warning) is absent. Secrets are placeholders.
    Raises NotFound, StoreCorrupt for an output that cannot be read.
    """
    secrets = definition.secrets
    shown = {name: placeholder(str(value)) if name in secrets else value for name, value in params.items()}
    outputs: dict[str, JsonValue] = {}
    for name, job in jobs.items():
        if job.status in _WITH_OUTPUT and job.output is not None:
            outputs[name] = await read_payload(blobs, job.output)
    about: dict[str, JsonValue] = {
        "id": session.id,
        "key": session.key,
        "tags": dict(session.tags),
        "run": run_id,
    }
    return Bindings(params=shown, jobs=outputs, session=about)
