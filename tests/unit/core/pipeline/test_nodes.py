"""Nodes of a document: every key and value with its place, and no text that can exhaust the reader."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bunsui.core.pipeline.nodes import MAX_DEPTH, ComposeError, Node, compose
from tests.properties import FEW


def root(text: str) -> Node:
    node = compose(text)
    assert node is not None
    return node


def test_keys_and_values_have_their_places() -> None:
    pair = root("a: 1\nbc:\n  - x\n  -  y\n").get("bc")
    assert pair is not None
    key, value = pair
    assert (key.line, key.column) == (2, 1)
    assert [(item.text, item.line, item.column) for item in value.items] == [("x", 3, 5), ("y", 4, 6)]


@pytest.mark.parametrize("text", ["", "# only a comment\n", "---\n", "   \n"])
def test_an_empty_document_has_no_root_or_an_empty_one(text: str) -> None:
    node = compose(text)
    assert node is None or node.text == ""


def test_entries_that_are_there_twice_are_both_kept() -> None:
    assert [key.text for key, _ in root("{a: 1, b: 2, a: 3}").pairs] == ["a", "b", "a"]


def test_the_first_entry_with_a_key_is_found() -> None:
    pair = root("{a: 1, a: 2}").get("a")
    assert pair is not None
    assert pair[1].text == "1"
    assert root("[a]").get("a") is None


def test_quotes_make_a_scalar_no_longer_plain() -> None:
    plain = [item.plain for item in root("[a, 'a', \"a\"]").items]
    assert plain == [True, False, False]


def test_an_alias_is_the_node_it_names() -> None:
    items = root("[&x {a: 1}, *x]").items
    assert items[0] is items[1]


@pytest.mark.parametrize(
    ("text", "message", "place"),
    [
        ("a: 1\n---\nb: 2\n", "one document is expected", (3, 1)),
        ("[*x]", r"\*x has no anchor", (1, 2)),
        ("&x [*x]", "inside its own anchor", (1, 5)),
        ("a: [1\nb: 2", "no YAML", (2, 2)),
        ("a: \x07", "no YAML", (1, 1)),
        ("[" * (MAX_DEPTH + 1), "nested deeper", (1, MAX_DEPTH + 1)),
    ],
)
def test_what_is_no_document_is_refused_with_its_place(
    text: str, message: str, place: tuple[int, int]
) -> None:
    with pytest.raises(ComposeError, match=message) as caught:
        compose(text)
    assert (caught.value.line, caught.value.column) == place


def test_aliases_of_aliases_cost_no_more_than_their_text() -> None:
    lines = ["a0: &a0 [x]"] + [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 30)]
    assert len(root("\n".join(lines)).pairs) == 30


@FEW
@given(st.text())
def test_any_text_is_a_document_or_refused(text: str) -> None:
    try:
        node = compose(text)
    except ComposeError as error:
        place = error.line, error.column
    else:
        place = (node.line, node.column) if node else (1, 1)
    assert min(place) >= 1


@FEW
@given(st.lists(st.dictionaries(st.text("abc", min_size=1), st.integers(), max_size=3), max_size=4))
def test_json_is_read_with_every_entry(value: list[dict[str, int]]) -> None:
    node = root(json.dumps(value))
    assert [{key.text: int(one.text) for key, one in item.pairs} for item in node.items] == value
