"""How long jobs took lately."""

from __future__ import annotations

from collections import defaultdict
from statistics import median

from bunsui.core.models.job import JobRun
from bunsui.core.models.session import Session
from bunsui.core.models.status import JobStatus
from bunsui.core.ports.store import SessionQuery, Store

SESSIONS = 10
# A result that a rerun kept has the times of the call that made it.
_DONE = (JobStatus.SUCCEEDED, JobStatus.REUSED)


async def median_seconds(store: Store, profile: str, pipeline: str) -> dict[str, float]:
    """The median of each job's successful calls in the last sessions; jobs without any are left out."""
    page = await store.sessions.find(SessionQuery(profile=profile, pipeline=pipeline, limit=SESSIONS))
    found = defaultdict[str, list[float]](list)
    for session in page.items:
        for job in await _jobs(store, session, pipeline):
            if job.status in _DONE and job.started_at and job.finished_at:
                found[job.job].append((job.finished_at - job.started_at).total_seconds())
    return {job: median(seconds) for job, seconds in found.items()}


async def _jobs(store: Store, session: Session, pipeline: str) -> list[JobRun]:
    runs = [run for run in await store.sessions.runs(session.id) if run.pipeline == pipeline]
    return [job for run in runs for job in await store.jobs.job_runs(session.id, run.id, run.attempt)]
