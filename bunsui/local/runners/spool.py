"""Read the spool files in which runners leave their results."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zlib import crc32


@dataclass(frozen=True, slots=True, kw_only=True)
class SpoolRecord:
    """One result: `meta` as the runner wrote it, and the bytes behind it (None: the task wrote no output)."""

    meta: dict[str, Any]
    body: bytes | None


def read_record(path: Path, call_id: str) -> SpoolRecord | None:
    """Return the result of exactly this call, or None where the file is absent, torn or another call's."""
    try:
        line, _, body = path.read_bytes().partition(b"\n")
        meta = json.loads(line)
    except (OSError, ValueError):
        return None
    if not isinstance(meta, dict) or meta.get("version") != 1 or meta.get("id") != call_id:
        return None
    length = meta.get("length")
    if length != (None if length is None else len(body)):
        return None
    # Written over an earlier result, a file may hold the beginning of one and the end of the other.
    if meta.get("crc32", checksum := crc32(body)) != checksum:
        return None
    return SpoolRecord(meta=meta, body=None if length is None else body)
