"""The records that a plan makes: names that fit, and results that are carried to their new place."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bunsui.core.models.job import JobRun
from bunsui.core.models.plan import JobPlan, RunPlan
from bunsui.core.models.status import Action, JobStatus, Reason
from bunsui.core.session.attempts import attempt_of, execution_name, job_runs_of
from tests.properties import FEW
from tests.unit.core.records import NOW, attempt, job, payload, run

NAMES = st.text(min_size=1, max_size=120)


@FEW
@given(NAMES, NAMES, st.integers(1, 9_999))
def test_the_name_of_an_execution_fits_the_service(session: str, run_id: str, n: int) -> None:
    name = execution_name(session, run_id, n)
    assert re.fullmatch(r"[A-Za-z0-9_-]{1,80}", name)
    assert execution_name(session, run_id, n) == name
    assert execution_name(session, run_id, n + 1) != name


def test_ids_that_look_alike_do_not_share_a_name() -> None:
    pairs = [("s", "a@b"), ("s", "a-b"), ("s-a", "b"), ("s", "x" * 100), ("s", "x" * 101)]
    assert len({execution_name(*pair, 1) for pair in pairs}) == len(pairs)


def plan(action: Action, reason: Reason = Reason.UNCHANGED, **more: str) -> JobPlan:
    return JobPlan(action=action, reason=reason, **more)  # type: ignore[arg-type]


def carried(planned: JobPlan, before: JobRun | None, **renamed: str) -> JobRun:
    made = attempt(2, jobs={"a": planned})
    (found,) = job_runs_of(made, renamed, [before] if before else [])
    assert (found.attempt, found.job, found.version, found.token) == (2, "a", 1, None)
    return found


DONE = job("a", JobStatus.SUCCEEDED, output=payload({"rows": 1}), token="old", version=7)


def test_what_runs_begins_anew() -> None:
    found = carried(plan(Action.RUN, Reason.FAILED), DONE)
    assert (found.status, found.output, found.origin) == (JobStatus.PENDING, None, 2)


def test_what_is_reused_carries_its_result_and_where_it_was_made() -> None:
    found = carried(plan(Action.REUSE), DONE)
    assert (found.status, found.output, found.made_at) == (JobStatus.REUSED, DONE.output, ("s", "r", 1, "a"))


def test_a_result_that_was_carried_before_still_names_its_first_place() -> None:
    second = carried(plan(Action.REUSE), job("old", JobStatus.SUCCEEDED), a="old")
    assert second.made_at == ("s", "r", 1, "old")
    (third,) = job_runs_of(attempt(3, jobs={"a": plan(Action.REUSE)}), {}, [second])
    assert third.made_at == ("s", "r", 1, "old")


@pytest.mark.parametrize(
    ("planned", "why"),
    [
        (plan(Action.STALE, Reason.DOWNSTREAM, detail="b"), "b was run again in attempt 2"),
        (plan(Action.STALE, Reason.PARAMS_CHANGED), "parameters changed in attempt 2"),
        (plan(Action.STALE, Reason.INPUT_CHANGED, detail="said"), "said"),
    ],
)
def test_a_stale_result_says_why(planned: JobPlan, why: str) -> None:
    found = carried(planned, DONE)
    assert (found.stale, found.stale_reason) == (True, why)


def test_a_result_that_is_no_longer_stale_loses_the_mark() -> None:
    before = DONE.model_copy(update={"stale": True, "stale_reason": "x"})
    found = carried(plan(Action.REUSE), before)
    assert (found.stale, found.stale_reason) == (False, "")


@pytest.mark.parametrize(
    ("action", "before", "status"),
    [
        (Action.BLOCKED, None, JobStatus.UPSTREAM_FAILED),
        (Action.BLOCKED, job("a", JobStatus.FAILED), JobStatus.UPSTREAM_FAILED),
        (Action.BLOCKED, DONE, JobStatus.REUSED),
        (Action.SKIP, None, JobStatus.STOPPED),
        (Action.SKIP, job("a", JobStatus.SKIPPED), JobStatus.SKIPPED),
        (Action.SKIP, job("a", JobStatus.FAILED), JobStatus.FAILED),
    ],
)
def test_what_is_left_out_stays_as_it_was(action: Action, before: JobRun | None, status: JobStatus) -> None:
    assert carried(plan(action), before).status is status


def test_jobs_stand_in_definition_order_without_those_that_are_gone() -> None:
    jobs = {"b": plan(Action.RUN), "gone": plan(Action.REMOVED), "a": plan(Action.RUN)}
    found = job_runs_of(attempt(jobs=jobs), {})
    assert [(one.job, one.position) for one in found] == [("b", 0), ("a", 1)]


def test_an_attempt_says_by_whom_and_why() -> None:
    planned = RunPlan(id="r", attempt=3, definition="v2", jobs={"a": plan(Action.RUN)})
    made = attempt_of(run(params={"x": 1}), planned, by="bob", at=NOW, strategy="failed", plan_id="p-1")
    assert (made.number, made.definition, made.created_by, made.params) == (3, "v2", "bob", {"x": 1})
    assert made.execution == execution_name("s", "r", 3)
