"""Who may go: pure decisions over the jobs of an attempt."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from bunsui.core.models.job import JobRun
from bunsui.core.models.pipeline import OnFailure
from bunsui.core.models.plan import JobPlan
from bunsui.core.models.status import JobStatus, Reason
from bunsui.core.session.definitions import Definition
from bunsui.core.session.reducer import JobEvent

__all__ = ["Verdict", "coming", "due", "passable", "ready", "room", "skipped", "verdicts"]

NO_LIMIT = 1_000_000
"""Places where the pipeline sets no limit."""

Verdict = tuple[JobEvent, Reason | None, str]
"""What becomes of a job that will not run: the event, a new reason if it has one, and why."""

_OPEN = (JobStatus.PENDING, JobStatus.QUEUED)
_STOPPABLE = (*_OPEN, JobStatus.WAITING)


def passable(job: JobRun) -> bool:
    """Whether what depends on the job may go on: it is good, or its failure is only a warning."""
    return job.status.good or job.warning


def verdicts(
    definition: Definition, jobs: Mapping[str, JobRun], plans: Mapping[str, JobPlan]
) -> dict[str, Verdict]:
    """The jobs that cannot run any more, and why.

    A job fails with what it needs; with `on_failure: stop` none begins after a failure. A job all of
    whose needs were skipped is on a branch not taken, and is skipped too.
    """
    failed = _first_failure(definition, jobs)
    found: dict[str, Verdict] = {}
    for name in definition.dag.order:
        if jobs[name].status in _STOPPABLE:
            open_ = jobs[name].status in _OPEN
            verdict = _verdict(definition, name, jobs, found, plans) if open_ else None
            if verdict is None and failed:
                verdict = (JobEvent.STOPPED, None, f"{failed} failed, and on_failure is stop")
            if verdict:
                found[name] = verdict
    return found


def due(definition: Definition, jobs: Mapping[str, JobRun]) -> list[str]:
    """Jobs that have asked, and only now have all that they need: they are queued from here on."""
    asking = [name for name, job in jobs.items() if job.status is JobStatus.PENDING and job.token]
    return [name for name in asking if _fed(definition, name, jobs)]


def ready(definition: Definition, jobs: Mapping[str, JobRun]) -> list[str]:
    """Queued jobs that have all that they need, in definition order; limits are not looked at."""
    asking = [job for job in jobs.values() if job.status is JobStatus.QUEUED]
    return [job.job for job in sorted(asking, key=_position) if _fed(definition, job.job, jobs)]


def coming(definition: Definition, jobs: Mapping[str, JobRun]) -> list[str]:
    """Jobs that are about to ask: all that comes before them has ended, and the machine is on its way."""
    dag = definition.dag
    pending = (name for name, job in jobs.items() if job.status is JobStatus.PENDING or _let_in(job))
    fed = (name for name in pending if all(jobs[need].status.ended for need in dag.needs[name]))
    return [name for name in fed if all(jobs[one].status.ended for one in dag.upstream(name))]


def _let_in(job: JobRun) -> bool:
    """Whether a person has opened the gate of a job that waits at it."""
    return job.status is JobStatus.WAITING and job.gate is not None and bool(job.gate.approved)


def room(definition: Definition, jobs: Mapping[str, JobRun]) -> int:
    """How many more jobs the pipeline's limit lets run; the items of a map count as jobs do.

    A job that waits for a person does not count.
    """
    limit = definition.pipeline.max_concurrency
    if limit is None:
        return NO_LIMIT
    return limit - sum(job.slots for job in jobs.values() if job.status is JobStatus.RUNNING)


def skipped(plan: JobPlan | None, why: str) -> Verdict:
    """A branch not taken: superseded where an earlier attempt took it."""
    reason = Reason.SUPERSEDED if plan and plan.origin is not None else Reason.CONDITION_FALSE
    return JobEvent.SKIPPED, reason, why


def _verdict(
    definition: Definition,
    name: str,
    jobs: Mapping[str, JobRun],
    found: Mapping[str, Verdict],
    plans: Mapping[str, JobPlan],
) -> Verdict | None:
    needs = sorted(definition.dag.needs[name])
    events = {need: found[need][0] for need in needs if need in found}
    for need in needs:
        lost = events.get(need) not in (None, JobEvent.SKIPPED)
        if lost or (need not in events and jobs[need].status.ended and not passable(jobs[need])):
            return JobEvent.UPSTREAM_FAILED, None, f"{need} has no result"
    if needs and all(_is_skipped(jobs[need], events.get(need)) for need in needs):
        return skipped(plans.get(name), f"{needs[0]} was skipped")
    return None


def _is_skipped(job: JobRun, event: JobEvent | None) -> bool:
    return job.status is JobStatus.SKIPPED or event is JobEvent.SKIPPED


def _fed(definition: Definition, name: str, jobs: Mapping[str, JobRun]) -> bool:
    return all(jobs[need].status.ended and passable(jobs[need]) for need in definition.dag.needs[name])


def _first_failure(definition: Definition, jobs: Mapping[str, JobRun]) -> str:
    """The job whose failure stops the others, where the pipeline says that one does."""
    if definition.pipeline.on_failure is not OnFailure.STOP:
        return ""
    return next((job.job for job in _in_order(jobs.values()) if _failed_here(job)), "")


def _failed_here(job: JobRun) -> bool:
    """Failed in this attempt: what an older one left is no reason to stop."""
    own = job.origin == job.attempt
    return own and job.status in (JobStatus.FAILED, JobStatus.TIMED_OUT, JobStatus.LOST) and not job.warning


def _in_order(jobs: Iterable[JobRun]) -> list[JobRun]:
    return sorted(jobs, key=_position)


def _position(job: JobRun) -> int:
    return job.position
