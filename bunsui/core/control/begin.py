"""`begin`: a job asks to go, and is answered when it may."""

from __future__ import annotations

from bunsui.core.control.launch import advance
from bunsui.core.control.ports import ControlPorts
from bunsui.core.control.scene import Place, Scene, commit_scene, read_scene
from bunsui.core.control.wake import wake
from bunsui.core.models.status import JobStatus
from bunsui.core.session.contention import retried
from bunsui.core.session.reducer import JobEvent, job_after


async def begin(ports: ControlPorts, place: Place, token: str) -> None:
    """Queue a job under its token and let go whoever can. Repeated, it answers again.

    Raises NotFound for an unknown attempt, InternalError for an unknown job.
    """

    async def step() -> Scene:
        scene = await read_scene(ports, place)
        _ask(scene, place.job, token)
        await advance(ports, scene)
        await commit_scene(ports, scene)
        return scene

    scene = await retried(step)
    decided = {job.job: job for job in [scene.job(place.job), *scene.changed]}
    await wake(ports, scene, decided.values())


def _ask(scene: Scene, name: str, token: str) -> None:
    """Take the newest token: a Retry of the machine makes a new one and forgets the old."""
    job = scene.job(name)
    if job.status is JobStatus.PENDING:
        scene.put(job_after(job, JobEvent.QUEUED, scene.at, token=token))
    elif job.token != token:
        scene.put(job.next(token=token))
