"""The files that are there now."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

from logs.counters import count


def handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    """Name, path and content hash of every file, by name."""
    count("list_files")
    folder = Path(event["folder"])
    paths = sorted(folder.glob("*.log.gz"))
    if not paths:
        raise FileNotFoundError(f"no *.log.gz in {folder.absolute()}: python data/generate.py makes some")
    return {"files": [_file(path) for path in paths]}


def _file(path: Path) -> dict[str, str]:
    return {"name": path.name, "path": str(path), "sha256": hashlib.sha256(path.read_bytes()).hexdigest()}
