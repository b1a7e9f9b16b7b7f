"""Scalars of YAML 1.2's core schema: `yes` and `12:30` are text, as they look.

A number with leading zeros is refused: it is 8 or 10 or a text of three digits, depending on who reads `010`.
"""

from __future__ import annotations

import math
import re

from bunsui.core.models.base import JsonValue

__all__ = ["ScalarError", "scalar"]

_NULL = frozenset({"", "~", "null", "Null", "NULL"})
_BOOLEAN = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
_INTEGER = re.compile(r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+", re.ASCII)
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?", re.ASCII)
_LEADING_ZERO = re.compile(r"[-+]?0[0-9]+(?:\.[0-9]*)?(?:[eE][-+]?[0-9]+)?", re.ASCII)
_NO_NUMBER = re.compile(r"[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)")
_CORE = "tag:yaml.org,2002:"
_WIDEST = 1 << 63
_LONGEST = 25


class ScalarError(ValueError):
    """A scalar that has no JSON value."""


def scalar(text: str, tag: str | None, *, plain: bool) -> JsonValue:
    """The value of a scalar. `plain` says that it stands without quotes. Raises ScalarError."""
    if any("\ud800" <= char <= "\udfff" for char in text):
        raise ScalarError("half of a surrogate pair is no text")
    if tag is None:
        return _plain(text) if plain else text
    if tag in {"!", f"{_CORE}str"}:
        return text
    value = _plain(text)
    if not tag.startswith(_CORE) or not _is(value, tag.removeprefix(_CORE)):
        raise ScalarError(f"the tag {_short(tag)} has no meaning here")
    return value


def _plain(text: str) -> JsonValue:
    if text in _NULL:
        return None
    if text in _BOOLEAN:
        return _BOOLEAN[text]
    if _LEADING_ZERO.fullmatch(text):
        raise ScalarError("could be octal, decimal or text: quote it, or leave out the leading zero")
    if _INTEGER.fullmatch(text):
        return _integer(text)
    if _FLOAT.fullmatch(text):
        return _finite(float(text))
    if _NO_NUMBER.fullmatch(text):
        raise ScalarError("JSON has no infinity and no NaN: quote it to make it text")
    return text


def _integer(text: str) -> int:
    base = {"0o": 8, "0x": 16}.get(text[:2], 10)
    value = int(text, base) if len(text) <= _LONGEST else _WIDEST
    if not -_WIDEST <= value < _WIDEST:
        raise ScalarError("the number needs more than 64 bits: quote it to make it text")
    return value


def _finite(value: float) -> float:
    if not math.isfinite(value):
        raise ScalarError("the number is too large: quote it to make it text")
    return value


def _is(value: JsonValue, name: str) -> bool:
    if name == "float":
        return isinstance(value, (int, float)) and not isinstance(value, bool)
    kinds = {"null": type(None), "bool": bool, "int": int}
    return type(value) is kinds.get(name)


def _short(tag: str) -> str:
    return tag.replace(_CORE, "!!")
