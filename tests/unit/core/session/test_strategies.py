"""Where a rerun begins: what each strategy finds by itself, and what naming and force do to it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bunsui.core.models.job import Fingerprint
from bunsui.core.models.status import JobStatus, Reason
from bunsui.core.session.facts import JobFacts
from bunsui.core.session.requests import Strategy
from bunsui.core.session.strategies import changed, changed_part, roots, unfinished
from tests.properties import FEW
from tests.unit.core.records import MARK

GOOD = JobFacts(status=JobStatus.SUCCEEDED, origin=1, fingerprint=MARK)
CHOOSING = (Strategy.FAILED, Strategy.CHANGED, Strategy.ALL)


def facts(**more: Any) -> JobFacts:
    return replace(GOOD, **more)


def now(**parts: str) -> Fingerprint:
    return MARK.model_copy(update=parts)


@pytest.mark.parametrize(
    ("before", "why"),
    [
        pytest.param(None, Reason.ADDED, id="there never was a result"),
        pytest.param(facts(status=JobStatus.FAILED), Reason.FAILED, id="it failed"),
        pytest.param(facts(status=JobStatus.LOST), Reason.FAILED, id="nobody knows how it ended"),
        pytest.param(facts(status=JobStatus.STOPPED), Reason.FAILED, id="it was stopped"),
        pytest.param(
            facts(status=JobStatus.SKIPPED, reason=Reason.NOT_SELECTED), Reason.FAILED, id="it was left out"
        ),
        pytest.param(facts(available=False), Reason.MISSING_OUTPUT, id="its output is gone"),
        pytest.param(facts(status=JobStatus.FAILED, warning=True), None, id="a warning is settled"),
        pytest.param(facts(status=JobStatus.SKIPPED), None, id="its condition was false"),
        pytest.param(facts(stale=True), None, id="stale is not failed"),
        pytest.param(GOOD, None, id="it succeeded"),
    ],
)
def test_a_job_is_unfinished_without_a_result_that_can_be_read(
    before: JobFacts | None, why: Reason | None
) -> None:
    assert unfinished(before, MARK) is why


def test_a_result_under_other_parameters_is_no_result_of_this_run() -> None:
    assert unfinished(GOOD, now(params="p2")) is Reason.PARAMS_CHANGED


@pytest.mark.parametrize(
    ("parts", "why"),
    [
        ({}, None),
        ({"params": "x"}, Reason.PARAMS_CHANGED),
        ({"code": "x"}, Reason.CODE_CHANGED),
        ({"code": "x", "params": "x"}, Reason.CODE_CHANGED),
        ({"definition": "x", "code": "x", "params": "x"}, Reason.DEFINITION_CHANGED),
        ({"inputs": "x"}, None),
    ],
)
def test_the_first_part_that_differs_is_named(parts: dict[str, str], why: Reason | None) -> None:
    assert changed_part(GOOD, now(**parts)) is why


def test_code_that_had_no_say_has_not_changed() -> None:
    skipped = facts(fingerprint=now(code=""))
    assert changed_part(skipped, now(code="new")) is None


def test_a_result_without_a_fingerprint_has_not_changed() -> None:
    assert changed_part(facts(fingerprint=None), now(definition="new")) is None


def test_a_stale_result_has_changed_input_unless_its_own_part_says_more() -> None:
    assert changed(facts(stale=True), MARK) is Reason.INPUT_CHANGED
    assert changed(facts(stale=True), now(code="new")) is Reason.CODE_CHANGED
    assert changed(GOOD, MARK) is None


def test_what_cannot_be_used_is_unfinished_before_it_is_changed() -> None:
    assert changed(facts(status=JobStatus.FAILED), now(code="new")) is Reason.FAILED
    assert changed(None, MARK) is Reason.ADDED


HISTORY = {"good": GOOD, "bad": facts(status=JobStatus.FAILED), "new code": GOOD}
MARKS = {"good": MARK, "bad": MARK, "new code": now(code="c2")}


@pytest.mark.parametrize(
    ("strategy", "named", "force", "begins"),
    [
        (Strategy.FAILED, (), False, {"bad": Reason.FAILED}),
        (Strategy.FAILED, ("good",), False, {}),
        (Strategy.FAILED, ("good", "bad"), True, {"good": Reason.FORCED, "bad": Reason.FAILED}),
        (Strategy.CHANGED, (), False, {"bad": Reason.FAILED, "new code": Reason.CODE_CHANGED}),
        (Strategy.CHANGED, ("good",), True, {"good": Reason.FORCED}),
        (Strategy.ALL, (), False, dict.fromkeys(HISTORY, Reason.SELECTED)),
        (Strategy.ALL, ("good",), True, {"good": Reason.SELECTED}),
        (Strategy.FROM, ("good",), False, {"good": Reason.SELECTED}),
        (Strategy.ONLY, ("good",), False, {"good": Reason.SELECTED}),
    ],
)
def test_each_strategy_begins_where_it_says(
    strategy: Strategy, named: tuple[str, ...], force: bool, begins: dict[str, Reason]
) -> None:
    assert roots(strategy, frozenset(named), HISTORY, MARKS, force=force) == begins


def test_from_also_begins_where_parameters_changed_and_only_does_not() -> None:
    marks = {**MARKS, "bad": now(params="p2")}
    found = roots(Strategy.FROM, frozenset({"good"}), HISTORY, marks, force=False)
    assert found == {"bad": Reason.PARAMS_CHANGED, "good": Reason.SELECTED}
    assert set(roots(Strategy.ONLY, frozenset({"good"}), HISTORY, marks, force=False)) == {"good"}


@FEW
@given(
    st.sampled_from(CHOOSING),
    st.dictionaries(st.sampled_from("abcd"), st.sampled_from(list(JobStatus))),
    st.frozensets(st.sampled_from("abcd"), min_size=1),
)
def test_naming_jobs_narrows_and_force_widens_to_all_that_are_named(
    strategy: Strategy, statuses: dict[str, JobStatus], named: frozenset[str]
) -> None:
    before = {job: facts(status=status) for job, status in statuses.items()}
    marks = dict.fromkeys("abcd", MARK)
    free = roots(strategy, frozenset(), before, marks, force=False)
    narrowed = roots(strategy, named, before, marks, force=False)
    assert narrowed == {job: why for job, why in free.items() if job in named}
    forced = roots(strategy, named, before, marks, force=True)
    assert forced.keys() == named
    assert forced.items() >= narrowed.items()
