"""JSON that somebody gives: taken as it is written, or refused."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import orjson

from bunsui.core.models.base import JsonValue

__all__ = [
    "EXACT",
    "InexactJson",
    "holds_inexact",
    "kept_exactly",
    "numbers_in",
    "read_json",
    "read_outcomes",
    "read_result",
    "refusal_in",
]

EXACT = 1 << 53
"""Expressions calculate with doubles, which hold every whole number up to this one."""

_BITS = 1 << 63
_SIXTEEN, _NINETEEN = b" " + b"0" * 16, b" " + b"0" * 19
_OUTLINE = bytes.maketrans(b"123456789:,[-\t\n\r", b"0" * 9 + b" " * 7)
"""All digits as zeros, and all that can stand before a number as blanks."""

_LONGEST = 25


class InexactJson(ValueError):
    """JSON that a value cannot hold as it is written."""


def read_json(text: str | bytes) -> JsonValue:
    """The value of a JSON text.

    Raises orjson.JSONDecodeError for what is no JSON; InexactJson for a key that stands twice and a whole
    number beyond 64 bits, of which a reader makes something else without a word.
    """
    value: JsonValue = orjson.loads(text)
    _loaded(text, parse_int=_integer, object_pairs_hook=_members)
    return value


def read_result(text: bytes) -> JsonValue:
    """The value of the JSON that a job gave.

    Raises orjson.JSONDecodeError for what is no JSON; InexactJson for a whole number beyond 64 bits, of which
    a reader makes a fraction without a word, and where it nests too deeply to look for one.
    """
    value: JsonValue = orjson.loads(text)
    if _NINETEEN in _outline(text):
        # Hashes are often unsigned: records keep these too.
        _loaded(text, parse_int=partial(_integer, above=2 * _BITS))
    return value


def read_outcomes(text: bytes) -> Any:
    """As `read_result`, but with the InexactJson itself in the place of each number that it refuses."""
    return _loaded(text, parse_int=_integer_or_refusal)


def refusal_in(value: Any) -> InexactJson | None:
    """The first number that was refused in what `read_outcomes` gave."""
    if isinstance(value, dict | list):
        for inner in value.values() if isinstance(value, dict) else value:
            if found := refusal_in(inner):
                return found
    return value if isinstance(value, InexactJson) else None


def kept_exactly(number: float) -> bool:
    """Whether a number is finite, and comes out of an expression as it went in."""
    return -EXACT <= number <= EXACT if isinstance(number, int) else math.isfinite(number)


def numbers_in(value: JsonValue) -> Iterator[int | float]:
    """All numbers of a value, true and false among them."""
    if isinstance(value, int | float):
        yield value
    elif isinstance(value, dict | list):
        for inner in value.values() if isinstance(value, dict) else value:
            yield from numbers_in(inner)


def holds_inexact(value: JsonValue, text: bytes) -> bool:
    """Whether a value holds a number that expressions do not keep; `text`, its JSON, is quick to look at."""
    return _SIXTEEN in _outline(text) and _inexact(value)


def _outline(text: bytes) -> bytes:
    """A JSON text in which long whole numbers are quickly seen: most have none."""
    return b" " + text.translate(_OUTLINE)


def _inexact(value: JsonValue) -> bool:
    if isinstance(value, dict):
        return any(map(_inexact, value.values()))
    if isinstance(value, list):
        return any(map(_inexact, value))
    return isinstance(value, int | float) and not kept_exactly(value)


def _loaded(text: str | bytes, **hooks: Callable[[Any], object]) -> Any:
    try:
        return json.loads(text, **hooks)  # type: ignore[arg-type]  # the hooks are not told apart
    except RecursionError:
        raise InexactJson("it nests too deeply") from None


def _integer_or_refusal(digits: str) -> int | InexactJson:
    try:
        _integer(digits, above=2 * _BITS)
    except InexactJson as refusal:
        return refusal
    return int(digits)


def _integer(digits: str, above: int = _BITS) -> int:
    if len(digits) > _LONGEST or not -_BITS <= int(digits) < above:
        raise InexactJson(f"the number {digits[:_LONGEST]} needs more than 64 bits: quote it to make it text")
    return 0


def _members(pairs: list[tuple[str, object]]) -> None:
    seen: set[str] = set()
    for name, _ in pairs:
        if name in seen:
            raise InexactJson(f"the key {name[:80]!r} stands there twice")
        seen.add(name)
