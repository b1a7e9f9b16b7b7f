"""Who may go on in other attempts, because something was freed or allowed: called after the commit.

Everything here may be repeated and may be cut short; whoever waits for a session and a worker that
starts do it again.
"""

from __future__ import annotations

from collections.abc import Iterable

from bunsui.core.control.hold import release_held
from bunsui.core.control.launch import advance
from bunsui.core.control.places import calls_of, has_spare, place_of, tell_again, tell_places
from bunsui.core.control.ports import ControlPorts
from bunsui.core.control.scene import Place, Scene, commit_scene, read_scene
from bunsui.core.control.wake import wake
from bunsui.core.models.job import JobRun
from bunsui.core.models.payload import Failure
from bunsui.core.models.status import JobStatus, Status
from bunsui.core.session import closing
from bunsui.core.session.attempts import engine_start
from bunsui.core.session.contention import retried
from bunsui.core.session.places import startable
from bunsui.core.session.slots import Owner, served
from bunsui.errors import NotFound


async def attempt_ended(
    ports: ControlPorts,
    session_id: str,
    run_id: str,
    attempt: int,
    status: Status,
    failure: Failure | None = None,
) -> None:
    """Close whatever is open of an attempt whose execution has ended; then others may go.

    Raises NotFound for an attempt that never was, Conflict when others keep changing it.
    """
    await closing.attempt_ended(ports, session_id, run_id, attempt, status, failure)
    await let_others_go(ports, session_id)


async def let_others_go(ports: ControlPorts, session_id: str) -> None:
    """After the end of an attempt: the next runs of its session, and who waits for units of pools."""
    session = await ports.store.sessions.session(session_id)
    if session.max_concurrent_runs is not None and not session.status.ended:
        await start_runs(ports, session_id)
    await let_waiting_go(ports, session.profile)


async def let_waiting_go(ports: ControlPorts, profile: str) -> None:
    """Wake the attempts whose jobs get the units that are free, in order of coming."""
    tried: set[Owner] = set()
    while True:
        pools = await ports.store.limits.pools(profile)
        owner = next((hold.owner for hold in served(pools) if hold.owner not in tried), None)
        if owner is None:
            return
        tried.add(owner)
        try:
            await nudge(ports, owner)
        except NotFound:
            continue


async def follow_up(ports: ControlPorts, scene: Scene, decided: Iterable[JobRun]) -> None:
    """After the commit of what `advance` gave: tell the machines, and let others have what was freed."""
    await wake(ports, scene, decided)
    for job in scene.widened:
        await tell_places(ports, scene.attempt.execution, job)
        # Calls that were counted as open have ended meanwhile, and their reports saw nothing to give back.
        if await has_spare(ports, place_of(job), calls_of(scene.definition, job.job)):
            await let_go(ports, scene.owner)
    if scene.desk.freed:
        await let_waiting_go(ports, scene.session.profile)


async def start_runs(ports: ControlPorts, session_id: str) -> None:
    """Start the executions of runs whose turn has come."""
    session = await ports.store.sessions.session(session_id)
    maintenance = await ports.store.limits.maintenance(session.profile)
    if session.stopping or session.pause or (maintenance and maintenance.on):
        return
    for run in startable(session, await ports.store.sessions.runs(session_id)):
        attempt = await ports.store.sessions.attempt(session_id, run.id, run.attempt)
        if await ports.engine.describe(attempt.execution) is None:
            definition = await ports.definitions.get(ports.store.pipelines, run.pipeline, attempt.definition)
            await ports.engine.start(engine_start(attempt, definition))


async def nudge(ports: ControlPorts, owner: Owner, *, firmly: bool = False) -> None:
    """Let go what can go in an attempt. Raises NotFound.

    `firmly` after something was allowed or forbidden that stands in no record of the attempt: whoever
    read the attempt before that has to read again.
    """
    scene = await _advanced(ports, owner, firmly=firmly)
    if scene is not None:
        await release_held(ports, scene)
        gates = [job for job in scene.jobs.values() if job.status is JobStatus.WAITING and job.gate]
        await follow_up(ports, scene, [*scene.decided, *gates])
        await tell_again(ports, scene)


async def let_go(ports: ControlPorts, owner: Owner) -> None:
    """Let go what can go in an attempt in which something was freed. Raises NotFound."""
    scene = await _advanced(ports, owner)
    if scene is not None:
        await follow_up(ports, scene, scene.decided)


async def _advanced(ports: ControlPorts, owner: Owner, *, firmly: bool = False) -> Scene | None:
    """The attempt after what can go was let go, and committed; None where it has ended."""

    async def step() -> Scene | None:
        scene = await read_scene(ports, Place(*owner))
        if scene.attempt.status.ended:
            return None
        await advance(ports, scene)
        await commit_scene(ports, scene, touch=firmly)
        return scene

    return await retried(step)


async def nudge_session(ports: ControlPorts, session_id: str, *, firmly: bool = False) -> None:
    """Let go what can go in all open attempts of a session, and start runs whose turn it is."""
    await start_runs(ports, session_id)
    session = await ports.store.sessions.session(session_id)
    runs = await ports.store.sessions.runs(session_id)
    soon = {run.id for run in startable(session, runs)}
    for run in runs:
        if run.id in soon or not (run.status.ended or run.status is Status.CREATED):
            await nudge(ports, (session_id, run.id, run.attempt), firmly=firmly)
