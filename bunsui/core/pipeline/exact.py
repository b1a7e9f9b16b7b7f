"""Whole numbers that doubles do not keep, on their way through expressions.

JSONata calculates with doubles, so that the number of a record beyond 2^53 would come out as its neighbour.
A text stands for each while an expression is evaluated: the number goes through as it is, also into other
texts and as the name of a member; equal numbers stay equal, and in their order. Whoever calculates with one
gets an error, as with any text.
"""

from __future__ import annotations

import re
from typing import Any

import orjson

from bunsui.core.json_text import holds_inexact, kept_exactly
from bunsui.core.models.base import JsonValue

__all__ = ["shown", "stand_ins"]

_ABOVE_ALL = 10**20
"""More than any number that a record holds."""
# Private characters, which stand for nothing in anybody's text.
_STAND_IN = re.compile("\ue000(\\d{21})\ue001")


def stand_ins(variables: dict[str, Any]) -> dict[str, Any] | None:
    """The variables with a text for each such number; None where there is none."""
    if not holds_inexact(variables, orjson.dumps(variables)):
        return None
    return {name: _with_stand_ins(value) for name, value in variables.items()}


def shown(value: JsonValue) -> JsonValue:
    """The value with the numbers again that the texts stand for."""
    if isinstance(value, str):
        found = _STAND_IN.fullmatch(value)
        return _number(found) if found else _STAND_IN.sub(lambda one: str(_number(one)), value)
    if isinstance(value, list):
        return [shown(inner) for inner in value]
    if isinstance(value, dict):
        return {str(shown(name)): shown(inner) for name, inner in value.items()}
    return value


def _with_stand_ins(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _with_stand_ins(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [_with_stand_ins(inner) for inner in value]
    if isinstance(value, int) and not kept_exactly(value):
        # Above zero and of one length, so that texts are in the order of their numbers.
        return f"\ue000{value + _ABOVE_ALL:021d}\ue001"
    return value


def _number(found: re.Match[str]) -> int:
    return int(found[1]) - _ABOVE_ALL
