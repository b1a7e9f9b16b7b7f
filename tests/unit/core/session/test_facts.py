"""What the planner knows: results by the names of now, and the order of the graph."""

from __future__ import annotations

import random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bunsui.core.models.status import JobStatus, Reason
from bunsui.core.session.facts import History, JobFacts, Target
from tests.properties import FEW
from tests.unit.core.pipeline.shapes import random_needs
from tests.unit.core.records import MARK


def fact(status: JobStatus = JobStatus.SUCCEEDED, **more: Any) -> JobFacts:
    return JobFacts(status=status, origin=1, **more)


def target(needs: dict[str, list[str]], **renamed: str) -> Target:
    frozen = {job: frozenset(names) for job, names in needs.items()}
    return Target(definition="v1", needs=frozen, fingerprints=dict.fromkeys(needs, MARK), renamed=renamed)


def history(*jobs: str) -> History:
    return History(attempt=1, definition="v1", jobs={job: fact(origin_mark(job)) for job in jobs})


def origin_mark(job: str) -> JobStatus:
    return JobStatus.FAILED if job.startswith("bad") else JobStatus.SUCCEEDED


@pytest.mark.parametrize(
    ("facts", "good", "usable"),
    [
        pytest.param(fact(), True, True, id="it succeeded"),
        pytest.param(fact(available=False), True, False, id="its output is gone"),
        pytest.param(fact(JobStatus.FAILED), False, False, id="it failed"),
        pytest.param(fact(JobStatus.FAILED, warning=True), False, True, id="a warning"),
        pytest.param(fact(JobStatus.SKIPPED), True, True, id="its condition was false"),
        pytest.param(fact(JobStatus.SKIPPED, reason=Reason.NOT_SELECTED), False, False, id="it was left out"),
        pytest.param(fact(JobStatus.SUCCEEDED, reason=Reason.NOT_SELECTED), True, True, id="left as it was"),
    ],
)
def test_what_depends_on_a_result_can_use_it(facts: JobFacts, good: bool, usable: bool) -> None:
    assert (facts.good, facts.usable) == (good, usable)


@FEW
@given(st.integers(0, 10_000))
def test_everything_comes_behind_all_that_it_needs(seed: int) -> None:
    needs = random_needs(random.Random(seed), most=15)
    found = target(needs)
    place = {job: at for at, job in enumerate(found.order)}
    assert place.keys() == needs.keys()
    for job in needs:
        assert all(place[need] < place[job] for need in found.upstream[job])
        assert found.upstream[job] >= set(needs[job])
        assert all(found.upstream[need] <= found.upstream[job] for need in needs[job])


def test_a_renamed_job_keeps_its_result_unless_it_has_one_of_its_own() -> None:
    found = target({"new": []}, new="old")
    assert found.facts(history("old")).keys() == {"new"}
    assert found.facts(history("bad", "old", "new"))["new"].good
    assert found.facts(history("other")) == {}


def test_a_job_that_lives_on_under_another_name_is_not_removed() -> None:
    found = target({"new": []}, new="old")
    assert found.removed(history("old", "gone")) == ["gone"]
    assert found.removed(history("old", "new")) == ["old"]
