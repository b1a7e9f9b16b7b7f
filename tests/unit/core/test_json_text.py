"""JSON that somebody gives is read as it is written, or refused."""

from __future__ import annotations

import json

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bunsui.core.json_text import InexactJson, holds_inexact, kept_exactly, numbers_in, read_json, read_result
from bunsui.core.models.base import JsonValue

VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(min_value=-(2**63), max_value=2**63 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(VALUES)
def test_what_is_written_is_what_is_read(value: JsonValue) -> None:
    assert read_json(json.dumps(value)) == value
    assert read_json(json.dumps(value).encode()) == value


@given(VALUES)
def test_a_number_that_is_not_kept_is_seen_however_its_json_is_written(value: JsonValue) -> None:
    held = not all(map(kept_exactly, numbers_in(value)))
    for text in (json.dumps(value), json.dumps(value, indent=1), json.dumps(value, separators=(",", ":"))):
        assert holds_inexact(value, text.encode()) is held


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("9223372036854775808", "the number 9223372036854775808 needs more than 64 bits"),
        ('{"a": [-9223372036854775809]}', "more than 64 bits"),
        ("1" * 300, "the number 1111111111111111111111111 needs"),
        ('[{"a": 1, "b": 2, "a": 1}]', "the key 'a' stands there twice"),
    ],
)
def test_what_would_become_something_else_is_refused(text: str, message: str) -> None:
    with pytest.raises(InexactJson, match=message):
        read_json(text)


@pytest.mark.parametrize(
    "text", ["", "010", "1e999", "NaN", "[Infinity]", "{", '"\\ud800"', "[" * 2_000 + "]" * 2_000]
)
def test_what_is_no_json_is_no_json(text: str) -> None:
    with pytest.raises(orjson.JSONDecodeError):
        read_json(text)


def test_a_result_that_nests_too_deeply_is_refused_as_such() -> None:
    deep = "[" * 1_000 + "1234567890123456789" + "]" * 1_000
    with pytest.raises(InexactJson, match="nests too deeply"):
        read_result(deep.encode())
