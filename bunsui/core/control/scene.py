"""An attempt while control works on it: what was read, and what it is becoming."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from bunsui.core.control.ports import ControlPorts
from bunsui.core.models.base import Record
from bunsui.core.models.event import SessionEvent
from bunsui.core.models.job import JobRun
from bunsui.core.models.session import Attempt, Run, Session
from bunsui.core.models.status import Status
from bunsui.core.ports.store import Transaction
from bunsui.core.session.closing import job_event
from bunsui.core.session.definitions import Definition
from bunsui.core.session.reducer import LifeEvent, life_after, session_after
from bunsui.errors import InternalError


@dataclass(frozen=True, slots=True)
class Place:
    """The job of an attempt that control was called for; `job` is empty for the attempt itself."""

    session_id: str
    run_id: str
    attempt: int
    job: str = ""


@dataclass(slots=True, kw_only=True)
class Scene:
    """Records as read, and in `jobs` as they are becoming."""

    session: Session
    run: Run
    attempt: Attempt
    definition: Definition
    at: datetime
    before: dict[str, JobRun]
    jobs: dict[str, JobRun] = field(default_factory=dict)

    def job(self, name: str) -> JobRun:
        """A job of the attempt. Raises InternalError: the machine and the records are of one definition."""
        if name not in self.jobs:
            raise InternalError(f"Attempt {self.attempt.execution} has no job {name}.")
        return self.jobs[name]

    @property
    def changed(self) -> list[JobRun]:
        """Job runs that differ from what is stored."""
        return [job for name, job in self.jobs.items() if job is not self.before[name]]

    def put(self, job: JobRun) -> None:
        """Let a job run become this; several changes still make one new version."""
        self.jobs[job.job] = job.model_copy(update={"version": self.before[job.job].version + 1})


async def read_scene(ports: ControlPorts, place: Place) -> Scene:
    """Read an attempt. Raises NotFound."""
    sessions = ports.store.sessions
    run = await sessions.run(place.session_id, place.run_id)
    attempt = await sessions.attempt(place.session_id, place.run_id, place.attempt)
    jobs = await ports.store.jobs.job_runs(place.session_id, place.run_id, place.attempt)
    known = {job.job: job for job in jobs}
    return Scene(
        session=await sessions.session(place.session_id),
        run=run,
        attempt=attempt,
        definition=await ports.definitions.get(ports.store.pipelines, run.pipeline, attempt.definition),
        at=ports.clock.now(),
        before=known,
        jobs=dict(known),
    )


async def commit_scene(ports: ControlPorts, scene: Scene) -> None:
    """Commit what changed, with a new version of the attempt. Raises Conflict when others were first."""
    changed = scene.changed
    if not changed:
        return
    events = [job_event(job, scene.at) for job in changed if job.status != scene.before[job.job].status]
    if scene.attempt.status is not Status.CREATED:
        put: list[Record] = [*changed, scene.attempt.next()]
    else:
        put = [*changed, *await _started(ports, scene)]
        events.insert(0, _attempt_started(scene))
    await ports.store.commit(Transaction(put=put, events=events))


async def _started(ports: ControlPorts, scene: Scene) -> list[Record]:
    """The attempt, its run and its session, now that the first job has asked to begin."""
    attempt = life_after(scene.attempt, LifeEvent.STARTED, started_at=scene.at)
    run = life_after(scene.run, LifeEvent.STARTED)
    runs = await ports.store.sessions.runs(scene.session.id)
    session = session_after(scene.session, [run if one.id == run.id else one for one in runs], scene.at)
    return [attempt, run, *([session] if session is not scene.session else [])]


def _attempt_started(scene: Scene) -> SessionEvent:
    return SessionEvent(
        session_id=scene.session.id,
        at=scene.at,
        kind="attempt.started",
        run_id=scene.run.id,
        attempt=scene.attempt.number,
    )
