"""Any document as lines: nothing is left out, nothing can move the cursor."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bunsui.cli.style import Style
from bunsui.cli.views import lines_of
from bunsui.cli.views.generic import fields, rows, word
from bunsui.tools.registry import TABLE, Registry
from tests.properties import FEW

PLAIN = Style(on=False)
JSON: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("ab", max_size=3), inner, max_size=3),
    max_leaves=8,
)


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (None, "-"),
        ("", "-"),
        ([], "-"),
        ({}, "-"),
        (0, "0"),
        (False, "no"),
        (True, "yes"),
        (["a", None], "a, -"),
        ({"a": 1, "b": [2]}, "a=1 b=2"),
        ("\x1b[31mred", "red"),
    ],
)
def test_a_value_in_a_cell(value: Any, shown: str) -> None:
    assert word(value) == shown


def test_lists_of_objects_become_tables_below_the_fields() -> None:
    lines = fields({"schema": "x", "id": 1, "jobs": [{"a": 1, "b": None}, {"a": 2, "b": ""}]}, PLAIN, None)
    assert lines == ["id  1", "", "jobs", *rows([{"a": 1}, {"a": 2}], PLAIN, None)]


def test_a_table_has_a_column_for_every_key_that_has_a_value_somewhere() -> None:
    assert rows([{"a": 1, "c": None}, {"b": 2}], PLAIN, None) == ["A  B", "1  -", "-  2"]
    assert rows([{}, {"a": ""}], PLAIN, 80) == ["-", "-"]


DOCUMENTS = st.dictionaries(st.text("abc", min_size=1, max_size=3), JSON, max_size=4)


@FEW
@given(DOCUMENTS, st.none() | st.integers(20, 80))
def test_any_document_is_shown(document: dict[str, Any], limit: int | None) -> None:
    shown = "".join(fields(document, PLAIN, limit))
    assert "\x1b" not in shown
    assert all(name in shown for name in document)


def test_every_tool_with_a_view_of_its_own_is_one_of_the_registry() -> None:
    from bunsui.cli.views import _VIEWS

    assert set(_VIEWS) <= {entry.name for entry in Registry(TABLE)} | {"execution_run"}
    assert lines_of("unknown", {"a": 1}, PLAIN, None) == ["a  1"]
