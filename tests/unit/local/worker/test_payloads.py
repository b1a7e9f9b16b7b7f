from __future__ import annotations

from pathlib import Path

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bunsui.core.json_text import InexactJson
from bunsui.core.models.base import JsonValue, canonical_json
from bunsui.errors import NotFound
from bunsui.local.blobs import FileBlobs
from bunsui.local.worker.payloads import LARGEST_INLINE, offload, restore

JSON: st.SearchStrategy[JsonValue] = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=10,
)


@given(value=JSON, large=st.booleans())
async def test_what_was_taken_out_comes_back(
    tmp_path_factory: pytest.TempPathFactory, value: JsonValue, large: bool
) -> None:
    blobs = FileBlobs(tmp_path_factory.getbasetemp() / "blobs")
    whole: JsonValue = {"value": value, "padding": "x" * LARGEST_INLINE} if large else value
    travelling = await offload(blobs, orjson.dumps(whole))
    assert len(canonical_json(travelling)) <= LARGEST_INLINE
    assert await restore(blobs, {"event": [travelling]}) == {"event": [whole]}


@pytest.mark.parametrize("number", [2**53 + 1, -(2**53) - 1, 2**63 - 1, 2**64 - 1, -(2**63)])
async def test_a_number_that_expressions_change_travels_past_them(tmp_path: Path, number: int) -> None:
    blobs = FileBlobs(tmp_path)
    travelling = await offload(blobs, orjson.dumps({"id": number}))
    assert isinstance(travelling, dict)
    assert list(travelling) == ["bunsui:blob"]
    assert await restore(blobs, travelling) == {"id": number}


@pytest.mark.parametrize("value", [2**53, -(2**53), 0.1234567890123456789, 1e22, "9007199254740993"])
async def test_other_numbers_travel_as_they_are(tmp_path: Path, value: JsonValue) -> None:
    assert await offload(FileBlobs(tmp_path), orjson.dumps([value])) == [value]


@pytest.mark.parametrize("digits", ["18446744073709551616", "-9223372036854775809", "1" * 30])
async def test_a_number_that_no_record_keeps_is_refused(tmp_path: Path, digits: str) -> None:
    with pytest.raises(InexactJson, match="64 bits"):
        await offload(FileBlobs(tmp_path), f'{{"id": {digits}}}'.encode())


async def test_a_marker_of_nothing_is_not_found(tmp_path: Path) -> None:
    marker: JsonValue = {"bunsui:blob": {"key": "0" * 64, "size": 1, "digest": "0" * 64}}
    with pytest.raises(NotFound):
        await restore(FileBlobs(tmp_path), [marker])


async def test_what_only_looks_like_a_marker_is_a_value(tmp_path: Path) -> None:
    others: list[JsonValue] = [
        {"bunsui:blob": 1},
        {"bunsui:blob": {"key": "x"}, "more": 1},
        {"bunsui:blob": {}},
        {"bunsui:blob": {"key": "x"}},
        {"bunsui:blob": {"key": "x", "size": 1, "digest": "x", "more": 1}},
        {"bunsui:blob": {"key": "x", "size": 1, "digest": "y"}},
    ]
    assert await restore(FileBlobs(tmp_path), others) == others
