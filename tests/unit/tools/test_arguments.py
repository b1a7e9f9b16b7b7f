"""Arguments that do not fit: one error that names every field."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bunsui.core.models.base import JsonValue
from bunsui.errors import UsageError
from bunsui.tools.arguments import parse
from bunsui.tools.registry import TABLE, Registry
from bunsui.tools.tool import AnyTool
from tests.unit.tools.helpers import WRITE

REGISTRY = Registry()


def refused(arguments: dict[str, JsonValue]) -> UsageError:
    with pytest.raises(UsageError) as caught:
        parse(WRITE, arguments)
    return caught.value


def fields(error: UsageError) -> list[Any]:
    found = error.details["fields"]
    assert isinstance(found, list)
    return found


def test_every_field_is_named_at_once() -> None:
    error = refused({"by": "many", "effekt": "read", "effect": "burn"})
    assert {one["field"] for one in fields(error)} == {"by", "effekt", "effect"}
    for word in ("many", "did you mean effect?", "allowed: read, write, spend, destroy", "counter_write"):
        assert word in error.message


def test_limits_say_which() -> None:
    assert "less than or equal to 100" in refused({"by": 101}).message


def test_what_looks_like_a_secret_is_not_repeated() -> None:
    message = refused({"note": ["password=hunter2"], "by": "AKIAABCDEFGHIJKLMNOP"}).message
    assert "hunter2" not in message
    assert "AKIA" not in message


def test_long_and_binary_values_are_cut_and_stripped() -> None:
    message = refused({"by": "\x1b[2J" + "x" * 5_000}).message
    assert "\x1b" not in message
    assert len(message) < 400


json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=30),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


@st.composite
def calls(draw: st.DrawFn) -> tuple[str, dict[str, JsonValue]]:
    entry = draw(st.sampled_from(TABLE))
    names = sorted(entry.load().input.model_fields)
    known = st.sampled_from(names) if names else st.nothing()
    return entry.name, draw(st.dictionaries(known | st.text(max_size=12), json, max_size=5))


@given(calls())
def test_any_arguments_are_taken_or_refused_by_name(call: tuple[str, dict[str, JsonValue]]) -> None:
    name, arguments = call
    error = problem(REGISTRY.tool(name), arguments)
    if error is not None:
        assert name in error.message
        assert all(one["field"] and one["problem"] for one in fields(error))


def problem(tool: AnyTool, arguments: dict[str, JsonValue]) -> UsageError | None:
    try:
        parse(tool, arguments)
    except UsageError as error:
        return error
    return None


def test_an_unknown_tool_names_the_nearest() -> None:
    with pytest.raises(UsageError) as caught:
        REGISTRY.tool("session_rerunn")
    assert caught.value.next_steps[0] == "did you mean session_rerun?"
