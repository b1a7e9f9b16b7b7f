"""YAML definitions: JSON's types only, each part with its place, and no text that grows without end."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bunsui.asl.validation.yaml_source import YamlProblem, read_yaml
from tests.properties import FEW

WORDS = st.sampled_from(["a", "on", "yes", "no", "12:30", "2026-01-01", "0x1f", ".inf", "null", "", "1e3"])
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | WORDS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=3),
    max_leaves=8,
)


@FEW
@given(JSON)
def test_json_is_read_as_what_it_is(value: Any) -> None:
    assert read_yaml(json.dumps(value))[0] == value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("on", "on"),
        ("yes", "yes"),
        ("2026-01-01", "2026-01-01"),
        ("12:30", "12:30"),
        ("0x1f", "0x1f"),
        ("0", 0),
        ("-0.5", -0.5),
        ("'010'", "010"),
        ("!!str 010", "010"),
        ("~", None),
        ("True", True),
        ("-1.5e3", -1500.0),
        ("'1'", "1"),
    ],
)
def test_what_json_does_not_have_stays_text(text: str, value: Any) -> None:
    assert read_yaml(text)[0] == value


@pytest.mark.parametrize(
    "text, message",
    [
        ("010", "could be octal, decimal or text"),
        ("-07", "could be octal"),
        ("08.5", "could be octal"),
        ("!!int 010", "could be octal"),
        (".inf", "no number that JSON has"),
        ("-.Inf", "no number that JSON has"),
        (".NaN", "no number that JSON has"),
        ("1" * 5_000, "no number that JSON has"),
        ("!!bool yes", "'yes' is no bool"),
        ("!!null x", "'x' is no null"),
        ("!!binary aGk=", "has no meaning"),
    ],
)
def test_what_would_silently_become_another_value_is_refused(text: str, message: str) -> None:
    with pytest.raises(YamlProblem, match=message) as caught:
        read_yaml(f"a:\n  - {text}\n")
    assert (caught.value.line, caught.value.column) == (2, 5)


def test_keys_and_values_have_their_places() -> None:
    _, positions = read_yaml("a:\n  - x\n  - {b: 'cd'}\n")
    assert positions.key(("a",)) == (1, 1)
    assert positions.value(("a", 1, "b")) == (3, 9)
    assert positions.value(("a", 1, "b"), 1) == (3, 11)
    assert positions.value(("gone",)) is None


def test_of_a_key_that_is_there_twice_the_last_counts() -> None:
    value, positions = read_yaml("a: 1\na: 2\n")
    assert (value, positions.duplicates, positions.value(("a",))) == ({"a": 2}, [("a",)], (2, 4))


@pytest.mark.parametrize(
    ("text", "message", "place"),
    [
        ("a: [1", "expected", (2, 1)),
        ("a: 1\n[b]: 2", "A key must be text", (2, 1)),
        ("a: !x 1", "tag !x has no meaning", (1, 4)),
        ("a: &a [*a]", "too large or refers to itself", (1, 4)),
    ],
)
def test_what_is_no_json_is_refused_with_its_place(text: str, message: str, place: tuple[int, int]) -> None:
    with pytest.raises(YamlProblem, match=message) as caught:
        read_yaml(text)
    assert (caught.value.line, caught.value.column) == place


def test_aliases_that_grow_without_end_are_refused() -> None:
    lines = ["a0: &a0 [x]"] + [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 12)]
    with pytest.raises(YamlProblem, match="too large"):
        read_yaml("\n".join(lines))


@FEW
@given(st.text())
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        read_yaml(text)
    except YamlProblem as problem:
        place = problem.line, problem.column
    else:
        place = (1, 1)
    assert min(place) >= 1
