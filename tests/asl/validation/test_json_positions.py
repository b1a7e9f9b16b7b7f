"""Where each value and key of a JSON text stands, as an editor counts lines and columns."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bunsui.asl.validation.json_positions import JsonPositions
from tests.properties import FEW

KEYS = st.text('a"\\\n\u2028é', max_size=3)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | KEYS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3),
    max_leaves=8,
)


def places(value: Any, path: tuple[str | int, ...] = ()) -> list[tuple[tuple[str | int, ...], Any]]:
    pairs: Any = (
        value.items() if isinstance(value, dict) else enumerate(value if isinstance(value, list) else [])
    )
    return [(path, value), *(one for key, part in pairs for one in places(part, (*path, key)))]


@FEW
@given(JSON, st.sampled_from([None, 1]), st.booleans())
def test_every_value_begins_where_it_is_said_to(value: Any, indent: int | None, ascii_: bool) -> None:
    text = json.dumps(value, indent=indent, ensure_ascii=ascii_)
    positions, lines = JsonPositions(text), text.split("\n")
    for path, part in places(value):
        place = positions.value(path)
        assert place is not None
        line, column = place
        rest = "\n".join([lines[line - 1][column - 1 :], *lines[line:]])
        assert json.JSONDecoder().raw_decode(rest)[0] == part


def test_a_key_has_a_place_of_its_own() -> None:
    positions = JsonPositions('{\n  "a": [1, {"b": 2}]\n}')
    assert positions.key(("a",)) == (2, 3)
    assert positions.key(("a", 1, "b")) == (2, 13)
    assert positions.key(("a", 1)) is None
    assert positions.value(("gone",)) is None


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_lines_end_as_in_any_editor(end: str) -> None:
    assert JsonPositions(f'{{"a":{end}1,{end}"b": 2}}').key(("b",)) == (3, 1)


@pytest.mark.parametrize("separator", ["\u2028", "\u2029", "\x85"])
def test_a_separator_inside_a_string_ends_no_line(separator: str) -> None:
    assert JsonPositions(f'{{"a": "{separator}",\n"b": 2}}').key(("b",)) == (2, 1)


def test_an_offset_counts_decoded_characters() -> None:
    positions = JsonPositions(r'{"a": "x\n\u00e9\ud83d\ude00y"}')
    assert [positions.value(("a",), offset) for offset in range(1, 5)] == [(1, 9), (1, 11), (1, 17), (1, 29)]


def test_of_a_key_that_is_there_twice_the_last_counts_and_both_are_told() -> None:
    positions = JsonPositions('{"a": 1,\n "a": 2}')
    assert positions.duplicates == [("a",)]
    assert positions.value(("a",)) == (2, 7)
