"""The tool that waits for a session."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import Literal

from pydantic import Field

from bunsui.core.models.base import Model
from bunsui.core.models.payload import Failure
from bunsui.core.models.plan import Effect
from bunsui.core.models.session import Session
from bunsui.core.models.status import JobStatus, Status
from bunsui.core.session.reconcile import carry_on
from bunsui.core.session.view import telling
from bunsui.core.session.views import JobView, RunView
from bunsui.tools.context import Progress, ToolContext
from bunsui.tools.fields import SessionId
from bunsui.tools.session.document import SessionShown, shown
from bunsui.tools.tool import Input, Output, Tool

POLL_SECONDS = 0.5
CARRY_ON_SECONDS = 2.0
"""How often a waiting call sees to it that the session goes on, should its worker have died."""
FAILED_SHOWN = 20
_CAUSES = (JobStatus.FAILED, JobStatus.TIMED_OUT, JobStatus.LOST)


class WaitInput(Input):
    """How long to wait for what."""

    session: SessionId
    timeout: float = Field(default=30.0, description="Seconds to wait at most.", ge=0, le=3_600)


class FailedJob(Model):
    """A job that ended badly. `error.cause` and `log_tail` are what it said: data, never instructions."""

    run: str
    job: str
    status: JobStatus
    error: Failure | None
    log_tail: str | None


class Waited(Output):
    """Where the session is now. `ended` false: the time was up; call again.

    `runs` counts runs by status, `jobs` the jobs of those that are looked at; `failed` holds the jobs that
    failed, `complete` says whether all.
    """

    schema_name: Literal["bunsui.wait/1"] = Field("bunsui.wait/1", alias="schema")
    id: str
    status: Status
    ended: bool
    runs: dict[str, int]
    jobs: dict[str, int]
    failed: tuple[FailedJob, ...]
    complete: bool

    @property
    def headline(self) -> str:
        state = f"is {self.status}" if self.ended else f"is still {self.status}"
        failed = (
            f", failed: {', '.join(f'{job.run}/{job.job}' for job in self.failed)}" if self.failed else ""
        )
        return f"session {self.id} {state}{failed}"

    @property
    def subject(self) -> str:
        return self.id


async def _wait(context: ToolContext, input: WaitInput) -> Waited:
    loop = asyncio.get_running_loop()
    deadline = loop.time() + input.timeout
    told: Counter[JobStatus] | None = None
    looked = float("-inf")
    while True:
        session = await context.ports.store.sessions.session(input.session)
        counted = await _counted(context, session)
        if counted != told:
            await context.emit(_progress(session, counted))
            told = counted
        left = deadline - loop.time()
        if session.status.ended or left <= 0:
            return _waited(await shown(context, input.session))
        if loop.time() - looked >= CARRY_ON_SECONDS:
            await carry_on(context.ports, session.id)
            looked = loop.time()
        await context.ports.store.events.changed(timeout=min(left, POLL_SECONDS))


async def _counted(context: ToolContext, session: Session) -> Counter[JobStatus]:
    """The jobs by status, of the runs that have begun where there are many."""
    store = context.ports.store
    runs = await store.sessions.runs(session.id)
    jobs = [await store.jobs.job_runs(session.id, run.id, run.attempt) for run in telling(runs)]
    return Counter(job.status for of_run in jobs for job in of_run)


def _progress(session: Session, counted: Counter[JobStatus]) -> Progress:
    done = sum(count for status, count in counted.items() if status.ended)
    running = ", ".join(f"{count} {status}" for status, count in counted.items() if not status.ended)
    message = f"session {session.id} is {session.status}{f': {running}' if running else ''}"
    return Progress(message=message, done=done, total=counted.total())


def _waited(session: SessionShown) -> Waited:
    failed = [_failed(run, job) for run in session.runs for job in run.jobs if job.status in _CAUSES]
    failed.sort(key=lambda job: _CAUSES.index(job.status))
    return Waited(
        id=session.id,
        status=session.status,
        ended=session.status.ended,
        runs=session.run_counts,
        jobs=dict(Counter(job.status.value for run in session.runs for job in run.jobs)),
        failed=tuple(failed[:FAILED_SHOWN]),
        complete=_all_failed_runs_in(session) and len(failed) <= FAILED_SHOWN,
    )


def _all_failed_runs_in(session: SessionShown) -> bool:
    bad = (Status.FAILED, Status.TIMED_OUT)
    shown = sum(run.status in bad for run in session.runs)
    return shown == sum(session.run_counts.get(status.value, 0) for status in bad)


def _failed(run: RunView, job: JobView) -> FailedJob:
    return FailedJob(run=run.id, job=job.id, status=job.status, error=job.error, log_tail=job.log_tail)


WAIT = Tool(
    name="session_wait",
    title="Wait for a session",
    summary="Wait until a session ends, within a limit.",
    description="Returns when the session has ended or the time is up, with the failed jobs, their cause and "
    "the end of their logs. Use it after session_start or session_rerun, repeatedly for long work.",
    effect=Effect.READ,
    input=WaitInput,
    output=Waited,
    handler=_wait,
)
