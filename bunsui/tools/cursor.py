"""Opaque cursors for lists that a tool pages itself."""

from __future__ import annotations

import base64
import binascii

import orjson

from bunsui.core.models.base import JsonValue
from bunsui.errors import UsageError

_WIDEST = 1 << 63
"""Stores count in 64 bits."""


def pack(kind: str, *place: int | str) -> str:
    """A cursor that only `unpack` of the same kind takes back."""
    return base64.urlsafe_b64encode(orjson.dumps([kind, *place])).decode().rstrip("=")


def unpack(kind: str, cursor: str, shape: tuple[type, ...]) -> tuple[JsonValue, ...]:
    """The place in a cursor. Raises UsageError for anything that `pack` did not make."""
    try:
        padded = cursor + "=" * (-len(cursor) % 4)
        found = orjson.loads(base64.b64decode(padded, altchars=b"-_", validate=True))
    except (ValueError, binascii.Error):
        found = None
    if not isinstance(found, list) or found[:1] != [kind] or not _fits(found[1:], shape):
        raise UsageError(
            "cursor: was not given by this list",
            next_steps=["start again without a cursor"],
            details={"field": "cursor"},
        )
    return tuple(found[1:])


def _fits(place: list[JsonValue], shape: tuple[type, ...]) -> bool:
    wide = any(isinstance(part, int) and abs(part) >= _WIDEST for part in place)
    return tuple(map(type, place)) == shape and not wide
