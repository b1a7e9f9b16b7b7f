"""Where each value and key of a JSON text stands.

Only asked for once something is to be reported, and only for text that `json.loads` has accepted, so
it scans tokens without checking them again.
"""

from __future__ import annotations

import json
import re
from bisect import bisect_right

_Path = tuple[str | int, ...]

_LINE_END = re.compile(r"\r\n|\r|\n")
_BLANK = re.compile(r"[\ufeff \t\r\n]*")
_STRING = re.compile(r'"(?:[^"\\]|\\.)*"', re.DOTALL)
_SCALAR = re.compile(r"[^,\]}\s]+")
_CHARACTER = re.compile(r"\\u[dD][89abAB]..\\u[dD][c-fC-F]..|\\u....|\\.|.", re.DOTALL)


class JsonPositions:
    """Positions in one JSON text; of duplicate keys the last one counts, as in `json.loads`."""

    def __init__(self, text: str) -> None:
        self.duplicates: list[_Path] = []
        self._text = text
        self._values: dict[_Path, int] = {}
        self._keys: dict[_Path, int] = {}
        # As editors count them: other separators may stand inside of strings.
        self._lines = [0, *(end.end() for end in _LINE_END.finditer(text))]
        self._value((), _skip(text, 0))

    def value(self, path: _Path, offset: int = 0) -> tuple[int, int] | None:
        """Line and column of a value; ``offset`` counts decoded characters inside a string."""
        start = self._values.get(path)
        if start is None:
            return None
        return self._place(self._inside(start, offset) if offset and self._text[start] == '"' else start)

    def key(self, path: _Path) -> tuple[int, int] | None:
        """Line and column of the key that leads to a value."""
        start = self._keys.get(path)
        return None if start is None else self._place(start)

    def _place(self, at: int) -> tuple[int, int]:
        line = bisect_right(self._lines, at)
        return line, at - self._lines[line - 1] + 1

    def _inside(self, start: int, offset: int) -> int:
        at = start + 1
        for _ in range(offset):
            character = _CHARACTER.match(self._text, at)
            if character is None:
                break
            at = character.end()
        return at

    def _value(self, path: _Path, at: int) -> int:
        self._values[path] = at
        first = self._text[at]
        if first == "{":
            return self._object(path, _skip(self._text, at + 1))
        if first == "[":
            return self._array(path, _skip(self._text, at + 1))
        token = (_STRING if first == '"' else _SCALAR).match(self._text, at)
        return token.end() if token else len(self._text)

    def _object(self, path: _Path, at: int) -> int:
        text = self._text
        while text[at] != "}":
            name = _STRING.match(text, at)
            if name is None:
                return len(text)
            key = (*path, json.loads(name.group(), strict=False))
            if key in self._keys:
                self.duplicates.append(key)
            self._keys[key] = at
            at = self._value(key, _skip(text, _skip(text, name.end()) + 1))
            at = self._comma(at)
        return at + 1

    def _array(self, path: _Path, at: int) -> int:
        index = 0
        while self._text[at] != "]":
            at = self._comma(self._value((*path, index), at))
            index += 1
        return at + 1

    def _comma(self, at: int) -> int:
        at = _skip(self._text, at)
        return _skip(self._text, at + 1) if self._text[at] == "," else at


def _skip(text: str, at: int) -> int:
    blank = _BLANK.match(text, at)
    return blank.end() if blank else at
