"""JSON values of records: what is kept comes back, wherever it is kept."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bunsui.core.models.base import JsonValue, canonical_json, digest
from bunsui.core.payloads import INLINE_BYTES, MARKER, keep, keep_result, marker, read_payload
from bunsui.errors import NotFound
from bunsui.testing.memory import MemoryBlobs
from tests.properties import FEW

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(1 << 53), 1 << 53) | st.text("ab水", max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("ab", max_size=2), inner, max_size=3),
    max_leaves=8,
)


@FEW
@given(JSON, st.booleans())
async def test_what_is_kept_comes_back(value: JsonValue, large: bool) -> None:
    blobs = MemoryBlobs()
    whole: JsonValue = [value, "x" * INLINE_BYTES] if large else value
    payload = await keep(blobs, whole)
    assert await read_payload(blobs, payload) == whole
    assert (payload.size, payload.digest) == (len(canonical_json(whole)), digest(whole))
    assert bool(payload.blob) is large


@pytest.mark.parametrize(("more", "inline"), [(0, True), (1, False)])
async def test_the_limit_is_counted_in_bytes_with_the_quotes(more: int, inline: bool) -> None:
    payload = await keep(MemoryBlobs(), "x" * (INLINE_BYTES - 2 + more))
    assert (payload.blob is None) is inline


async def test_a_large_result_may_come_as_its_marker() -> None:
    blobs = MemoryBlobs()
    kept = await keep(blobs, "x" * INLINE_BYTES)
    assert await keep_result(blobs, marker(kept)) == kept


async def test_a_small_result_that_came_as_its_marker_is_kept_inline() -> None:
    blobs = MemoryBlobs()
    value: JsonValue = [9_007_199_254_740_993]
    key = await blobs.put(canonical_json(value))
    travelling: JsonValue = {MARKER: {"key": key, "size": len(canonical_json(value)), "digest": key}}
    assert await keep_result(blobs, travelling) == await keep(blobs, value)


@pytest.mark.parametrize(
    "value",
    [
        pytest.param({MARKER: {"key": "k", "size": 1, "digest": "d"}}, id="nothing is stored there"),
        pytest.param({MARKER: {"key": "k", "size": 1 << 20, "digest": "d"}}, id="the key is no digest"),
        pytest.param({MARKER: "k"}, id="no object inside"),
        pytest.param({MARKER: {"key": 1}}, id="the key is no text"),
        pytest.param({MARKER: {"key": "k"}}, id="without size and digest"),
        pytest.param({MARKER: {"key": "k", "size": "many", "digest": "d"}}, id="the size is no number"),
        pytest.param({MARKER: {"key": "k", "size": 1, "digest": None}}, id="the digest is no text"),
        pytest.param({MARKER: {"key": "k", "size": 1, "digest": "d"}, "more": 1}, id="something beside it"),
    ],
)
async def test_what_only_looks_like_a_marker_is_a_result_like_any_other(value: Any) -> None:
    blobs = MemoryBlobs()
    assert await read_payload(blobs, await keep_result(blobs, value)) == value


async def test_a_blob_that_is_gone_is_told() -> None:
    blobs = MemoryBlobs()
    payload = await keep(blobs, "x" * INLINE_BYTES)
    blobs.data.clear()
    with pytest.raises(NotFound):
        await read_payload(blobs, payload)
