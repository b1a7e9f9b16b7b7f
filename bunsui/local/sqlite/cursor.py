"""Opaque cursors: the place behind which a page begins."""

from __future__ import annotations

import base64
import binascii
import json

import orjson

from bunsui.errors import UsageError

_WIDEST = 1 << 63
"""The database holds integers of 64 bits."""


def encode(created_at: int, identity: str) -> str:
    """The cursor behind a record."""
    text = json.dumps([created_at, identity], separators=(",", ":"))
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def decode(cursor: str) -> tuple[int, str]:
    """The place that a cursor names. Raises UsageError when we did not make it."""
    try:
        padded = cursor + "=" * (-len(cursor) % 4)
        found = orjson.loads(base64.b64decode(padded, altchars=b"-_", validate=True))
    except (binascii.Error, ValueError):
        raise _foreign(cursor) from None
    match found:
        case [int(created_at), str(identity)] if type(created_at) is int and abs(created_at) < _WIDEST:
            return created_at, identity
        case _:
            raise _foreign(cursor)


def _foreign(cursor: str) -> UsageError:
    return UsageError(
        f"The cursor {cursor[:40]!r} is not one that a list has returned",
        next_steps=["Call without a cursor for the first page"],
    )
