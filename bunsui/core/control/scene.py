"""An attempt while control works on it: what was read, and what it is becoming."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from bunsui.core.control.ports import ControlPorts
from bunsui.core.models.base import Record
from bunsui.core.models.event import SessionEvent
from bunsui.core.models.job import JobRun
from bunsui.core.models.limit import Maintenance
from bunsui.core.models.session import Attempt, Run, Session
from bunsui.core.models.status import JobStatus, Status
from bunsui.core.ports.store import Transaction
from bunsui.core.session.closing import job_event
from bunsui.core.session.definitions import Definition
from bunsui.core.session.reducer import Life, LifeEvent, life_after, session_after
from bunsui.core.session.slots import Desk, Owner
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
    """Records as read, and in `jobs` as they are becoming; `extra` are others that belong to the change."""

    session: Session
    run: Run
    attempt: Attempt
    definition: Definition
    at: datetime
    before: dict[str, JobRun]
    desk: Desk
    maintenance: Maintenance | None = None
    jobs: dict[str, JobRun] = field(default_factory=dict)
    extra: list[Record] = field(default_factory=list)

    @property
    def owner(self) -> Owner:
        """The attempt, as holds of pools name it."""
        return self.session.id, self.run.id, self.attempt.number

    @property
    def held(self) -> bool:
        """Whether nothing may begin: the session is paused or being stopped, or there is maintenance."""
        maintained = self.maintenance is not None and self.maintenance.on
        return bool(self.session.stopping or self.session.pause or maintained)

    def job(self, name: str) -> JobRun:
        """A job of the attempt. Raises InternalError: the machine and the records are of one definition."""
        if name not in self.jobs:
            raise InternalError(f"Attempt {self.attempt.execution} has no job {name}.")
        return self.jobs[name]

    @property
    def changed(self) -> list[JobRun]:
        """Job runs that differ from what is stored."""
        return [job for name, job in self.jobs.items() if job is not self.before[name]]

    @property
    def decided(self) -> list[JobRun]:
        """Those of the changed whose machines wait to be told; a map that runs on has its answer."""
        return [job for job in self.changed if not self._ran_on(job)]

    @property
    def widened(self) -> list[JobRun]:
        """Maps that ran before and may now make more calls at once."""
        return [job for job in self.changed if self._ran_on(job) and job.slots > self.before[job.job].slots]

    def _ran_on(self, job: JobRun) -> bool:
        return job.status is JobStatus.RUNNING is self.before[job.job].status

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
    session = await sessions.session(place.session_id)
    definition = await ports.definitions.get(ports.store.pipelines, run.pipeline, attempt.definition)
    pooled = any(job.pool for job in definition.pipeline.jobs.values())
    pools = await ports.store.limits.pools(session.profile) if pooled else []
    return Scene(
        session=session,
        run=run,
        attempt=attempt,
        definition=definition,
        at=ports.clock.now(),
        desk=Desk(pools, (session.id, run.id, attempt.number)),
        maintenance=await ports.store.limits.maintenance(session.profile),
        before=known,
        jobs=dict(known),
    )


async def commit_scene(
    ports: ControlPorts, scene: Scene, *, touch: bool = False, begins: bool = False
) -> None:
    """Commit what changed, with a new version of the attempt. Raises Conflict when others were first.

    `touch` makes that version also where nothing changed: whoever reads the attempt at the same time
    and knows less has to read again. `begins`: its machine has asked, so that the attempt has begun.
    """
    changed, pools = scene.changed, scene.desk.changed
    begins = begins and scene.attempt.status is Status.CREATED
    if not changed and not pools and not touch and not begins:
        return
    events = [job_event(job, scene.at) for job in changed if job.status != scene.before[job.job].status]
    lived = _lived(scene, begins=begins)
    if LifeEvent.STARTED in lived:
        events.insert(0, _attempt_started(scene))
    put: list[Record] = [*changed, *scene.extra, *pools, *await _after(ports, scene, lived)]
    await ports.store.commit(Transaction(put=put, events=events))


def _lived(scene: Scene, *, begins: bool) -> list[LifeEvent]:
    """What the attempt goes through: its first job has asked, or it waits for people only, or no longer."""
    jobs = scene.jobs.values()
    asks = any(job.status is JobStatus.WAITING and job.gate and job.gate.approved is None for job in jobs)
    asks = asks and not any(job.status is JobStatus.RUNNING for job in jobs)
    started = [LifeEvent.STARTED] if begins else []
    if scene.attempt.status is Status.WAITING_APPROVAL:
        return [] if asks else [LifeEvent.ANSWERED]
    return [*started, LifeEvent.ASKED] if asks else started


async def _after(ports: ControlPorts, scene: Scene, lived: list[LifeEvent]) -> list[Record]:
    """The attempt, and where it lived through something its run and its session."""
    if not lived:
        return [scene.attempt.next()]
    attempt, run = _through(scene.attempt, lived), _through(scene.run, lived)
    if LifeEvent.STARTED in lived:
        attempt = attempt.model_copy(update={"started_at": scene.at})
    runs = await ports.store.sessions.runs(scene.session.id)
    session = session_after(scene.session, [run if one.id == run.id else one for one in runs], scene.at)
    return [attempt, run, *([session] if session is not scene.session else [])]


def _through(record: Life, events: list[LifeEvent]) -> Life:
    """The record after several events, in one new version."""
    after = record
    for event in events:
        after = life_after(after, event)
    return after.model_copy(update={"version": record.version + 1})


def _attempt_started(scene: Scene) -> SessionEvent:
    return SessionEvent(
        session_id=scene.session.id,
        at=scene.at,
        kind="attempt.started",
        run_id=scene.run.id,
        attempt=scene.attempt.number,
    )
