"""Values that the machine would not hand on as they are: it is given markers, which become values again."""

from __future__ import annotations

import orjson

from bunsui.core.json_text import holds_inexact, read_result
from bunsui.core.models.base import JsonValue, canonical_json
from bunsui.core.ports.blobs import Blobs

LARGEST_INLINE = 200 * 1024
"""Bytes of a result that still travels in the machine, whose own limit is 256 KiB."""

MARKER = "bunsui:blob"


async def offload(blobs: Blobs, result: bytes) -> JsonValue:
    """The value of a result (JSON), or the marker of where it is kept.

    Kept are large ones, and those with numbers that the expressions of the machine would change. Raises
    InexactJson for a number that no record keeps.
    """
    value = read_result(result)
    if len(result) <= LARGEST_INLINE and not holds_inexact(value, result):
        return value
    body = canonical_json(value)
    key = await blobs.put(body)
    return {MARKER: {"key": key, "size": len(body), "digest": key}}


async def restore(blobs: Blobs, value: JsonValue) -> JsonValue:
    """The value with every marker in it replaced by what it stands for. Raises NotFound, StoreCorrupt."""
    if isinstance(value, list):
        return [await restore(blobs, element) for element in value]
    if not isinstance(value, dict):
        return value
    key = marked(value)
    if key is not None:
        stored: JsonValue = orjson.loads(await blobs.get(key))
        return stored
    return {name: await restore(blobs, element) for name, element in value.items()}


def marked(value: dict[str, JsonValue]) -> str | None:
    """The key that a marker names; None for any other object, also one that only looks like a marker."""
    match value:
        case {"bunsui:blob": {"key": str(key), "size": int(), "digest": str(sha256), **rest}, **beside} if (
            key == sha256 and not rest and not beside
        ):
            return key
        case _:
            return None
