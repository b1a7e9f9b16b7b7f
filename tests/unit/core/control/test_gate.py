"""Who may go: decided from the jobs of an attempt alone, the same for whoever asks."""

from __future__ import annotations

import random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bunsui.core.control.gate import NO_LIMIT, due, passable, ready, room, skipped, verdicts
from bunsui.core.models.job import JobRun
from bunsui.core.models.plan import JobPlan
from bunsui.core.models.status import Action, JobStatus, Reason
from bunsui.core.pipeline.dag import Dag
from bunsui.core.session.definitions import Definition
from bunsui.core.session.reducer import JobEvent
from tests.properties import FEW
from tests.unit.core.pipeline.shapes import pipeline_of, random_needs
from tests.unit.core.records import job

CHAIN = {"a": [], "b": ["a"], "c": ["b"], "d": []}


def definition(needs: dict[str, list[str]] = CHAIN, **settings: Any) -> Definition:
    made = pipeline_of(needs, **settings)
    return Definition("v1", made, Dag(made))


def jobs(needs: dict[str, list[str]] = CHAIN, **statuses: JobStatus) -> dict[str, JobRun]:
    return {
        name: job(name, statuses.get(name, JobStatus.QUEUED), position=position)
        for position, name in enumerate(needs)
    }


def ended(found: dict[str, Any]) -> dict[str, JobEvent]:
    return {name: verdict[0] for name, verdict in found.items()}


@pytest.mark.parametrize("status", [JobStatus.FAILED, JobStatus.TIMED_OUT, JobStatus.LOST, JobStatus.STOPPED])
def test_what_depends_on_a_failure_fails_and_the_rest_goes_on(status: JobStatus) -> None:
    found = verdicts(definition(), jobs(a=status), {})
    assert ended(found) == {"b": JobEvent.UPSTREAM_FAILED, "c": JobEvent.UPSTREAM_FAILED}
    assert found["c"][2] == "b has no result"


def test_a_failure_that_is_a_warning_holds_nobody_up() -> None:
    known = jobs(a=JobStatus.FAILED)
    known["a"] = known["a"].model_copy(update={"warning": True})
    assert passable(known["a"])
    assert verdicts(definition(on_failure="stop"), known, {}) == {}
    assert ready(definition(), known) == ["b", "d"]


def test_a_branch_that_is_not_taken_is_skipped_to_its_end() -> None:
    found = verdicts(definition(), jobs(a=JobStatus.SKIPPED), {})
    assert ended(found) == {"b": JobEvent.SKIPPED, "c": JobEvent.SKIPPED}


def test_who_needs_something_that_was_taken_is_not_skipped() -> None:
    needs = {"a": [], "b": [], "c": ["a", "b"]}
    known = jobs(needs, a=JobStatus.SKIPPED, b=JobStatus.SUCCEEDED)
    assert verdicts(definition(needs), known, {}) == {}
    assert ready(definition(needs), known) == ["c"]


def test_with_on_failure_stop_nobody_begins_after_a_failure() -> None:
    found = verdicts(definition(on_failure="stop"), jobs(d=JobStatus.FAILED), {})
    stopped, lost = JobEvent.STOPPED, JobEvent.UPSTREAM_FAILED
    assert ended(found) == {"a": stopped, "b": lost, "c": lost}
    assert found["a"][2] == "d failed, and on_failure is stop"


def test_a_question_to_a_person_is_withdrawn_by_a_failure_that_stops() -> None:
    known = jobs(a=JobStatus.WAITING, d=JobStatus.FAILED)
    assert ended(verdicts(definition(on_failure="stop"), known, {}))["a"] is JobEvent.STOPPED
    assert "a" not in verdicts(definition(), known, {})


def test_what_an_older_attempt_left_is_no_reason_to_stop() -> None:
    known = jobs(d=JobStatus.FAILED)
    known["d"] = known["d"].model_copy(update={"attempt": 2})
    assert verdicts(definition(on_failure="stop"), known, {}) == {}


@pytest.mark.parametrize(("origin", "reason"), [(1, Reason.SUPERSEDED), (None, Reason.CONDITION_FALSE)])
def test_a_skip_says_whether_the_branch_was_taken_before(origin: int | None, reason: Reason) -> None:
    plan = JobPlan(action=Action.RUN, reason=Reason.NEW, origin=origin)
    assert skipped(plan, "why") == (JobEvent.SKIPPED, reason, "why")


def test_only_who_has_asked_is_ready() -> None:
    assert ready(definition(), jobs(a=JobStatus.SUCCEEDED, b=JobStatus.PENDING)) == ["d"]


def test_who_asked_early_is_due_when_all_it_needs_is_there() -> None:
    known = jobs(a=JobStatus.SUCCEEDED, b=JobStatus.PENDING, c=JobStatus.PENDING, d=JobStatus.PENDING)
    asked = {name: known[name].model_copy(update={"token": "t"}) for name in "bc"}
    assert due(definition(), {**known, **asked}) == ["b"]


@pytest.mark.parametrize(
    ("limit", "running", "left"),
    [(None, 3, NO_LIMIT), (3, 0, 3), (3, 2, 1), (1, 2, -1)],
)
def test_the_limit_leaves_room_for_what_does_not_run(limit: int | None, running: int, left: int) -> None:
    busy = dict.fromkeys("abcd"[:running], JobStatus.RUNNING)
    assert room(definition(CHAIN, max_concurrency=limit), jobs(CHAIN, **busy)) == left


def test_a_map_counts_with_all_its_places_and_who_waits_for_a_person_not() -> None:
    known = jobs(a=JobStatus.RUNNING, d=JobStatus.WAITING)
    known["a"] = known["a"].model_copy(update={"slots": 4})
    assert room(definition(max_concurrency=10), known) == 6


@FEW
@given(st.integers(0, 10_000), st.sampled_from(["continue", "stop"]))
def test_nobody_goes_who_cannot_and_no_verdict_touches_who_has_begun(seed: int, on_failure: str) -> None:
    chance = random.Random(seed)
    needs = random_needs(chance, most=12)
    known = jobs(needs, **{name: chance.choice(list(JobStatus)) for name in needs})
    made = definition(needs, on_failure=on_failure)
    found, going = verdicts(made, known, {}), ready(made, known)
    open_ = {JobStatus.PENDING, JobStatus.QUEUED, JobStatus.WAITING}
    assert all(known[name].status in open_ for name in found)
    assert all(passable(known[need]) for name in going for need in needs[name])
    if on_failure == "continue":
        lost = {name for name, verdict in found.items() if verdict[0] is JobEvent.UPSTREAM_FAILED}
        assert not lost & set(going)
