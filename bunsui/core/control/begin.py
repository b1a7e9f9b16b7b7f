"""`begin`: a job asks to go, and is answered when it may."""

from __future__ import annotations

from bunsui.core.control.launch import advance
from bunsui.core.control.others import follow_up
from bunsui.core.control.ports import ControlPorts
from bunsui.core.control.scene import Place, Scene, commit_scene, read_scene
from bunsui.core.models.status import JobStatus
from bunsui.core.session.contention import retried
from bunsui.core.session.reducer import JobEvent, job_after


async def begin(ports: ControlPorts, place: Place, token: str) -> None:
    """Take the token of a job and let go whoever can. Repeated, it answers again.

    Raises NotFound for an unknown attempt, InternalError for an unknown job.
    """

    async def step() -> Scene:
        scene = await read_scene(ports, place)
        _ask(scene, place.job, token)
        await advance(ports, scene)
        # Where nothing is to run, nothing changes, and yet the attempt has begun.
        await commit_scene(ports, scene, begins=True)
        return scene

    scene = await retried(step)
    asking = scene.job(place.job).model_copy(update={"token": token})
    others = [job for job in scene.decided if job.job != place.job]
    await follow_up(ports, scene, [asking, *others])


def _ask(scene: Scene, name: str, token: str) -> None:
    """Take the newest token: a Retry of the machine makes a new one and forgets the old.

    What has ended, such as a reused job, is answered at once and needs no record of it. A machine may ask
    long before all that the job needs has ended: the job is queued when it has.
    """
    job = scene.job(name)
    if job.status.ended:
        return
    answered = job.status is JobStatus.WAITING and job.gate is not None and job.gate.approved
    if answered:
        scene.put(job_after(job, JobEvent.QUEUED, scene.at, token=token))
    elif job.token != token:
        scene.put(job.next(token=token))
