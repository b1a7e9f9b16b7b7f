"""Lines of logs that may still grow: decoded, stripped, redacted, capped."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass

from bunsui.core.ports.logs import Logs
from bunsui.tools.text import untrusted

CHUNK = 1 << 18
LINE_CHARACTERS = 4_000
LONGEST = 1 << 16
"""Bytes after which a line without an end is cut, so that one endless line cannot hold up a log."""


@dataclass(frozen=True, slots=True)
class Line:
    """A line without its end; `end` is the byte offset behind it."""

    text: str
    end: int


async def lines(logs: Logs, key: str, offset: int, *, ended: bool) -> AsyncIterator[Line]:
    """The lines from an offset on. An unfinished last line comes only where the log has `ended`."""
    rest, at = b"", offset
    while (chunk := await logs.read(key, offset=at + len(rest), limit=CHUNK)).data:
        whole = rest + chunk.data
        complete, rest = _split(whole)
        for raw in complete:
            at += len(raw)
            yield Line(shown(raw), at)
    if rest and ended:
        yield Line(shown(rest), at + len(rest))


async def tail_offset(logs: Logs, key: str, count: int) -> int:
    """Where the last `count` lines begin."""
    size = CHUNK
    while True:
        chunk = await logs.read(key, offset=-size, limit=size)
        begins = _begins(chunk.data, count)
        if begins > 0 or chunk.offset == 0:
            return chunk.offset + begins
        size *= 4


def shown(raw: bytes) -> str:
    """A line as data for people and models."""
    return untrusted(raw.decode("utf-8", "replace").rstrip("\r\n"), LINE_CHARACTERS).replace("\n", " ")


def _split(data: bytes) -> tuple[list[bytes], bytes]:
    parts = data.split(b"\n")
    complete, rest = [part + b"\n" for part in parts[:-1]], parts[-1]
    while len(rest) > LONGEST:
        complete.append(rest[:LONGEST])
        rest = rest[LONGEST:]
    return complete, rest


def _begins(data: bytes, count: int) -> int:
    """Offset in `data` at which its last `count` lines begin; 0 where it holds fewer."""
    at = len(data) - 1 if data.endswith(b"\n") else len(data)
    for _ in range(count):
        at = data.rfind(b"\n", 0, at)
        if at < 0:
            return 0
    return at + 1
