"""Answer the machine's callback tokens, after the commit that decided the answers."""

from __future__ import annotations

from collections.abc import Iterable

from bunsui.core.control.answers import answer_for
from bunsui.core.control.fan_out import calls_for
from bunsui.core.control.places import tell_places
from bunsui.core.control.ports import ControlPorts
from bunsui.core.control.scene import Scene
from bunsui.core.models.job import JobRun
from bunsui.core.models.payload import Failure
from bunsui.core.models.status import JobStatus
from bunsui.core.session.reducer import OWN_ERROR
from bunsui.errors import BunsuiError, Conflict

_ASKING = (JobStatus.PENDING, JobStatus.QUEUED)


async def wake(ports: ControlPorts, scene: Scene, jobs: Iterable[JobRun]) -> None:
    """Answer those of the jobs that wait with a token and have been decided.

    A token that has expired or was answered is passed over. Any other failure fails the attempt, so
    that nobody waits for ever.
    """
    for job in jobs:
        try:
            await _answer_gate(ports, job)
            if job.token is not None and job.status not in _ASKING:
                await _answer(ports, scene, job, job.token)
        except BunsuiError as exc:
            cause = f"{job.job} could not be told to go: {exc.message}"
            await ports.engine.stop(
                scene.attempt.execution, Failure(error=f"{OWN_ERROR}WakeUpFailed", cause=cause)
            )
            return


async def _answer(ports: ControlPorts, scene: Scene, job: JobRun, token: str) -> None:
    mapped = scene.definition.pipeline.jobs[job.job].map
    running = job.status is JobStatus.RUNNING
    answer = await (
        calls_for(ports, scene, job, mapped) if mapped and running else answer_for(ports, scene, job)
    )
    try:
        await ports.engine.task_succeeded(token, answer)
    except Conflict:
        return
    if mapped and running and job.elastic:
        # Somebody may have committed more places since the answer was made, before there was a Map to tell.
        await tell_places(ports, scene.attempt.execution, job, told=job.slots)


async def _answer_gate(ports: ControlPorts, job: JobRun) -> None:
    """The machine that waits for a person asks again to begin, and then learns what was decided."""
    gate = job.gate
    if gate is None or gate.token is None or (job.status is JobStatus.WAITING and gate.approved is None):
        return
    try:
        await ports.engine.task_succeeded(gate.token, {})
    except Conflict:
        return
