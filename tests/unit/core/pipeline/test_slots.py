"""Places that hold expressions: each is found with the variables bound there, whatever else is wrong."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bunsui.core.models.base import JsonValue
from bunsui.core.pipeline.findings import spelled
from bunsui.core.pipeline.slots import COMMON, Slot, jobs_of, operations_of, slots
from tests.properties import FEW


def found(document: Any) -> dict[str, Slot]:
    return {spelled(slot.path): slot for slot in slots(document)}


def job(**more: Any) -> dict[str, Any]:
    return {"jobs": {"a": more}}


@pytest.mark.parametrize(
    ("document", "key", "mode", "variables"),
    [
        (job(when="x"), "jobs.a.when", "expression", COMMON),
        (job(map={"items": "x"}), "jobs.a.map.items", "template", COMMON),
        (job(map={"key": "x"}), "jobs.a.map.key", "expression", COMMON | {"item"}),
        (job(approval={"message": "x"}), "jobs.a.approval.message", "text", COMMON),
        ({"output": "x"}, "output", "template", COMMON),
        (job(**{"lambda": {"input": "x"}}), "jobs.a.lambda.input", "template", COMMON),
        (job(**{"lambda": {"handler": "x"}}), "jobs.a.lambda.handler", "none", COMMON),
        (job(ecs={"command": []}), "jobs.a.ecs.command", "template", COMMON),
        (job(aws={"arguments": {}}), "jobs.a.aws.arguments", "template", COMMON | {"token"}),
    ],
)
def test_every_place_has_its_mode_and_its_variables(
    document: Any, key: str, mode: str, variables: frozenset[str]
) -> None:
    slot = found(document)[key]
    assert (slot.mode, slot.variables) == (mode, variables)


def test_operations_of_a_map_job_know_the_item_and_its_list_does_not() -> None:
    places = found(job(map={"items": 1, "key": "k"}, **{"lambda": {"input": "x"}}))
    assert "item" in places["jobs.a.lambda.input"].variables
    assert "item" not in places["jobs.a.map.items"].variables


def test_the_three_spellings_of_an_operation_are_found() -> None:
    listed = [{"lambda": {"input": 1}}, {"kind": "ecs", "env": {}}]
    ways = [way for way, _, _ in operations_of({"lambda": {"input": 0}, "operations": listed})]
    assert ways == [("lambda",), ("operations", 0, "lambda"), ("operations", 1)]


def test_a_place_names_the_job_it_belongs_to() -> None:
    places = found({**job(when="x"), "output": "y"})
    assert (places["jobs.a.when"].job, places["output"].job) == ("a", None)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text("ab", max_size=2),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["jobs", "map", "lambda", "ecs", "operations", "kind", "approval", "output"]),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@FEW
@given(JSON)
def test_a_document_of_any_shape_has_slots_or_none(document: JsonValue) -> None:
    for slot in slots(document):
        value: Any = document
        if "items" in slot.path[-1:] or "message" in slot.path[-1:]:
            continue
        for part in slot.path:
            value = value[part]
        assert value == slot.value
    assert all(isinstance(one, dict) for one in jobs_of(document).values())
