"""The document of `session show`: records as people and programs read them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from bunsui.core.models.base import JsonValue
from bunsui.core.models.job import Gate, JobRun
from bunsui.core.models.payload import Failure, Payload
from bunsui.core.models.plan import JobPlan, RunPlan, SessionPlan
from bunsui.core.models.session import Attempt, Run, Session
from bunsui.core.models.status import JobStatus, Reason, Status
from bunsui.core.payloads import read_payload
from bunsui.core.ports.store import ItemQuery
from bunsui.core.session.ports import SessionPorts
from bunsui.core.session.views import (
    ApprovalView,
    AttemptView,
    HoldView,
    ItemPlanView,
    JobPlanView,
    JobView,
    PlanView,
    RunPlanView,
    RunView,
    SessionView,
)
from bunsui.core.text import clean, tail

TAIL_LINES = 20
TAIL_CHARACTERS = 4000
CAUSE_CHARACTERS = 4000
OUTPUT_BYTES = 256 * 1024

RUNS_SHOWN = 20
"""Of more runs than this only the telling ones are listed."""

_WORST_FIRST = {
    status: place
    for place, status in enumerate(
        (Status.FAILED, Status.TIMED_OUT, Status.STOPPED, Status.WAITING_APPROVAL, Status.RUNNING)
    )
}
_TELLING = frozenset({JobStatus.FAILED, JobStatus.TIMED_OUT, JobStatus.LOST})


async def session_view(ports: SessionPorts, session_id: str, run: str | None = None) -> SessionView:
    """A session with its runs, the jobs of their newest attempts, causes and log tails.

    `run` names the only run to show; without it, of many runs those are shown that failed or go on.
    Raises NotFound.
    """
    session = await ports.store.sessions.session(session_id)
    if run is not None:
        await ports.store.sessions.run(session_id, run)
    runs = await ports.store.sessions.runs(session_id)
    chosen = [one for one in runs if one.id == run] if run is not None else telling(runs)
    return SessionView(
        id=session.id,
        status=session.status,
        key=session.key,
        tags=session.tags,
        warnings=session.warnings,
        stale=session.stale,
        profile=session.profile,
        created_by=session.created_by,
        created_at=session.created_at,
        updated_at=session.updated_at,
        finished_at=session.finished_at,
        holds=await holds(ports, session),
        max_concurrent_runs=session.max_concurrent_runs,
        run_counts=dict(Counter(one.status.value for one in runs)),
        complete=run is not None or len(chosen) == len(runs),
        runs=tuple([await _run(ports, one) for one in chosen]),
    )


def telling(runs: Sequence[Run]) -> list[Run]:
    """All runs where they are few; else those that failed, are stale or go on, the worst first."""
    if len(runs) <= RUNS_SHOWN:
        return list(runs)
    quiet = (Status.SUCCEEDED, Status.CREATED)
    found = [run for run in runs if run.status not in quiet or run.stale or run.warnings]
    return sorted(found, key=lambda run: _WORST_FIRST.get(run.status, len(_WORST_FIRST)))[:RUNS_SHOWN]


async def holds(ports: SessionPorts, session: Session) -> tuple[HoldView, ...]:
    """What keeps the session from going on, who ordered it and why."""
    if session.status.ended:
        return ()
    maintenance = await ports.store.limits.maintenance(session.profile)
    found = [
        ("paused", session.pause),
        ("stopping", session.stopping),
        ("maintenance", maintenance if maintenance and maintenance.on else None),
    ]
    return tuple(
        HoldView(kind=kind, by=one.by, at=one.at, reason=clean(one.reason, limit=400))
        for kind, one in found
        if one is not None
    )


def plan_view(plan: SessionPlan, *, id: str | None = None, digest: str | None = None) -> PlanView:
    """A plan as it is printed; `id` and `digest` are those of the stored plan."""
    return PlanView(
        id=id, digest=digest, runs=tuple(_run_plan(run) for run in plan.runs), warnings=plan.warnings
    )


def reason_text(reason: Reason, detail: str) -> str:
    """The reason in a word; what it is downstream of belongs to it."""
    return f"{reason.value} {detail}" if reason is Reason.DOWNSTREAM and detail else reason.value


async def _run(ports: SessionPorts, run: Run) -> RunView:
    attempts = await ports.store.sessions.attempts(run.session_id, run.id)
    jobs = await ports.store.jobs.job_runs(run.session_id, run.id, run.attempt)
    return RunView(
        id=run.id,
        pipeline=run.pipeline,
        status=run.status,
        stale=run.stale,
        warnings=run.warnings,
        params=run.params,
        output=await _output(ports, run.output),
        attempts=tuple(_attempt(attempt) for attempt in attempts),
        jobs=tuple([await _job(ports, job) for job in jobs]),
    )


async def _output(ports: SessionPorts, output: Payload | None) -> JsonValue:
    """The output of a run; a large one only by its reference."""
    if output is None:
        return None
    if output.blob and output.size > OUTPUT_BYTES:
        return {"bunsui:blob": {"key": output.blob, "size": output.size, "digest": output.digest}}
    return await read_payload(ports.blobs, output)


def _attempt(attempt: Attempt) -> AttemptView:
    return AttemptView(
        number=attempt.number,
        status=attempt.status,
        strategy=attempt.strategy,
        started_at=attempt.started_at,
        finished_at=attempt.finished_at,
        definition=attempt.definition,
        error=_failure(attempt.failure),
    )


async def _job(ports: SessionPorts, job: JobRun) -> JobView:
    detail = job.stale_reason or ("" if job.reason is Reason.DOWNSTREAM else job.detail)
    return JobView(
        id=job.job,
        status=job.status,
        stale=job.stale,
        attempt=job.origin,
        reason=reason_text(job.reason, job.detail),
        detail=clean(detail, limit=CAUSE_CHARACTERS),
        started_at=job.started_at,
        finished_at=job.finished_at,
        error=_failure(job.failure),
        log_tail=await _log_tail(ports, job) if job.status in _TELLING else None,
        items=await _item_counts(ports, job),
        approval=_approval(job.gate),
    )


def _approval(gate: Gate | None) -> ApprovalView | None:
    return ApprovalView.model_validate(gate.model_dump(exclude={"token"})) if gate else None


async def _item_counts(ports: SessionPorts, job: JobRun) -> dict[str, int] | None:
    if job.items is None:
        return None
    counts = await ports.store.jobs.item_counts(*job.made_at)
    return {status.value: count for status, count in counts.items()}


async def _log_tail(ports: SessionPorts, job: JobRun) -> str | None:
    """The end of what the last try printed, or that of the first failed item; None if nothing was called."""
    one = job if job.items is None else await _first_failed(ports, job)
    tries = await ports.store.jobs.tries(*one.made_at, one.item)
    if not tries:
        return None
    chunk = await ports.logs.read(tries[-1].log, offset=-4 * TAIL_CHARACTERS)
    return tail(chunk.data, lines=TAIL_LINES, limit=TAIL_CHARACTERS)


async def _first_failed(ports: SessionPorts, job: JobRun) -> JobRun:
    page = await ports.store.jobs.item_page(*job.made_at, ItemQuery(failed_first=True, limit=1))
    return page[0][1] if page and page[0][1].status in _TELLING else job


def _failure(failure: Failure | None) -> Failure | None:
    """What failed wrote its own words: they are cleaned and capped."""
    if failure is None:
        return None
    error, cause = clean(failure.error, limit=200), clean(failure.cause, limit=CAUSE_CHARACTERS)
    return Failure(error=error, cause=cause)


def _run_plan(run: RunPlan) -> RunPlanView:
    return RunPlanView(
        id=run.id,
        attempt=run.attempt,
        definition=run.definition,
        jobs=tuple(_job_plan(job, plan) for job, plan in run.jobs.items()),
        notes=run.notes,
    )


def _job_plan(job: str, plan: JobPlan) -> JobPlanView:
    items = [ItemPlanView(key=one.key, action=one.action, reason=one.reason.value) for one in plan.items]
    return JobPlanView(
        id=job,
        action=plan.action,
        reason=reason_text(plan.reason, plan.detail),
        detail="" if plan.reason is Reason.DOWNSTREAM else plan.detail,
        items=tuple(items),
        reuse=plan.reuse,
        kept=plan.kept,
    )
