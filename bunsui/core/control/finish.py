"""`finish`: what became of a job, and who can go because of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bunsui.core.control.answers import slot_of
from bunsui.core.control.checkpoints import forget_progress
from bunsui.core.control.failures import INVALID_OUTPUT, event_of, failure_of
from bunsui.core.control.gather import gathered
from bunsui.core.control.launch import advance, failed
from bunsui.core.control.others import follow_up
from bunsui.core.control.ports import ControlPorts
from bunsui.core.control.scene import Place, Scene, commit_scene, read_scene
from bunsui.core.models.base import JsonValue
from bunsui.core.models.job import JobRun
from bunsui.core.models.payload import Failure
from bunsui.core.models.pipeline import EcsOperation
from bunsui.core.models.status import JobStatus
from bunsui.core.payloads import keep_result
from bunsui.core.session.closing import withdrawn
from bunsui.core.session.contention import retried
from bunsui.core.session.reducer import JobEvent, job_after
from bunsui.errors import DefinitionInvalid, InternalError, RunFailed


async def finish(ports: ControlPorts, place: Place, outcome: Mapping[str, JsonValue]) -> None:
    """Record the outcome of a job and wake who waited for it.

    A job that has ended keeps what was recorded; whoever may still wait is then answered again, since
    the call before may have been cut short. Raises InternalError for a job that never began.
    """

    async def step() -> tuple[Scene, list[JobRun]]:
        scene = await read_scene(ports, place)
        job = scene.job(place.job)
        if job.status.ended or scene.attempt.status.ended:
            return scene, list(scene.jobs.values())
        if job.status is not JobStatus.RUNNING and not _expired(job, outcome):
            raise InternalError(f"Job {job.job} of {scene.attempt.execution} finished before it began.")
        scene.put(await _recorded(ports, scene, job, outcome))
        scene.desk.release(place.job)
        scene.extra += await withdrawn(ports.store, [job], scene.at)
        await advance(ports, scene)
        await commit_scene(ports, scene)
        return scene, scene.decided

    scene, decided = await retried(step)
    operations = scene.definition.pipeline.jobs[place.job].operations
    await forget_progress(ports, scene.job(place.job), len(operations))
    await follow_up(ports, scene, decided)


def _expired(job: JobRun, outcome: Mapping[str, JsonValue]) -> bool:
    """Whether this says that nobody answered the gate of a job in time."""
    return job.status is JobStatus.WAITING and "output" not in outcome


async def _recorded(
    ports: ControlPorts, scene: Scene, job: JobRun, outcome: Mapping[str, JsonValue]
) -> JobRun:
    """The job with its outcome. An output that is none fails its job, and no other."""
    try:
        return await _finished(ports, scene, job, outcome)
    except (DefinitionInvalid, RunFailed) as exc:
        failure = Failure(error=INVALID_OUTPUT, cause=exc.message)
        return failed(scene, job.model_copy(update={"token": None}), JobEvent.FAILED, failure)


async def _finished(
    ports: ControlPorts, scene: Scene, job: JobRun, outcome: Mapping[str, JsonValue]
) -> JobRun:
    done = job.model_copy(update={"token": None})
    mapped = scene.definition.pipeline.jobs[job.job].map
    if mapped is not None and job.status is JobStatus.RUNNING:
        event, changes = await gathered(ports, scene, job, mapped, outcome)
        return _ended(scene, done, event, changes)
    if "output" not in outcome:
        failure = failure_of(outcome)
        event = event_of(failure) if job.status is JobStatus.RUNNING else JobEvent.FAILED
        return failed(scene, done, event, failure)
    value = await _value(ports, scene, job, outcome["output"])
    output = await keep_result(ports.blobs, value)
    return job_after(done, JobEvent.SUCCEEDED, scene.at, output=output)


def _ended(scene: Scene, job: JobRun, event: JobEvent, changes: dict[str, Any]) -> JobRun:
    failure = changes.get("failure")
    if isinstance(failure, Failure):
        return failed(scene, job, event, failure)
    return job_after(job, event, scene.at, **changes)


async def _value(ports: ControlPorts, scene: Scene, job: JobRun, output: JsonValue) -> JsonValue:
    """The output of the last operation; a container leaves its own in the exchange."""
    operations = scene.definition.pipeline.jobs[job.job].operations
    last = len(operations) - 1
    if isinstance(operations[last], EcsOperation):
        return await ports.exchange.get_output(slot_of(job, last))
    return output
