"""Whole numbers that doubles do not keep, on their way through expressions.

JSONata calculates with doubles, so that the number of a record beyond 2^53 would come out as its neighbour.
An expression that reads one is evaluated twice: once with a text for each such number, which nobody can
calculate with, and once with a double for each, another one for every number. Equal numbers stay equal both
times, and in their order. What comes out both times at the same place, there the text and here the double,
was handed on, and is the number. Any other difference means that the expression looked at what stands for it.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from decimal import Decimal
from typing import Any

import orjson

from bunsui.core.json_text import EXACT, holds_inexact, kept_exactly, numbers_in
from bunsui.core.models.base import JsonValue

__all__ = ["Differs", "StandIns", "stand_ins"]

_SHORTEST = len(str(EXACT))
_ABOVE_ALL = 10**20
"""More than any number that a record holds."""
# Private characters, which stand for nothing in anybody's text.
_STAND_IN = re.compile("\ue000(\\d{21})\ue001")
_IN_TEXT = re.compile('(")?\ue000(\\d{21})\ue001(?(1)")')
_DIGITS = re.compile(r"(-?)(\d{16,})", re.ASCII)


class Differs(Exception):
    """The value depends on what stood for a number."""


def stand_ins(variables: dict[str, Any]) -> StandIns | None:
    """What stands for the numbers in the variables that doubles do not keep; None where there is none."""
    if not holds_inexact(variables, orjson.dumps(variables)):
        return None
    return StandIns({one for one in numbers_in(variables) if isinstance(one, int) and not kept_exactly(one)})


class StandIns:
    """A text and a double for each of some numbers."""

    def __init__(self, numbers: Iterable[int]) -> None:
        self._doubles = _doubles(numbers)
        self._named = {str(number): number for number in self._doubles}

    def named_in(self, text: str) -> bool:
        """Whether a text spells one of the numbers."""
        return any(found[0] in self._named or found[2] in self._named for found in _DIGITS.finditer(text))

    def texts(self, value: Any) -> Any:
        """The value with a text for each number.

        Texts that spell one hold it too, so that `$string($jobs.a.id) = $jobs.b.name` cannot be false unseen.
        """
        if isinstance(value, str):
            return self._spelled(value) if len(value) >= _SHORTEST else value
        if isinstance(value, dict):
            return {self.texts(name): self.texts(inner) for name, inner in value.items()}
        if isinstance(value, list):
            return [self.texts(inner) for inner in value]
        return _stand_in(value) if type(value) is int and value in self._doubles else value

    def doubles(self, value: Any) -> Any:
        """The value with a double for each number."""
        if isinstance(value, dict):
            return {name: self.doubles(inner) for name, inner in value.items()}
        if isinstance(value, list):
            return [self.doubles(inner) for inner in value]
        return self._doubles.get(value, value) if type(value) is int else value

    def exact(self, text: JsonValue, double: JsonValue) -> JsonValue:
        """What an expression gives, of what it gave with texts and with doubles. Raises Differs."""
        if isinstance(text, str):
            return text if text == double else self._handed_on(text, double)
        if isinstance(text, dict) and isinstance(double, dict) and len(text) == len(double):
            pairs = zip(text.items(), double.items(), strict=True)
            return {self._text(a, b): self.exact(one, other) for (a, one), (b, other) in pairs}
        if isinstance(text, list) and isinstance(double, list) and len(text) == len(double):
            return [self.exact(one, other) for one, other in zip(text, double, strict=True)]
        if type(text) is not type(double) or text != double:
            raise Differs
        return text

    def shown(self, text: str) -> str:
        """A text for people with the numbers again that the texts stand for."""
        return _STAND_IN.sub(lambda found: str(_number(found[1])), text)

    def _handed_on(self, text: str, double: JsonValue) -> JsonValue:
        if isinstance(double, str):
            return self._text(text, double)
        found = _STAND_IN.fullmatch(text)
        number = _number(found[1]) if found else 0
        if isinstance(double, bool) or number not in self._doubles or self._doubles[number] != double:
            raise Differs
        return number

    def _text(self, text: str, double: str) -> str:
        """A text that numbers were written into; where it is JSON of `$string`, they lose their quotes."""
        if text == double:
            return text
        result, other, at, length = list[str](), list[str](), 0, 0
        for found in _IN_TEXT.finditer(text):
            before = text[at : found.start()]
            at = found.end()
            length += len(before)
            written = self._written(found)
            spelled = next((one for one in written if double.startswith(one, length)), None)
            if spelled is None:
                raise Differs
            length += len(spelled)
            result += (before, written[spelled])
            other += (before, spelled)
        if "".join([*other, text[at:]]) != double:
            raise Differs
        return "".join([*result, text[at:]])

    def _written(self, found: re.Match[str]) -> dict[str, str]:
        """How a number may have been written beside the text that stands for it, and how it is written."""
        number = _number(found[2])
        if number not in self._doubles:
            return {}
        spellings = (_spelling(self._doubles[number]), str(number))
        quotes = (found[1], "") if found[1] else ("",)
        return {quote + one + quote: f"{quote}{number}{quote}" for quote in quotes for one in spellings}

    def _spelled(self, text: str) -> str:
        return _DIGITS.sub(self._stand_in_for, text)

    def _stand_in_for(self, found: re.Match[str]) -> str:
        if found[0] in self._named:
            return _stand_in(self._named[found[0]])
        return found[1] + _stand_in(self._named[found[2]]) if found[2] in self._named else found[0]


def _doubles(numbers: Iterable[int]) -> dict[int, float]:
    """A double for each number: each its own, in the order of the numbers."""
    found: dict[int, float] = {}
    for sign in (1, -1):
        last = float(EXACT)
        for size in sorted(sign * number for number in numbers if sign * number > 0):
            last = found[sign * size] = max(float(size), math.nextafter(last, math.inf))
    return {number: math.copysign(double, number) for number, double in found.items()}


def _stand_in(number: int) -> str:
    # Above zero and of one length, so that texts are in the order of their numbers.
    return f"\ue000{number + _ABOVE_ALL:021d}\ue001"


def _number(digits: str) -> int:
    return int(digits) - _ABOVE_ALL


def _spelling(double: float) -> str:
    """A whole double as `$string` spells it: as few digits as tell it from its neighbours."""
    return f"{Decimal(repr(double)).normalize():f}"
