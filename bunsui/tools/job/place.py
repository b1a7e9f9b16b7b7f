"""Which job of which attempt is meant."""

from __future__ import annotations

import difflib

from bunsui.core.models.job import JobRun
from bunsui.core.models.session import Run
from bunsui.core.ports.store import Store
from bunsui.errors import NotFound, UsageError

LISTED = 20


async def find_job(store: Store, session_id: str, ref: str, attempt: int | None) -> JobRun:
    """The job run behind `[RUN/]JOB`, in the attempt or else in the newest one.

    Raises NotFound with the nearest names, UsageError where several runs have the job.
    """
    runs = await store.sessions.runs(session_id) or (await store.sessions.session(session_id), [])[1]
    run_id, _, job = ref.rpartition("/")
    asked = [run for run in runs if run.id == run_id] if run_id else runs
    if not asked:
        raise _unknown("run", run_id, [run.id for run in runs], session_id)
    return await _only(store, asked, job, attempt)


async def find_item(store: Store, job: JobRun, key: str) -> JobRun:
    """The item of a map job, or the job itself without a key. Raises NotFound with the nearest keys."""
    if not key:
        return job
    found = await store.jobs.job_run(*job.made_at, key)
    if found is None:
        known = [item.item for item in await store.jobs.items(*job.made_at)]
        raise _unknown("item", key, known, job.session_id, job=f"{job.run_id}/{job.job}")
    return found


async def _only(store: Store, runs: list[Run], job: str, attempt: int | None) -> JobRun:
    found = [one for run in runs if (one := await _job_of(store, run, job, attempt))]
    if len(found) > 1:
        refs = [f"{one.run_id}/{job}" for one in found]
        raise UsageError(f"several runs have a job {job}: name one of {_listed(refs)}")
    if not found:
        known = [one.job for run in runs for one in await _jobs(store, run, attempt)]
        if not known:
            raise _no_attempt(runs, attempt)
        raise _unknown("job", job, known, runs[0].session_id)
    return found[0]


async def _job_of(store: Store, run: Run, job: str, attempt: int | None) -> JobRun | None:
    return await store.jobs.job_run(run.session_id, run.id, attempt or run.attempt, job)


async def _jobs(store: Store, run: Run, attempt: int | None) -> list[JobRun]:
    return await store.jobs.job_runs(run.session_id, run.id, attempt or run.attempt)


def _no_attempt(runs: list[Run], attempt: int | None) -> NotFound:
    session, newest = runs[0].session_id, max(run.attempt for run in runs)
    return NotFound(
        f"session {session} has no attempt {attempt}: the newest is {newest}",
        next_steps=[f"bunsui session show {session}"],
        details={"session": session, "attempt": attempt},
    )


def _unknown(noun: str, name: str, known: list[str], session_id: str, job: str = "") -> NotFound:
    """What there is instead: in the session, or in the map job where `job` is given."""
    near = difflib.get_close_matches(name, known, n=3, cutoff=0.5)
    where, look = (
        (f"{job} of ", f"job show {session_id} {job}") if job else ("", f"session show {session_id}")
    )
    return NotFound(
        f"{where}session {session_id} has no {noun} {name[:80]!r} (there are: {_listed(known)})",
        next_steps=[f"did you mean {other}?" for other in near] or [f"bunsui {look}"],
        details={"session": session_id, noun: name[:80]},
    )


def _listed(names: list[str]) -> str:
    """The first of many names, and how many more there are."""
    known = list(dict.fromkeys(names))
    more = f" and {len(known) - LISTED} more" if len(known) > LISTED else ""
    return ", ".join(known[:LISTED]) + more or "none"
