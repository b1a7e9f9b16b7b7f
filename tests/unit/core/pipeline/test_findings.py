"""Findings: a place that people and editors can jump to, and one error that carries all of them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bunsui.core.pipeline.findings import Finding, KeyPath, invalid, nearest, spelled
from tests.properties import FEW


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ((), ""),
        (("name",), "name"),
        (("jobs", "fetch", "needs", 0), "jobs.fetch.needs[0]"),
        ((0, "a"), "[0].a"),
        (("a", 1, 2), "a[1][2]"),
    ],
)
def test_a_path_is_spelled_as_people_write_it(path: KeyPath, text: str) -> None:
    assert spelled(path) == text


@pytest.mark.parametrize(
    ("finding", "text"),
    [
        (Finding(message="is wrong"), "pipeline: is wrong"),
        (Finding(file="p.yaml", message="is wrong"), "p.yaml: is wrong"),
        (Finding(file="p.yaml", line=3, column=5, key="a.b", message="m"), "p.yaml:3:5: a.b: m"),
        (Finding(message="m", suggestion="fetch"), "pipeline: m (did you mean fetch?)"),
    ],
)
def test_a_finding_begins_with_its_place(finding: Finding, text: str) -> None:
    assert str(finding) == text


@FEW
@given(st.integers(0, 60), st.integers(0, 5))
def test_the_error_carries_every_finding_and_says_how_many_it_does_not_show(errors: int, more: int) -> None:
    found = [Finding(message=f"e{number}") for number in range(errors)]
    found += [Finding(message="w", severity="warning")] * more
    error = invalid(found)
    assert error.details["findings"] == [finding.to_json() for finding in found]
    shown = error.message.splitlines()
    assert len(shown) <= max(21, 1)
    assert (f"… and {errors - 20} more" in shown) is (errors > 20)


def test_the_error_says_how_to_check_again() -> None:
    assert any("bunsui pipeline validate" in step for step in invalid([]).next_steps)


def test_only_a_word_that_is_alike_is_suggested() -> None:
    assert nearest("fetsh", ["clean", "fetch"]) == "fetch"
    assert nearest("zzz", ["clean", "fetch"]) == ""
    assert nearest("x", []) == ""
