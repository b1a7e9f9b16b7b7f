"""`ask`: the machine waits for a person's decision on a job."""

from __future__ import annotations

from bunsui.core.control.ports import ControlPorts
from bunsui.core.control.scene import Place, Scene, commit_scene, read_scene
from bunsui.core.control.wake import wake
from bunsui.core.models.status import JobStatus
from bunsui.core.session.contention import retried


async def ask(ports: ControlPorts, place: Place, token: str) -> None:
    """Keep the token with which the machine waits; answer at once where it was decided meanwhile.

    Raises NotFound for an unknown attempt, InternalError for a job that has no gate.
    """

    async def step() -> Scene:
        scene = await read_scene(ports, place)
        job = scene.job(place.job)
        if job.status is JobStatus.WAITING and job.gate is not None and job.gate.token != token:
            scene.put(job.next(gate=job.gate.model_copy(update={"token": token})))
            await commit_scene(ports, scene)
        return scene

    scene = await retried(step)
    job = scene.job(place.job)
    if job.gate is not None:
        asking = job.model_copy(update={"token": None, "gate": job.gate.model_copy(update={"token": token})})
        await wake(ports, scene, [asking])
