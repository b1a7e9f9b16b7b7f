"""Progress inside a job: where it is kept, for which work it counts, and when it is no longer needed."""

from __future__ import annotations

from bunsui.core.control.ports import ControlPorts
from bunsui.core.models.base import digest
from bunsui.core.models.job import JobRun
from bunsui.core.models.status import JobStatus

__all__ = ["checkpoint_key", "forget_progress"]


def checkpoint_key(job: JobRun, operation: int) -> str:
    """The same for the same work over tries and attempts.

    Another one as soon as parameters, code, inputs or the arguments of the call have changed. Resources
    are no part of it: who was killed for want of memory goes on with more.
    """
    mark = job.fingerprint
    decides = [mark.code, mark.params, mark.inputs] if mark else []
    given = job.input.digest if job.input else ""
    return digest([job.session_id, job.run_id, job.job, job.item, operation, given, *decides])[:32]


async def forget_progress(ports: ControlPorts, job: JobRun, operations: int) -> None:
    """Remove the progress of a job or item that has succeeded: run again, it begins at the beginning."""
    if job.status is JobStatus.SUCCEEDED:
        for operation in range(operations):
            await ports.exchange.forget_checkpoints(job.session_id, checkpoint_key(job, operation))
