"""JSON values of records: small ones inline, others in the blob store."""

from __future__ import annotations

import orjson

from bunsui.core.models.base import JsonValue, canonical_json, digest_of
from bunsui.core.models.payload import Payload
from bunsui.core.ports.blobs import Blobs
from bunsui.errors import NotFound, RunFailed

INLINE_BYTES = 16 * 1024
MARKER = "bunsui:blob"


async def keep(blobs: Blobs, value: JsonValue) -> Payload:
    """The value as a payload; above 16 KiB it goes to the blob store.

    Raises StoreFull, and RunFailed for what no record can hold, such as lists in lists in lists without end.
    """
    try:
        data = canonical_json(value)
    except TypeError as exc:
        raise RunFailed(f"the value cannot be recorded: {exc}") from exc
    if len(data) <= INLINE_BYTES:
        return Payload(value=value, size=len(data), digest=digest_of(data))
    return Payload(blob=await blobs.put(data), size=len(data), digest=digest_of(data))


async def read_payload(blobs: Blobs, payload: Payload) -> JsonValue:
    """The value again. Raises NotFound when the blob is gone, StoreCorrupt when it is damaged."""
    if payload.blob is None:
        return payload.value
    value: JsonValue = orjson.loads(await blobs.get(payload.blob))
    return value


async def keep_result(blobs: Blobs, value: JsonValue) -> Payload:
    """A result as a payload. One that a machine would not hand on as it is comes as a marker.

    That is `{"bunsui:blob": {key, size, digest}}`, for what is large or holds numbers that expressions do not
    keep. What only looks like a marker is a result like any other: handlers may return whatever they like.
    """
    match value:
        case {
            "bunsui:blob": {"key": str(key), "size": int(size), "digest": str(sha256), **rest},
            **beside,
        } if key == sha256 and not rest and not beside:
            if size > INLINE_BYTES:
                return Payload(blob=key, size=size, digest=sha256)
            return await keep(blobs, await _stored(blobs, key, value))
        case _:
            return await keep(blobs, value)


async def _stored(blobs: Blobs, key: str, otherwise: JsonValue) -> JsonValue:
    try:
        value: JsonValue = orjson.loads(await blobs.get(key))
    except NotFound:
        return otherwise
    return value


def marker(payload: Payload) -> JsonValue:
    """What stands for a payload that is too large to be sent."""
    return {MARKER: {"key": payload.blob, "size": payload.size, "digest": payload.digest}}
