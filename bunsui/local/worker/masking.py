"""Takes secrets out of what calls leave behind: results, errors, logs.

A mask has as many bytes as what it hides, so that offsets into a log that somebody follows stay right.
"""

from __future__ import annotations

import mmap
from collections.abc import Iterable
from pathlib import Path

import orjson

_SHORTEST = 4
"""Shorter values are no secrets worth the name, and stand in too much that is none."""


class Mask:
    """Hides these values, as they are and as JSON writes them."""

    def __init__(self, values: Iterable[str]) -> None:
        forms = {form for value in values if len(value) >= _SHORTEST for form in _forms(value)}
        self._hidden = sorted(forms, key=len, reverse=True)

    def data(self, data: bytes) -> bytes:
        """The same bytes with every value masked."""
        for value in self._hidden:
            data = data.replace(value, b"*" * len(value))
        return data

    def text(self, text: str) -> str:
        """The same text with every value masked."""
        return self.data(text.encode()).decode() if self._hidden else text

    @property
    def hides(self) -> bool:
        """Whether there is anything to hide."""
        return bool(self._hidden)

    def file(self, path: Path) -> None:
        """Mask every value in a file, in place; an absent one is left alone."""
        if not self._hidden or not path.is_file() or path.stat().st_size == 0:
            return
        with path.open("r+b") as file, mmap.mmap(file.fileno(), 0) as content:
            for value in self._hidden:
                _mask_all(content, value)


def _mask_all(content: mmap.mmap, value: bytes) -> None:
    at = content.find(value)
    while at >= 0:
        content[at : at + len(value)] = b"*" * len(value)
        at = content.find(value, at + len(value))


def _forms(value: str) -> tuple[bytes, bytes]:
    return value.encode(), orjson.dumps(value)[1:-1]
