"""Let jobs go: settle who cannot, start who can, until nothing changes."""

from __future__ import annotations

from bunsui.core.control.approvals import asked, gate_used, needs_asking
from bunsui.core.control.fan_out import spread
from bunsui.core.control.gate import Verdict, due, ready, room, skipped, verdicts
from bunsui.core.control.inputs import bindings_of, fingerprint_of, mark_of_skipped, resolved
from bunsui.core.control.places import fit, widen
from bunsui.core.control.ports import ControlPorts
from bunsui.core.control.scene import Scene
from bunsui.core.models.base import JsonValue
from bunsui.core.models.job import Fingerprint, JobRun
from bunsui.core.models.payload import Failure
from bunsui.core.models.pipeline import Severity
from bunsui.core.models.status import JobStatus
from bunsui.core.payloads import keep
from bunsui.core.pipeline import Bindings, evaluate
from bunsui.core.session.cache import cache_key
from bunsui.core.session.reducer import OWN_ERROR, JobEvent, job_after
from bunsui.errors import BunsuiError, NotFound, RunFailed, StoreCorrupt

NOT_STARTED = f"{OWN_ERROR}NotStarted"
POOL_TOO_SMALL = f"{OWN_ERROR}PoolTooSmall"
_QUERY_ERROR = "States.QueryEvaluationError"


async def advance(ports: ControlPorts, scene: Scene) -> None:
    """Bring the jobs of the scene as far as they can come now; maps take of the room that is left."""
    scene.desk.leave()
    await fit(ports, scene)
    moved = True
    while moved:
        _settle(scene)
        able = [] if scene.held else ready(scene.definition, scene.jobs)
        moved = False
        for name in able:
            moved = await _tried(ports, scene, name) or moved
    if not scene.held:
        await widen(ports, scene)


async def _tried(ports: ControlPorts, scene: Scene, name: str) -> bool:
    """Let a job go that has all it needs, if the limits allow. Asking a person takes no place."""
    job = scene.jobs[name]
    if needs_asking(scene, job):
        scene.put(await _launched(ports, scene, job))
        return True
    units = scene.definition.pipeline.jobs[name].pool
    if lacking := scene.desk.lacking(units):
        cause = f"pool {lacking} has fewer units than the {units[lacking]} that the job takes"
        scene.put(failed(scene, job, JobEvent.FAILED, Failure(error=POOL_TOO_SMALL, cause=cause)))
        return True
    if room(scene.definition, scene.jobs) < 1 or not scene.desk.take(name, units, scene.at):
        return False
    scene.put(await _launched(ports, scene, job))
    if scene.jobs[name].status is not JobStatus.RUNNING:
        scene.desk.release(name)
    return True


def _settle(scene: Scene) -> None:
    """Give up the jobs that cannot run any more, and queue those that only now have all that they need."""
    found = verdicts(scene.definition, scene.jobs, scene.attempt.jobs)
    for name, verdict in found.items():
        scene.put(_given_up(scene, scene.jobs[name], verdict))
    for name in due(scene.definition, scene.jobs):
        scene.put(job_after(scene.jobs[name], JobEvent.QUEUED, scene.at))


def _given_up(scene: Scene, job: JobRun, verdict: Verdict) -> JobRun:
    event, reason, why = verdict
    if reason is not None:
        mark = mark_of_skipped(scene, job.job)
        return job_after(job, event, scene.at, reason=reason, detail=why, fingerprint=mark)
    if event is JobEvent.STOPPED:
        return job_after(job, event, scene.at, failure=Failure(error=NOT_STARTED, cause=why))
    return job_after(job, event, scene.at)


async def _launched(ports: ControlPorts, scene: Scene, job: JobRun) -> JobRun:
    """The job as running, as waiting for a person, as skipped by its condition, or as failed at once."""
    mark: Fingerprint | None = None
    try:
        mark = await fingerprint_of(ports, scene, job.job)
        bindings = await bindings_of(ports, scene, scene.definition.dag.needs[job.job])
        if not _wanted(scene, job, bindings):
            verdict = skipped(scene.attempt.jobs.get(job.job), "its condition is false")
            own = mark.model_copy(update={"code": ""})
            return _given_up(scene, job, verdict).model_copy(update={"fingerprint": own})
        if needs_asking(scene, job):
            return asked(scene, job, bindings)
        launched = await _running(ports, scene, job, bindings, mark)
        await gate_used(ports, scene, job)
    except (RunFailed, NotFound, StoreCorrupt) as exc:
        failure = Failure(error=_error_of(exc), cause=exc.message)
        lost = failed(scene, job, JobEvent.FAILED, failure)
        return lost.model_copy(update={"fingerprint": mark})
    return launched


async def _running(
    ports: ControlPorts, scene: Scene, job: JobRun, bindings: Bindings, mark: Fingerprint
) -> JobRun:
    definition = scene.definition.pipeline.jobs[job.job]
    if definition.map is not None:
        return await spread(ports, scene, job, definition.map, bindings, mark)
    inputs: JsonValue = [resolved(operation, bindings) for operation in definition.operations]
    given = await keep(ports.blobs, inputs)
    key = cache_key(scene.run.pipeline, scene.run.project, mark) if definition.cache else None
    return job_after(job, JobEvent.STARTED, scene.at, input=given, fingerprint=mark, cache_key=key)


def failed(scene: Scene, job: JobRun, event: JobEvent, failure: Failure) -> JobRun:
    """The job as failed; whether that blocks is its severity."""
    warning = scene.definition.pipeline.jobs[job.job].severity is Severity.WARNING
    return job_after(job, event, scene.at, failure=failure, warning=warning)


def _wanted(scene: Scene, job: JobRun, bindings: Bindings) -> bool:
    condition = scene.definition.pipeline.jobs[job.job].when
    if condition is None:
        return True
    value = evaluate(condition, bindings)
    if not isinstance(value, bool):
        raise RunFailed(
            f"The condition `when` of job {job.job} gives no boolean.",
            details={"error": _QUERY_ERROR},
        )
    return value


def _error_of(exc: BunsuiError) -> str:
    found = exc.details.get("error")
    return str(found) if found else OWN_ERROR + type(exc).__name__
