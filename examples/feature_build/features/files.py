"""Files that jobs hand each other: JSON lines in `out`, named by their content and never changed."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

OUT = Path(__file__).resolve().parent.parent / "out"
Row = dict[str, Any]


def save(name: str, rows: Iterable[Row]) -> str:
    """Write rows and give the path. The same rows always have the same path and the same bytes."""
    data = "".join(f"{json.dumps(row, sort_keys=True)}\n" for row in rows).encode()
    OUT.mkdir(exist_ok=True)
    path = OUT / f"{name}-{hashlib.sha256(data).hexdigest()[:16]}.jsonl"
    if not path.exists():
        scratch = path.with_name(f".{path.name}.{os.getpid()}")
        scratch.write_bytes(data)
        scratch.replace(path)
    return str(path)


def read(path: str) -> list[Row]:
    """The rows of a file."""
    return [json.loads(line) for line in Path(path).read_text(encoding="utf-8").splitlines()]
