"""Places of maps that run under limits: how many of their calls may run at once.

A map gives places back as soon as fewer of its calls are open than it has places, and takes more when
there is room for them. Only a distributed Map can be told to; one that is inline has all it can use.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from bunsui.core.control.gate import coming, room
from bunsui.core.control.ports import ControlPorts
from bunsui.core.control.scene import Place, Scene
from bunsui.core.models.base import JsonValue
from bunsui.core.models.job import JobRun
from bunsui.core.models.status import JobStatus
from bunsui.core.pipeline.fan_out import INLINE_CONCURRENCY, wide_state
from bunsui.core.session.definitions import Definition
from bunsui.errors import BunsuiError, StoreError


@dataclass(frozen=True, slots=True)
class Calls:
    """How a map makes its calls: at most so many at once, each for so many items."""

    most: int
    size: int

    def to_json(self) -> JsonValue:
        """As a report has it."""
        return {"most": self.most, "size": self.size}


def limited(definition: Definition, job: str) -> bool:
    """Whether the calls of a job are counted within limits that others share."""
    return definition.pipeline.max_concurrency is not None or bool(definition.pipeline.jobs[job].pool)


def calls_of(definition: Definition, job: str) -> Calls:
    """How a map job makes its calls."""
    mapped = definition.pipeline.jobs[job].map
    if mapped is None:
        return Calls(1, 1)
    return Calls(mapped.max_concurrency or INLINE_CONCURRENCY, mapped.batch or 1)


async def fit(ports: ControlPorts, scene: Scene) -> None:
    """Take back places for which a map has no calls any more.

    Its last one it keeps until it finishes, which it does at once.
    """
    for job in _counted(scene):
        if job.slots > 1:
            size = calls_of(scene.definition, job.job).size
            places = max(1, await _open_calls(ports, job, size, job.slots))
            if places < job.slots:
                scene.put(job.model_copy(update={"slots": places}))
                scene.desk.keep(job.job, scene.definition.pipeline.jobs[job.job].pool, places)


async def widen(ports: ControlPorts, scene: Scene) -> None:
    """Let maps take what room is left, in definition order.

    Jobs that are about to ask come first: a map with many items would leave them none.
    """
    for job in _counted(scene):
        begins = scene.before[job.job].status is not JobStatus.RUNNING
        calls = calls_of(scene.definition, job.job)
        if job.slots < calls.most and (begins or job.elastic):
            wanted = await _open_calls(ports, job, calls.size, calls.most) - job.slots
            got = _taken(scene, job, wanted)
            elastic = job.elastic or got < wanted
            if got or elastic is not job.elastic:
                scene.put(job.model_copy(update={"slots": job.slots + got, "elastic": elastic}))


def _taken(scene: Scene, job: JobRun, wanted: int) -> int:
    """How many more places the job gets."""
    jobs, free = scene.definition.pipeline.jobs, room(scene.definition, scene.jobs)
    if min(wanted, free) < 1:
        return 0
    soon, left = coming(scene.definition, scene.jobs), Counter[str]()
    times = min(wanted, free - len(soon))
    if times < 1:
        return 0
    for name in soon:
        left.update(jobs[name].pool)
    return scene.desk.widen(job.job, jobs[job.job].pool, job.slots, times, scene.at, left=left)


def _counted(scene: Scene) -> Iterator[JobRun]:
    """The maps that run under limits, in definition order."""
    for name, job in list(scene.jobs.items()):
        mapped = scene.definition.pipeline.jobs[name].map is not None
        if mapped and job.status is JobStatus.RUNNING and limited(scene.definition, name):
            yield job


async def has_spare(ports: ControlPorts, place: Place, calls: Calls) -> bool:
    """Whether a map has places for which it has no calls any more.

    The items are counted first: as long as many are open, that is all.
    """
    most = calls.most * calls.size
    items = await ports.store.jobs.open_items(
        place.session_id, place.run_id, place.attempt, place.job, limit=most
    )
    if items >= most:
        return False
    now = await _running(ports, place)
    return now is not None and now.slots > max(1, _calls(items, calls.size))


async def tell_places(ports: ControlPorts, execution: str, job: JobRun, *, told: int = 0) -> None:
    """Tell the Map how many calls it may make at once, until that is what is stored.

    Several may tell it at the same time, in any order; and one that has fewer calls left than places
    needs no telling. Where it cannot be told, whoever nudges the attempt tells it again.
    """
    while (now := await _running(ports, place_of(job))) and now.slots > told:
        told = now.slots
        try:
            await ports.engine.update_map_run(execution, wide_state(job.job), told)
        except StoreError:
            raise
        except BunsuiError:
            return


async def tell_again(ports: ControlPorts, scene: Scene) -> None:
    """Tell the Maps that were not told now: who committed more places may have died before he could."""
    if not scene.held:
        for job in _counted(scene):
            if job.elastic and job is scene.before[job.job]:
                await tell_places(ports, scene.attempt.execution, job)


def place_of(job: JobRun) -> Place:
    """Where a job run stands."""
    return Place(job.session_id, job.run_id, job.attempt, job.job)


async def _open_calls(ports: ControlPorts, job: JobRun, size: int, limit: int) -> int:
    """How many calls have not ended; counting stops at the limit."""
    items = await ports.store.jobs.open_items(
        job.session_id, job.run_id, job.attempt, job.job, limit=limit * size
    )
    return _calls(items, size)


def _calls(items: int, size: int) -> int:
    """The calls of open items: all but one are full, and all items of a call end together."""
    return -(-items // size)


async def _running(ports: ControlPorts, place: Place) -> JobRun | None:
    """A job as it is stored, if it runs."""
    now = await ports.store.jobs.job_run(place.session_id, place.run_id, place.attempt, place.job)
    return now if now and now.status is JobStatus.RUNNING else None
