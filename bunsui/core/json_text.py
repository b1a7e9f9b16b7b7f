"""JSON that somebody gives: taken as it is written, or refused."""

from __future__ import annotations

import json
import math

import orjson

from bunsui.core.models.base import JsonValue

__all__ = ["EXACT", "InexactJson", "kept_exactly", "read_json"]

EXACT = 1 << 53
"""Expressions calculate with doubles, which hold every whole number up to this one."""

_BITS = 1 << 63
_LONGEST = 25


class InexactJson(ValueError):
    """JSON that a value cannot hold as it is written."""


def read_json(text: str | bytes) -> JsonValue:
    """The value of a JSON text.

    Raises orjson.JSONDecodeError for what is no JSON; InexactJson for a key that stands twice and a whole
    number beyond 64 bits, of which a reader makes something else without a word.
    """
    value: JsonValue = orjson.loads(text)
    try:
        json.loads(text, parse_int=_integer, object_pairs_hook=_members)
    except RecursionError:
        raise InexactJson("it nests too deeply") from None
    return value


def kept_exactly(number: float) -> bool:
    """Whether a number is finite, and comes out of an expression as it went in."""
    return -EXACT <= number <= EXACT if isinstance(number, int) else math.isfinite(number)


def _integer(digits: str) -> int:
    if len(digits) > _LONGEST or not -_BITS <= int(digits) < _BITS:
        raise InexactJson(f"the number {digits[:_LONGEST]} needs more than 64 bits: quote it to make it text")
    return 0


def _members(pairs: list[tuple[str, object]]) -> None:
    seen: set[str] = set()
    for name, _ in pairs:
        if name in seen:
            raise InexactJson(f"the key {name[:80]!r} stands there twice")
        seen.add(name)
