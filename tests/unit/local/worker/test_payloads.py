from __future__ import annotations

from pathlib import Path

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

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
    ]
    assert await restore(FileBlobs(tmp_path), others) == others
