"""`end`: how an attempt ended, its output, and the status of its run and session."""

from __future__ import annotations

from collections.abc import Sequence

from bunsui.core.control.inputs import bindings_of
from bunsui.core.control.others import let_others_go
from bunsui.core.control.ports import ControlPorts
from bunsui.core.control.scene import Place, Scene, read_scene
from bunsui.core.models.base import JsonValue
from bunsui.core.models.job import JobRun
from bunsui.core.models.payload import Failure, Payload
from bunsui.core.models.session import Attempt
from bunsui.core.models.status import JobStatus, Status
from bunsui.core.payloads import keep
from bunsui.core.pipeline import evaluate
from bunsui.core.session.closing import Open, closed, ending
from bunsui.core.session.contention import retried
from bunsui.core.session.reducer import OWN_ERROR, STOPPED_ERROR, LifeEvent, outcome
from bunsui.errors import NotFound, RunFailed

JOBS_FAILED = "JobsFailed"


async def end(ports: ControlPorts, place: Place) -> JsonValue:
    """Close an attempt whose jobs have all ended: `{status, error, cause}` for the machine.

    Repeated, it answers what was recorded. Raises NotFound.
    """

    async def step() -> Attempt:
        scene = await read_scene(ports, place)
        if scene.attempt.status.ended:
            return scene.attempt
        found = Open(
            session=scene.session,
            runs=await ports.store.sessions.runs(scene.session.id),
            attempt=scene.attempt,
            jobs=list(scene.before.values()),
        )
        jobs = [closed(job, Status.FAILED, None, scene.at) for job in found.jobs]
        event, failure, output = await _result(ports, scene, jobs)
        transaction = await ending(ports.store, found, jobs, event, scene.at, failure, output)
        await ports.store.commit(transaction)
        return await ports.store.sessions.attempt(place.session_id, place.run_id, place.attempt)

    ended = await retried(step)
    await let_others_go(ports, place.session_id)
    return _answer(ended)


async def _result(
    ports: ControlPorts, scene: Scene, jobs: Sequence[JobRun]
) -> tuple[LifeEvent, Failure | None, Payload | None]:
    event = outcome(jobs)
    if event is LifeEvent.FAILED:
        return (*_failed(scene, jobs), None)
    try:
        return event, None, await _output(ports, scene)
    except (RunFailed, NotFound) as exc:
        error = str(exc.details.get("error") or f"{OWN_ERROR}{type(exc).__name__}")
        return LifeEvent.FAILED, Failure(error=error, cause=f"output of the pipeline: {exc.message}"), None


def _failed(scene: Scene, jobs: Sequence[JobRun]) -> tuple[LifeEvent, Failure]:
    stopping = scene.session.stopping
    if stopping and any(job.status is JobStatus.STOPPED for job in jobs):
        return LifeEvent.STOPPED, Failure(error=STOPPED_ERROR, cause=f"stopped by {stopping.by}")
    bad = [job for job in jobs if not job.status.good and not job.warning]
    first = next((job for job in bad if job.failure), bad[0])
    why = f"{first.failure.error}: {first.failure.cause}" if first.failure else first.status.value
    return LifeEvent.FAILED, Failure(error=JOBS_FAILED, cause=f"{first.job}: {why}")


async def _output(ports: ControlPorts, scene: Scene) -> Payload | None:
    template = scene.definition.pipeline.output
    if template is None:
        return None
    bindings = await bindings_of(ports, scene, scene.jobs)
    return await keep(ports.blobs, evaluate(template, bindings))


def _answer(attempt: Attempt) -> JsonValue:
    if attempt.status is Status.SUCCEEDED:
        return {"status": "succeeded"}
    failure = attempt.failure or Failure(error=JOBS_FAILED)
    return {"status": "failed", "error": failure.error, "cause": failure.cause}
