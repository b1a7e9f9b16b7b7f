"""Items of a map: identities that stay the same, and what each is called with."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bunsui.core.models.base import JsonValue
from bunsui.core.models.pipeline import Job
from bunsui.core.pipeline import Bindings
from bunsui.core.pipeline.items import KEY_CHARACTERS, Item, items_of
from bunsui.errors import RunFailed
from tests.properties import FEW

BARE: dict[str, Any] = {"lambda": {"handler": "h:f", "input": "{% $item %}"}}


def items(values: Any, key: str | None = None, **job: Any) -> list[Item]:
    mapped = {"items": "{% $params.list %}", **({"key": key} if key else {})}
    made = Job.model_validate({**(job or BARE), "map": mapped})
    assert made.map is not None
    return items_of("m", made, made.map, Bindings(params={"list": values}, jobs={}, session={}))


VALUES = st.lists(st.integers(0, 3) | st.sampled_from(["a", "", "1", None, True, [1], {"a": 1}]), max_size=6)


@FEW
@given(VALUES)
def test_every_item_has_a_key_of_its_own_also_where_items_are_equal(values: list[JsonValue]) -> None:
    found = items(values)
    assert [item.value for item in found] == values
    assert len({item.key for item in found}) == len(values)


@FEW
@given(st.permutations(["a", "b", {"c": 1}, 4]))
def test_the_key_of_an_item_does_not_hang_on_its_place(values: list[JsonValue]) -> None:
    first = {str(item.value): item.key for item in items(["a", "b", {"c": 1}, 4])}
    assert {str(item.value): item.key for item in items(values)} == first


def test_an_item_is_called_with_its_input() -> None:
    (item,) = items([3], None, **{"lambda": {"handler": "h:f", "input": {"n": "{% $item + 1 %}"}}})
    assert item.inputs == [{"n": 4}]


def test_an_operation_without_an_input_is_called_with_an_empty_object() -> None:
    (item,) = items([3], None, **{"lambda": {"handler": "h:f"}})
    assert item.inputs == [{}]


def test_each_operation_has_its_own_call() -> None:
    ecs = {"ecs": {"image": "i", "cpu": 256, "memory": 512, "command": ["x", "{% $string($item) %}"]}}
    (item,) = items([7], None, operations=[BARE, ecs])
    assert item.inputs == [7, {"command": ["x", "7"], "env": {}, "input": None}]


def test_a_key_may_be_a_number_or_a_text() -> None:
    assert [item.key for item in items([{"id": 1}, {"id": "b"}], "{% $item.id %}")] == ["1", "b"]


@pytest.mark.parametrize(
    ("values", "key", "message"),
    [
        ({"a": 1}, None, "gives an object, not a list"),
        ("abc", None, "gives the text 'abc', not a list"),
        (None, None, "gives null, not a list"),
        ([1, 1], "{% $string($item) %}", "two items have the key '1'"),
        ([1, "1"], "{% $item %}", "two items have the key '1'"),
        ([True], "{% $item %}", "gives a boolean"),
        ([""], "{% $item %}", "1 to 200 printable"),
        (["a\nb"], "{% $item %}", "printable"),
        (["x" * (KEY_CHARACTERS + 1)], "{% $item %}", "1 to 200"),
        ([1.5], "{% $item %}", "gives the number 1.5"),
    ],
)
def test_what_is_no_list_or_no_key_fails_the_job_with_its_name(
    values: Any, key: str | None, message: str
) -> None:
    with pytest.raises(RunFailed, match=message) as caught:
        items(values, key)
    assert caught.value.details == {"error": "Bunsui.InvalidItems", "job": "m"}


def test_a_key_of_the_longest_length_is_taken() -> None:
    assert items(["x" * KEY_CHARACTERS], "{% $item %}")[0].key == "x" * KEY_CHARACTERS
