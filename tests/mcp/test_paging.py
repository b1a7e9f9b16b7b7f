"""Pages of a document: every row on exactly one page, and none much above the limit."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bunsui.errors import UsageError
from bunsui.tools.cursor import pack
from bunsui_mcp.paging import KIND, page, size
from tests.properties import FEW

ROWS = st.lists(st.integers(0, 400), max_size=12)


def document(rows: list[int], more: list[int]) -> dict[str, Any]:
    """Rows of different lengths, each with a number of its own; plain values around them."""
    numbered = [{"n": n, "text": "x" * length} for n, length in enumerate([*rows, *more])]
    inner = {"heading": "h", "rows": numbered[: len(rows)]}
    return {"id": "s", "first": inner, "second": numbered[len(rows) :], "note": "end"}


def pages(whole: dict[str, Any], limit: int) -> list[dict[str, Any]]:
    found, cursor = list[dict[str, Any]](), None
    while True:
        part = page(whole, cursor, limit)
        found.append(part.document)
        cursor = part.cursor
        if cursor is None:
            return found
        assert len(found) < 200


def rows_of(part: dict[str, Any]) -> list[int]:
    return [row["n"] for row in [*part.get("first", {}).get("rows", []), *part.get("second", [])]]


@FEW
@given(ROWS, ROWS, st.integers(50, 2_000))
def test_every_row_is_on_exactly_one_page_and_in_order(rows: list[int], more: list[int], limit: int) -> None:
    found = pages(document(rows, more), limit)
    assert [n for part in found for n in rows_of(part)] == list(range(len(rows) + len(more)))
    assert all((part["id"], part["note"]) == ("s", "end") for part in found)


@FEW
@given(ROWS, st.integers(600, 2_000))
def test_no_page_is_much_above_the_limit(rows: list[int], limit: int) -> None:
    for part in pages(document(rows, []), limit):
        assert size(part) <= limit + 200


def test_what_fits_is_one_page_as_it_is() -> None:
    whole = document([1, 2], [3])
    part = page(whole, None, size(whole))
    assert (part.document, part.cursor) == (whole, None)


def test_a_text_longer_than_a_page_is_cut_with_a_mark() -> None:
    part = page({"rows": [{"text": "x" * 5_000}]}, None, 500)
    text = part.document["rows"][0]["text"]  # type: ignore[call-overload, index]
    assert "(cut: 5000 characters)" in str(text)


@pytest.mark.parametrize(
    "cursor",
    [
        "nonsense",
        pack("other", "[]"),
        pack(KIND, "no json"),
        pack(KIND, "{}"),
        pack(KIND, '["second", 1.5]'),
        pack(KIND, '["second", -99]'),
        pack(KIND, '["second", true]'),
        pack(KIND, "[" * 1_000),
    ],
)
def test_a_crafted_cursor_is_refused(cursor: str) -> None:
    with pytest.raises(UsageError):
        page(document([], [1, 2, 3]), cursor, 100)


@pytest.mark.parametrize("path", [["gone", 1], ["second", 99], ["id"]])
def test_a_place_that_is_gone_has_no_rows(path: list[Any]) -> None:
    part = page(document([], [1]), pack(KIND, orjson.dumps(path).decode()), 100)
    assert rows_of(part.document) == []
