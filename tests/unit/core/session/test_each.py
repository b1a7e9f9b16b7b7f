"""Runs over many values: lists, ranges of months and days, and what is none."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bunsui.core.models.pipeline import Pipeline
from bunsui.core.session.each import values, wanted_runs
from bunsui.errors import LimitExceeded, UsageError


def pipeline(name: str, *params: str) -> Pipeline:
    jobs = {"a": {"lambda": {"handler": "h:f"}}}
    return Pipeline.model_validate(
        {"name": name, "params": {one: {"type": "string"} for one in params}, "jobs": jobs}
    )


def test_lists_and_ranges() -> None:
    assert values("eu,us") == ["eu", "us"]
    assert values("2025-11..2026-02") == ["2025-11", "2025-12", "2026-01", "2026-02"]
    assert values("2026-02-27..2026-03-01") == ["2026-02-27", "2026-02-28", "2026-03-01"]
    assert values("2024-01,2024-03..2024-04") == ["2024-01", "2024-03", "2024-04"]


@given(st.dates(date(1990, 1, 1), date(2090, 1, 1)), st.integers(0, 999))
def test_a_range_of_days_has_every_day_once_and_in_order(begin: date, count: int) -> None:
    end = begin + timedelta(days=count)
    found = values(f"{begin}..{end}")
    assert [date.fromisoformat(one) for one in found] == [begin + timedelta(days=n) for n in range(count + 1)]


@pytest.mark.parametrize(
    "text",
    ["", "a,,b", "a,a", "2026-02..2026-01", "2026-02-30..2026-03-01", "1..5", "2026-01..", "a/b", "x" * 49],
)
def test_what_is_no_value_is_refused(text: str) -> None:
    with pytest.raises(UsageError) as caught:
        values(text)
    assert caught.value.next_steps


def test_there_is_a_most() -> None:
    with pytest.raises(LimitExceeded):
        values("1900-01-01..2026-01-01")


def test_only_pipelines_that_declare_the_parameter_are_run_over_it() -> None:
    runs = wanted_runs([pipeline("load", "day"), pipeline("report")], {"day": "2026-01-01..2026-01-02"})
    assert [run.id for run in runs] == ["load@2026-01-01", "load@2026-01-02", "report"]
    assert runs[1].checked({}) == {"day": "2026-01-02"}
    with pytest.raises(UsageError, match="given day twice"):
        runs[0].checked({"day": "2026-01-05"})
    with pytest.raises(UsageError, match="declares a parameter month") as caught:
        wanted_runs([pipeline("load", "day")], {"month": "2026-01..2026-02"})
    assert caught.value.next_steps == ("There are: day.",)
    with pytest.raises(UsageError) as mistyped:
        wanted_runs([pipeline("load", "day")], {"dya": "a,b"})
    assert mistyped.value.next_steps == ("Did you mean day?",)
    with pytest.raises(UsageError, match="one parameter"):
        wanted_runs([pipeline("load", "day", "region")], {"day": "a,b", "region": "c,d"})
