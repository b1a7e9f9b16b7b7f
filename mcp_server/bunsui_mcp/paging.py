"""Pages of a document that is too large for one result: every row on exactly one page.

A document is read like a text, from the first row to the last. A page begins where the one before
stopped; the plain values around its rows stand on every page, as headings do.
"""

from __future__ import annotations

from dataclasses import dataclass

import orjson

from bunsui.core.models.base import JsonValue
from bunsui.errors import UsageError
from bunsui.tools.cursor import pack, unpack

KIND = "page"
Path = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Page:
    """Part of a document; `cursor` gets the next one, None on the last."""

    document: dict[str, JsonValue]
    cursor: str | None


def page(document: dict[str, JsonValue], cursor: str | None, limit: int) -> Page:
    """The part behind `cursor` that fits into about `limit` bytes of JSON. Raises UsageError."""
    start = _start(cursor)
    if not start and size(document) <= limit:
        return Page(document, None)
    reader = _Reader(limit)
    part = reader.mapping(document, (), start)
    stopped = reader.stopped
    return Page(part, None if stopped is None else pack(KIND, orjson.dumps(stopped).decode()))


def size(value: JsonValue) -> int:
    """Bytes of the value as JSON."""
    return len(orjson.dumps(value))


def _start(cursor: str | None) -> Path:
    if cursor is None:
        return ()
    try:
        path = orjson.loads(str(unpack(KIND, cursor, (str,))[0]))
    except orjson.JSONDecodeError:
        path = None
    if not isinstance(path, list) or not all(map(_is_step, path)):
        raise UsageError("cursor: was not given by this tool", details={"field": "cursor"})
    return tuple(path)


def _is_step(step: JsonValue) -> bool:
    return isinstance(step, str) or (isinstance(step, int) and not isinstance(step, bool) and step >= 0)


class _Reader:
    """Takes rows until the page is full, and remembers where it stopped."""

    def __init__(self, limit: int) -> None:
        self.left = limit
        self.taken = 0
        self.stopped: Path | None = None

    def mapping(self, value: dict[str, JsonValue], path: Path, start: Path) -> dict[str, JsonValue]:
        """The plain values, and of the parts those from `start` on."""
        part: dict[str, JsonValue] = {}
        begun = not start
        for key, item in value.items():
            if not isinstance(item, dict | list) or not item:
                part[key] = self._text(item)
                continue
            here = bool(start) and key == start[0]
            begun = begun or here
            if begun and self.stopped is None:
                part[key] = self._part(item, (*path, key), start[1:] if here else ())
        return part

    def _part(self, item: JsonValue, path: Path, start: Path) -> JsonValue:
        if isinstance(item, dict):
            return self.mapping(item, path, start)
        return self._rows(item, path, start) if isinstance(item, list) else self._text(item)

    def _rows(self, rows: list[JsonValue], path: Path, start: Path) -> list[JsonValue]:
        first = start[0] if start and isinstance(start[0], int) else 0
        part: list[JsonValue] = []
        for index in range(first, len(rows)):
            inside = start[1:] if start and index == first else ()
            row, length = rows[index], size(rows[index])
            if not inside and length <= self.left:
                self.left -= length
                self.taken += 1
                part.append(row)
            elif not inside and self.taken:
                self.stopped = (*path, index)
                break
            else:
                part.append(self._part(row, (*path, index), inside))
                self.taken += 1
            if self.stopped is not None:
                break
        return part

    def _text(self, value: JsonValue) -> JsonValue:
        """A plain value; a text longer than a whole page is cut, with a mark."""
        if isinstance(value, str) and len(value) > max(self.left, 1_000):
            value = f"{value[: max(self.left, 1_000)]}… (cut: {len(value)} characters)"
        self.left -= size(value)
        return value
