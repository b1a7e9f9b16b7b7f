"""Names that callers give: every run that has them is meant, and what nobody has is refused."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bunsui.core.models.base import JsonValue
from bunsui.core.models.session import Overrides
from bunsui.core.session.selection import named_items, named_jobs, overrides_for, params_for
from bunsui.errors import NotFound, UsageError
from tests.properties import FEW

RUNS = {"load@eu": ("fetch", "clean"), "load@us": ("fetch", "clean"), "report": ("draw",)}


def test_a_name_without_a_run_means_the_job_in_every_run_that_has_it() -> None:
    assert named_jobs(["fetch"], RUNS) == {"load@eu": {"fetch"}, "load@us": {"fetch"}}
    assert named_jobs(["load@us/fetch", "load@us/clean", "draw"], RUNS) == {
        "load@us": {"fetch", "clean"},
        "report": {"draw"},
    }


@pytest.mark.parametrize(
    ("name", "message", "hint"),
    [
        ("fetsh", "no job fetsh", "Did you mean fetch?"),
        ("repport/draw", "no run repport", "Did you mean report?"),
        ("report/fetch", "no job report/fetch", "There are: draw."),
    ],
)
def test_an_unknown_name_is_told_with_the_nearest(name: str, message: str, hint: str) -> None:
    with pytest.raises(NotFound, match=message) as caught:
        named_jobs([name], RUNS)
    assert caught.value.next_steps == (hint,)


def test_where_there_is_nothing_the_answer_says_so() -> None:
    with pytest.raises(NotFound) as caught:
        named_jobs(["a"], {})
    assert caught.value.next_steps == ("There are: none.",)


def test_the_key_of_an_item_may_hold_further_colons_and_slashes() -> None:
    assert named_items(["report/draw:a:b", "draw:s3://x/y"], RUNS) == {
        "report": {"draw": {"a:b", "s3://x/y"}}
    }


@pytest.mark.parametrize("name", ["draw", "draw:", "report/draw", ""])
def test_an_item_needs_a_key(name: str) -> None:
    with pytest.raises(UsageError, match=r"takes \[RUN/\]JOB:KEY"):
        named_items([name], RUNS)


def test_overrides_of_one_job_add_up() -> None:
    found = overrides_for({"draw.memory": "512", "draw.cpu": 256, "report/draw.timeout": 5}, RUNS)
    assert found == {"report": {"draw": Overrides(memory=512, cpu=256, timeout=5)}}


@pytest.mark.parametrize("name", ["draw", "draw.disk", "memory", ".memory.x", "draw."])
def test_only_resources_can_be_overridden(name: str) -> None:
    with pytest.raises(UsageError, match="is no override") as caught:
        overrides_for({name: 1}, RUNS)
    assert caught.value.next_steps == ("For instance --override clean.memory=1024",)


@pytest.mark.parametrize(
    "value", [0, -1, "many", "", None, True, 1.5, [], {}, "1_0", "٣", " 5", 10**8, "9" * 20]
)
def test_an_override_is_a_whole_number_above_0(value: JsonValue) -> None:
    with pytest.raises(UsageError, match="whole number above 0"):
        overrides_for({"draw.memory": value}, RUNS)


@pytest.mark.parametrize("names", [("day", "load/day"), ("load/day", "day")])
def test_what_is_given_for_one_run_counts_there_in_whatever_order(names: tuple[str, str]) -> None:
    declared = {"load": ("day",), "report": ("day",)}
    given_ = {name: name for name in names}
    assert params_for(given_, declared) == {"load": {"day": "load/day"}, "report": {"day": "day"}}


@pytest.mark.parametrize(
    "names", [("fetch.memory", "load@eu/fetch.memory"), ("load@eu/fetch.memory", "fetch.memory")]
)
def test_an_override_of_one_run_counts_there_in_whatever_order(names: tuple[str, str]) -> None:
    found = overrides_for({name: 2048 if "/" in name else 1024 for name in names}, RUNS)
    assert {run: jobs["fetch"].memory for run, jobs in found.items()} == {"load@eu": 2048, "load@us": 1024}


def test_a_parameter_without_a_run_goes_to_every_run_that_declares_it() -> None:
    declared = {"load": ("day", "zone"), "report": ("day",)}
    assert params_for({"day": 1, "load/zone": None}, declared) == {
        "load": {"day": 1, "zone": None},
        "report": {"day": 1},
    }


def test_a_parameter_that_no_run_declares_is_a_usage_error() -> None:
    with pytest.raises(UsageError, match="no parameter dya") as caught:
        params_for({"dya": 1}, {"load": ("day",)})
    assert caught.value.next_steps == ("Did you mean day?",)


@FEW
@given(st.text(), st.sampled_from([named_jobs, named_items]))
def test_any_text_is_understood_or_refused(text: str, reader: object) -> None:
    try:
        found = (named_jobs if reader is named_jobs else named_items)([text], RUNS)
    except (NotFound, UsageError):
        return
    assert found.keys() <= RUNS.keys()
