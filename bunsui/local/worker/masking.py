"""Takes secrets out of what calls leave behind: results, errors, logs.

A mask has as many bytes as what it hides, so that offsets into a log that somebody follows stay right.
"""

from __future__ import annotations

import base64
import html
import json
import mmap
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote, quote_plus

import orjson

_SHORTEST = 4
"""Shorter values are no secrets worth the name, and stand in too much that is none."""

_SHORTEST_CODE = 8
"""Codes that are shorter than this are found where nobody wrote the secret."""


class Mask:
    """Hides these values, as they are and as programs commonly write them: see `_forms`."""

    def __init__(self, values: Iterable[str]) -> None:
        forms = {form for value in values if len(value) >= _SHORTEST for form in _forms(value)}
        self._hidden = sorted(forms, key=len, reverse=True)

    def data(self, data: bytes) -> bytes:
        """The same bytes with every value masked."""
        for value in self._hidden:
            data = data.replace(value, b"*" * len(value))
        return data

    def document(self, data: bytes) -> bytes:
        """The same JSON with every value masked; it stays JSON, also where a value looks like JSON itself."""
        masked = self.data(data)
        if masked == data or _is_json(masked) or not _is_json(data):
            return masked
        return json.dumps(self._inside(json.loads(data)), ensure_ascii=False).encode()

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

    def document_file(self, path: Path) -> None:
        """Mask every value in a file that holds JSON; an absent one is left alone."""
        if not self._hidden or not path.is_file():
            return
        data = path.read_bytes()
        masked = self.document(data)
        if masked != data:
            path.write_bytes(masked)

    def _inside(self, value: Any) -> Any:
        if isinstance(value, dict):
            return {self.text(key): self._inside(one) for key, one in value.items()}
        if isinstance(value, list):
            return [self._inside(one) for one in value]
        if isinstance(value, str):
            return self.text(value)
        written = json.dumps(value)
        masked = self.text(written)
        return value if masked == written else masked


def _mask_all(content: mmap.mmap, value: bytes) -> None:
    at = content.find(value)
    while at >= 0:
        content[at : at + len(value)] = b"*" * len(value)
        at = content.find(value, at + len(value))


def _is_json(data: bytes) -> bool:
    try:
        json.loads(data)
    except (ValueError, RecursionError):
        return False
    return True


def _forms(value: str) -> Iterator[bytes]:
    """The value itself, as literals of JSON and Python, in URLs and HTML, and within Base64 and hex."""
    raw = value.encode()
    texts = {orjson.dumps(value).decode()[1:-1], json.dumps(value)[1:-1]}
    nested = {json.dumps(text, ensure_ascii=ascii_)[1:-1] for text in texts for ascii_ in (True, False)}
    python = {repr(value)[1:-1], ascii(value)[1:-1], repr(raw)[2:-1]}
    written = {quote(value), quote(value, safe=""), quote_plus(value), html.escape(value)}
    yield raw
    yield from (form.encode() for form in {*texts, *nested, *python, *written})
    codes = {raw.hex(), raw.hex().upper(), *(_within_base64(raw, before) for before in range(3))}
    long = [code for code in codes if len(code) >= _SHORTEST_CODE]
    yield from (code.encode() for code in long)
    yield from (code.replace("+", "-").replace("/", "_").encode() for code in long)


def _within_base64(raw: bytes, before: int) -> str:
    """The characters that only `raw` decides where `before` bytes (modulo 3) stand before it."""
    coded = base64.b64encode(bytes(before) + raw).decode()
    return coded[-(-8 * before // 6) : 8 * (before + len(raw)) // 6]
