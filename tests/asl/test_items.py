"""What an ItemReader reads, as items: JSON, JSON Lines, CSV and lists of objects."""

from __future__ import annotations

import csv
import io
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bunsui.asl.items import MAX_ITEMS, UnreadableItems, max_items, parse_items
from tests.properties import FEW

CELLS = st.text("ab,;|\t\"' 水", max_size=4)
DELIMITERS = [("COMMA", ","), ("PIPE", "|"), ("SEMICOLON", ";"), ("SPACE", " "), ("TAB", "\t")]
ROWS = st.lists(st.tuples(CELLS, CELLS), max_size=4)
JSON = st.recursive(
    st.none() | st.integers(-9, 9) | st.text("a\u2028\n", max_size=3),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text("a", max_size=2), inner, max_size=2),
    max_leaves=4,
)


def read(body: str, **config: Any) -> list[Any]:
    return parse_items(body, None, config)


@FEW
@given(st.lists(JSON, max_size=5), st.integers(1, 6))
def test_json_and_json_lines_give_the_same_items_up_to_the_most(items: list[Any], most: int) -> None:
    lines = "\n".join(json.dumps(item, ensure_ascii=False) for item in items)
    assert read(json.dumps(items), MaxItems=most) == items[:most]
    assert read(lines, InputType="JSONL", MaxItems=most) == items[:most]


@FEW
@given(
    ROWS, st.sampled_from([("COMMA", ","), ("PIPE", "|"), ("SEMICOLON", ";"), ("SPACE", " "), ("TAB", "\t")])
)
def test_csv_gives_every_row_by_its_header(rows: list[tuple[str, str]], delimiter: tuple[str, str]) -> None:
    out = io.StringIO()
    csv.writer(out, delimiter=delimiter[1]).writerows([("k", "v"), *rows])
    found = read(out.getvalue(), InputType="CSV", CSVDelimiter=delimiter[0], CSVHeaderLocation="FIRST_ROW")
    assert found == [{"k": k, "v": v} for k, v in rows]


def test_short_rows_are_filled_up_and_long_ones_cut() -> None:
    given_ = {"InputType": "CSV", "CSVHeaderLocation": "GIVEN", "CSVHeaders": ["a", "b"]}
    assert read("1\n1,2,3\n\n", **given_) == [{"a": "1", "b": ""}, {"a": "1", "b": "2"}]


def test_an_object_is_read_as_pairs_only_behind_a_pointer() -> None:
    body = json.dumps({"x": {"a/b": {"k": 1}, "list": [[5], [6]]}})
    assert read(body, ItemsPointer="/x/a~1b") == [{"Key": "k", "Value": 1}]
    assert read(body, ItemsPointer="/x/list/1") == [6]
    with pytest.raises(UnreadableItems, match="non-iterable"):
        read(body)


@pytest.mark.parametrize(
    ("body", "config", "cause"),
    [
        ("{", {}, "Unable to parse the input as JSON"),
        ("5", {}, "non-iterable"),
        ("[1]\n{", {"InputType": "JSONL"}, "line 2"),
        ("{}", {"ItemsPointer": "/a"}, "ItemsPointer /a does not match"),
        ("[]", {"ItemsPointer": "/x"}, "does not match"),
        ("a,a\n1,2", {"InputType": "CSV"}, "duplicates"),
        ("a", {"InputType": "CSV", "CSVDelimiter": "X"}, "not supported"),
        ("", {"InputType": "PARQUET"}, "PARQUET cannot be read here"),
        ("[]", {"MaxItems": -1}, "must be positive"),
        ("[]", {"MaxItems": 1.5}, "must be positive"),
        ("[]", {"MaxItems": True}, "must be positive"),
        ("[]", {"MaxItems": "1"}, "must be positive"),
    ],
)
def test_what_cannot_be_read_is_told_with_its_cause(body: str, config: dict[str, Any], cause: str) -> None:
    with pytest.raises(UnreadableItems, match=cause):
        read(body, **config)


@FEW
@given(st.text(), st.sampled_from(["JSON", "JSONL", "CSV"]))
def test_any_text_gives_items_or_a_cause(body: str, kind: str) -> None:
    try:
        found = read(body, InputType=kind)
    except UnreadableItems as error:
        found = [str(error)]
    assert isinstance(found, list)


def test_objects_that_were_listed_are_items_as_they_are() -> None:
    assert parse_items(None, [{"Key": "a"}, {"Key": "b"}], {"MaxItems": 1}) == [{"Key": "a"}]


@pytest.mark.parametrize(
    ("given_", "limit"), [({}, MAX_ITEMS), ({"MaxItems": 0}, MAX_ITEMS), ({"MaxItems": 10**12}, MAX_ITEMS)]
)
def test_without_a_most_there_is_the_services(given_: dict[str, Any], limit: int) -> None:
    assert max_items(given_) == limit
