"""Rerun a session: new attempts at its runs, of exactly the jobs that the plan names."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from bunsui.core.control.others import start_runs
from bunsui.core.models.base import Record
from bunsui.core.models.event import SessionEvent
from bunsui.core.models.job import JobRun
from bunsui.core.models.plan import RunPlan, SessionPlan, StoredPlan
from bunsui.core.models.session import Attempt, Overrides, Run, Session
from bunsui.core.models.status import Action
from bunsui.core.ports.store import Transaction
from bunsui.core.session.attempts import attempt_of, job_runs_of
from bunsui.core.session.cache import WithCache, with_cache
from bunsui.core.session.confirm import used
from bunsui.core.session.idle import check_idle
from bunsui.core.session.keys import claim_for
from bunsui.core.session.maintenance import check_maintenance
from bunsui.core.session.outcomes import Done
from bunsui.core.session.planner import plan_rerun
from bunsui.core.session.pools import set_pools
from bunsui.core.session.ports import SessionPorts
from bunsui.core.session.reducer import LifeEvent, life_after, session_after, warnings_of
from bunsui.core.session.requests import RerunRequest
from bunsui.core.session.selection import named_jobs, overrides_for, params_for
from bunsui.core.session.start import is_kept
from bunsui.core.session.targets import Candidate, candidate, notes_on, source_of
from bunsui.errors import Blocked, Conflict, StalePlan


@dataclass(frozen=True, slots=True, kw_only=True)
class _Prepared:
    """A rerun that has been thought through."""

    session: Session
    runs: list[Run]
    candidates: dict[str, Candidate]
    overrides: Mapping[str, Mapping[str, Overrides]]
    plan: SessionPlan
    cached: Mapping[str, WithCache]


@dataclass(frozen=True, slots=True)
class _NewAttempt:
    """The records of one new attempt."""

    candidate: Candidate
    run: Run
    attempt: Attempt
    jobs: list[JobRun]


async def plan_session_rerun(ports: SessionPorts, request: RerunRequest) -> SessionPlan:
    """What a rerun would do with every job, and why.

    Raises Conflict while an attempt is open, NotFound for unknown jobs, UsageError for overrides and
    parameters, DefinitionInvalid for a definition that cannot be used now.
    """
    return (await _prepare(ports, request, "")).plan


async def rerun(
    ports: SessionPorts,
    request: RerunRequest,
    *,
    by: str,
    approved: StoredPlan | None = None,
    nothing: bool = False,
) -> Done[SessionPlan]:
    """Carry out a rerun. An empty plan makes no attempt; `nothing` says that this is what was planned.

    Raises as `plan_session_rerun` and `used`; UnderMaintenance; Blocked when a named job lacks what it
    needs; Conflict, saying who and what, when another caller was first.
    """
    prepared = await _prepare(ports, request, by)
    plan, at = prepared.plan, ports.clock.now()
    _check_blocked(prepared, request)
    await check_maintenance(ports.store, prepared.session.profile)
    spent = used(approved, plan, at)
    if nothing and not plan.empty:
        raise StalePlan(
            f"There was nothing to rerun in session {request.session_id}, and now there is.",
            next_steps=["Look at what a rerun would do now: --dry-run"],
        )
    if plan.empty:
        await ports.store.commit(Transaction(put=spent))
        return Done(prepared.session.id, plan)
    plan_id = approved.id if approved else None
    new = [
        _new_attempt(prepared, one, by=by, at=at, strategy=request.chosen.value, plan_id=plan_id)
        for one in plan.runs
        if one.attempt is not None
    ]
    definitions = [one.candidate.source.definition.pipeline for one in new]
    await set_pools(ports, prepared.session.profile, definitions)
    await _commit(ports, prepared, new, list(spent), at)
    await start_runs(ports.control, prepared.session.id)
    return Done(prepared.session.id, plan)


async def _prepare(ports: SessionPorts, request: RerunRequest, by: str) -> _Prepared:
    session = await ports.store.sessions.session(request.session_id)
    runs = await ports.store.sessions.runs(session.id)
    await check_idle(ports.store, session, runs)
    sources = {run.id: await source_of(ports, run, request.definition, by) for run in runs}
    declared = {run: source.definition.pipeline.params for run, source in sources.items()}
    params = params_for(request.params, declared)
    candidates: dict[str, Candidate] = {}
    for run in runs:
        notes = await notes_on(ports, run, sources[run.id], request.definition, by)
        candidates[run.id] = await candidate(ports, run, sources[run.id], params.get(run.id, {}), notes)
    targets = {run: one.target for run, one in candidates.items()}
    plan = plan_rerun(targets, {run: one.history for run, one in candidates.items()}, request)
    cached = {one.id: await _cached(ports, request, candidates[one.id], one) for one in plan.runs}
    return _Prepared(
        session=session,
        runs=runs,
        candidates=candidates,
        overrides=overrides_for(request.overrides, {run: target.needs for run, target in targets.items()}),
        plan=plan.model_copy(update={"runs": tuple(one.plan for one in cached.values())}),
        cached=cached,
    )


async def _cached(ports: SessionPorts, request: RerunRequest, one: Candidate, plan: RunPlan) -> WithCache:
    definition = one.source.definition
    if request.force or not any(job.cache for job in definition.pipeline.jobs.values()):
        return WithCache(plan)
    marks, known = one.target.fingerprints, {job.job: job for job in one.jobs}
    return await with_cache(ports, definition, one.source.project, marks, plan, known)


def _check_blocked(prepared: _Prepared, request: RerunRequest) -> None:
    """A job that was asked for by name and cannot run is an error; others are only shown."""
    named = named_jobs(request.jobs, {run: one.target.needs for run, one in prepared.candidates.items()})
    for plan in prepared.plan.runs:
        for job in plan.having(Action.BLOCKED):
            if job in named.get(plan.id, ()) or prepared.plan.empty:
                lacking = plan.jobs[job].detail
                raise Blocked(
                    f"{plan.id}/{job} cannot run: {lacking}, which it needs, has no result.",
                    next_steps=[f"Run {lacking} too: --job {lacking}, or --strategy failed."],
                    details={"run": plan.id, "job": job, "missing": lacking},
                )


def _new_attempt(
    prepared: _Prepared, plan: RunPlan, *, by: str, at: datetime, strategy: str, plan_id: str | None
) -> _NewAttempt:
    one = prepared.candidates[plan.id]
    run = life_after(
        one.run,
        LifeEvent.RERUN,
        attempt=plan.attempt,
        definition=plan.definition,
        project=one.source.project,
        params=one.params,
        overrides=_merged(_moved(one), prepared.overrides.get(plan.id, {})),
        output=None,
    )
    attempt = attempt_of(run, plan, by=by, at=at, strategy=strategy, plan_id=plan_id)
    found = prepared.cached[plan.id].results_for(attempt)
    jobs = job_runs_of(attempt, one.target.renamed, [*one.jobs, *found])
    marks = {"stale": any(job.stale for job in jobs), "warnings": warnings_of(jobs)}
    return _NewAttempt(one, run.model_copy(update=marks), attempt, jobs)


def _moved(one: Candidate) -> dict[str, Overrides]:
    """The overrides so far, also under the names that jobs have now."""
    former = {new: old for new, old in one.target.renamed.items() if new not in one.history.jobs}
    kept = one.run.overrides
    return {**{new: kept[old] for new, old in former.items() if old in kept}, **kept}


def _merged(old: Mapping[str, Overrides], new: Mapping[str, Overrides]) -> dict[str, Overrides]:
    """Overrides stay for later attempts; a new number replaces the old one of its resource."""
    changes = {job: one.model_dump(exclude_none=True) for job, one in new.items()}
    changed = {job: old.get(job, Overrides()).model_copy(update=update) for job, update in changes.items()}
    return {**old, **changed}


async def _commit(
    ports: SessionPorts, prepared: _Prepared, new: list[_NewAttempt], spent: list[Record], at: datetime
) -> None:
    changed = {one.run.id: one.run for one in new}
    runs = [changed.get(run.id, run) for run in prepared.runs]
    # Every rerun makes a new version of the session, so that of two at once only one is taken.
    before = prepared.session.model_copy(update={"stopping": None})
    session = session_after(before, runs, at, rerun=True)
    session = before.next(updated_at=at) if session is before else session
    claim = await claim_for(ports.store, session)
    versions = {one.candidate.source.version.hash: one.candidate.source.version for one in new}.values()
    present = [version for version in versions if await is_kept(ports, version)]
    added = [version for version in versions if version not in present]
    records = [record for one in new for record in (one.run, one.attempt, *one.jobs)]
    put: list[Record] = [session, *([claim] if claim else []), *records, *added, *spent]
    try:
        events = [_event(one, at) for one in new]
        await ports.store.commit(Transaction(put=put, present=present, events=events))
    except Conflict:
        now = await ports.store.sessions.session(session.id)
        await check_idle(ports.store, now, await ports.store.sessions.runs(session.id))
        raise


def _event(one: _NewAttempt, at: datetime) -> SessionEvent:
    return SessionEvent(
        session_id=one.run.session_id,
        at=at,
        kind="attempt.created",
        run_id=one.run.id,
        attempt=one.attempt.number,
        data={"by": one.attempt.created_by, "strategy": one.attempt.strategy},
    )
