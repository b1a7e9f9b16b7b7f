"""The records that a plan makes: an attempt, and its job runs with what they carry along."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import datetime

from bunsui.core.models.base import JsonValue, digest
from bunsui.core.models.job import JobRun
from bunsui.core.models.plan import JobPlan, RunPlan
from bunsui.core.models.session import Attempt, Run
from bunsui.core.models.status import Action, JobStatus, Reason
from bunsui.core.pipeline import compile_pipeline
from bunsui.core.ports.engine import EngineStart
from bunsui.core.session.definitions import Definition

_NAME_LENGTH = 80
_UNFIT = re.compile(r"[^A-Za-z0-9_-]+")


def execution_name(session_id: str, run_id: str, attempt: int) -> str:
    """The engine's name of an attempt: the same for the same attempt, and no other's."""
    tail = f"-{attempt}-{digest([session_id, run_id])[:10]}"
    head = _UNFIT.sub("-", f"{session_id}-{run_id}")
    return head[: _NAME_LENGTH - len(tail)] + tail


def attempt_of(
    run: Run, plan: RunPlan, *, by: str, at: datetime, strategy: str, plan_id: str | None = None
) -> Attempt:
    """The attempt that a plan makes at a run."""
    number = plan.attempt or 1
    return Attempt(
        session_id=run.session_id,
        run_id=run.id,
        number=number,
        definition=plan.definition,
        params=run.params,
        strategy=strategy,
        plan_id=plan_id,
        execution=execution_name(run.session_id, run.id, number),
        jobs=plan.jobs,
        created_by=by,
        created_at=at,
    )


def engine_start(attempt: Attempt, definition: Definition) -> EngineStart:
    """What the engine is to carry out for an attempt."""
    plan: JsonValue = {job: plan.model_dump(mode="json") for job, plan in attempt.jobs.items()}
    return EngineStart(
        name=attempt.execution,
        definition=compile_pipeline(definition.pipeline).definition,
        input={
            "session": attempt.session_id,
            "run": attempt.run_id,
            "attempt": attempt.number,
            "plan": digest(plan),
        },
        session_id=attempt.session_id,
        run_id=attempt.run_id,
        attempt=attempt.number,
    )


def job_runs_of(attempt: Attempt, renamed: Mapping[str, str], before: Iterable[JobRun] = ()) -> list[JobRun]:
    """The job runs of a new attempt, in definition order; what does not run carries its newest result."""
    known = {job.job: job for job in before}
    planned = [(job, plan) for job, plan in attempt.jobs.items() if plan.action is not Action.REMOVED]
    return [
        _job_run(attempt, position, job, plan, known.get(job) or known.get(renamed.get(job, job)))
        for position, (job, plan) in enumerate(planned)
    ]


def _job_run(attempt: Attempt, position: int, job: str, plan: JobPlan, before: JobRun | None) -> JobRun:
    fresh = JobRun(
        session_id=attempt.session_id,
        run_id=attempt.run_id,
        attempt=attempt.number,
        job=job,
        position=position,
        action=plan.action,
        reason=plan.reason,
        detail=plan.detail,
        origin=attempt.number,
    )
    if plan.action is Action.RUN:
        return fresh.model_copy(update={"stale": bool(plan.stale), "stale_reason": plan.stale})
    if before is None or (plan.action is Action.BLOCKED and not before.status.good):
        status = JobStatus.UPSTREAM_FAILED if plan.action is Action.BLOCKED else JobStatus.STOPPED
        return fresh.model_copy(update={"status": status})
    return _carried(fresh, plan, before)


def _carried(fresh: JobRun, plan: JobPlan, before: JobRun) -> JobRun:
    """The newest result at its place in the new attempt."""
    stale = plan.action in (Action.STALE, Action.BLOCKED)
    place = fresh.model_dump(include={"attempt", "job", "position", "action", "reason", "detail"})
    done = before.status in (JobStatus.SUCCEEDED, JobStatus.REUSED)
    return before.model_copy(
        update={
            **place,
            "version": 1,
            "status": JobStatus.REUSED if done else before.status,
            "origin_job": before.made_at[-1],
            "stale": stale,
            "stale_reason": _stale_reason(fresh, plan) if stale else "",
            "token": None,
        }
    )


def _stale_reason(fresh: JobRun, plan: JobPlan) -> str:
    if plan.reason is Reason.DOWNSTREAM:
        return f"{plan.detail} was run again in attempt {fresh.attempt}"
    if plan.reason is Reason.PARAMS_CHANGED:
        return f"parameters changed in attempt {fresh.attempt}"
    return plan.detail
