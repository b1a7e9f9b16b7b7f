"""Places of a running map that are held: what runs finishes, and no further item begins."""

from __future__ import annotations

from collections.abc import Mapping

from bunsui.core.control.ports import ControlPorts
from bunsui.core.control.scene import Place, Scene
from bunsui.core.models.base import JsonValue
from bunsui.core.models.job import JobRun
from bunsui.core.models.status import JobStatus
from bunsui.core.ports.store import Transaction
from bunsui.core.session.contention import retried
from bunsui.errors import Conflict


async def is_held(ports: ControlPorts, session_id: str) -> bool:
    """Whether nothing may begin in the session now. Raises NotFound."""
    session = await ports.store.sessions.session(session_id)
    maintenance = await ports.store.limits.maintenance(session.profile)
    return bool(session.stopping or session.pause or (maintenance and maintenance.on))


async def hold(ports: ControlPorts, place: Place, payload: Mapping[str, JsonValue]) -> None:
    """Keep the token of an iteration beside its first item; answer it where the session went on meanwhile.

    Raises NotFound for an unknown session.
    """
    keys, token = payload.get("keys"), str(payload["token"])
    key = str(keys[0]) if isinstance(keys, list) and keys else ""

    async def step() -> None:
        row = await ports.store.jobs.job_run(place.session_id, place.run_id, place.attempt, place.job, key)
        if row is not None and row.token != token:
            await ports.store.commit(Transaction(put=[row.next(token=token)]))

    await retried(step)
    # Whoever lets the session go on commits that first and looks for tokens then: one of us two answers.
    # So does the report after which no item waits any more.
    if not await is_held(ports, place.session_id) or not await waiting_items(ports, place):
        await _answer(ports, token)


async def waiting_items(ports: ControlPorts, place: Place) -> int:
    """How many items of a map have not begun."""
    jobs = ports.store.jobs
    counts = await jobs.item_counts(place.session_id, place.run_id, place.attempt, place.job)
    return counts.get(JobStatus.QUEUED, 0)


async def release_kept(ports: ControlPorts, place: Place) -> None:
    """Let the calls of a map end that kept their places: no item is left that could begin in them."""
    for row in await ports.store.jobs.parked(place.session_id, place.run_id, place.attempt):
        if row.job == place.job:
            await _release(ports, row)


async def release_held(ports: ControlPorts, scene: Scene) -> None:
    """Let the maps of an attempt go on that kept their places, unless it is still held."""
    mapped = (job for name, job in scene.definition.pipeline.jobs.items() if job.map and _runs(scene, name))
    if scene.held or not any(True for _ in mapped):
        return
    attempt = scene.attempt
    for row in await ports.store.jobs.parked(attempt.session_id, attempt.run_id, attempt.number):
        await _release(ports, row)


def _runs(scene: Scene, name: str) -> bool:
    return name in scene.jobs and scene.jobs[name].status is JobStatus.RUNNING


async def _release(ports: ControlPorts, row: JobRun) -> None:
    """Answer the token, then forget it: cut short between, the token is answered again."""
    if row.token is None:
        return
    await _answer(ports, row.token)
    try:
        await ports.store.commit(Transaction(put=[row.next(token=None)]))
    except Conflict:
        return


async def _answer(ports: ControlPorts, token: str) -> None:
    try:
        await ports.engine.task_succeeded(token, {})
    except Conflict:
        return
