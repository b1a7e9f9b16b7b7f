from __future__ import annotations

from datetime import UTC, datetime
from itertools import product

import pytest

from bunsui.core.models.job import JobRun
from bunsui.core.models.payload import Failure
from bunsui.core.models.session import Run, Session
from bunsui.core.models.status import Action, JobStatus, Reason, Status
from bunsui.core.ports.engine import EngineExecution
from bunsui.core.session.reducer import (
    JOB_TRANSITIONS,
    LIFE_TRANSITIONS,
    STOPPED_ERROR,
    JobEvent,
    LifeEvent,
    ended_status,
    job_after,
    life_after,
    session_after,
    session_status,
)
from bunsui.errors import Conflict

AT = datetime(2026, 1, 1, tzinfo=UTC)


def job(status: JobStatus) -> JobRun:
    return JobRun(
        session_id="s",
        run_id="r",
        attempt=1,
        job="j",
        status=status,
        action=Action.RUN,
        reason=Reason.NEW,
        origin=1,
    )


def run(status: Status, **changes: int) -> Run:
    given = {"warnings": 0, **changes}
    return Run(session_id="s", id="r", pipeline="p", project="/p", definition="d", status=status, **given)  # type: ignore[arg-type]


def session(status: Status) -> Session:
    return Session(id="s", profile="local", created_by="ada", created_at=AT, updated_at=AT, status=status)


@pytest.mark.parametrize("status, event", list(product(JobStatus, JobEvent)))
def test_a_job_does_what_the_table_says_and_nothing_else(status: JobStatus, event: JobEvent) -> None:
    target = JOB_TRANSITIONS.get(status, {}).get(event)
    if target is None:
        with pytest.raises(Conflict):
            job_after(job(status), event, AT)
        return
    after = job_after(job(status), event, AT)
    assert (after.status, after.version) == (target, 2)
    assert (after.finished_at == AT) is target.ended


def test_a_job_that_has_ended_is_final() -> None:
    assert not [status for status in JOB_TRANSITIONS if status.ended]


@pytest.mark.parametrize("status, event", list(product(Status, LifeEvent)))
def test_a_run_does_what_the_table_says_and_nothing_else(status: Status, event: LifeEvent) -> None:
    target = LIFE_TRANSITIONS[status].get(event)
    if target is None:
        with pytest.raises(Conflict):
            life_after(run(status), event)
    else:
        assert life_after(run(status), event).status is target


@pytest.mark.parametrize(
    "runs, expected",
    [
        ("created", "created"),
        ("created succeeded", "running"),
        ("running failed", "running"),
        ("paused succeeded", "paused"),
        ("waiting_approval paused", "waiting_approval"),
        ("succeeded succeeded", "succeeded"),
        ("succeeded failed stopped", "failed"),
        ("succeeded timed_out stopped", "timed_out"),
        ("succeeded stopped", "stopped"),
    ],
)
def test_a_session_is_as_its_runs_are(runs: str, expected: str) -> None:
    assert session_status(Status(status) for status in runs.split()) == expected


def test_a_session_that_has_ended_lives_again_only_by_a_rerun() -> None:
    with pytest.raises(Conflict):
        session_after(session(Status.FAILED), [run(Status.RUNNING)], AT)
    again = session_after(session(Status.FAILED), [run(Status.RUNNING)], AT, rerun=True)
    assert (again.status, again.finished_at) == (Status.RUNNING, None)


def test_warnings_and_staleness_are_those_of_the_runs() -> None:
    runs = [run(Status.SUCCEEDED, warnings=2), run(Status.SUCCEEDED, warnings=1, stale=True)]
    after = session_after(session(Status.RUNNING), runs, AT)
    assert (after.warnings, after.stale, after.finished_at) == (3, True, AT)
    assert session_after(after, runs, AT) is after


@pytest.mark.parametrize(
    "status, error, expected",
    [
        ("SUCCEEDED", "", "succeeded"),
        ("FAILED", "States.Runtime", "failed"),
        ("TIMED_OUT", "", "timed_out"),
        ("ABORTED", STOPPED_ERROR, "stopped"),
        ("ABORTED", "Somebody", "stopped"),
        ("ABORTED", "Bunsui.WakeUpFailed", "failed"),
    ],
)
def test_how_an_execution_ended(status: str, error: str, expected: str) -> None:
    execution = EngineExecution(name="x", status=status, failure=Failure(error=error))
    assert ended_status(execution) == expected
