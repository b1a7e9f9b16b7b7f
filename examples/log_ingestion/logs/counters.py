"""A line for every call of a job, so that one can see what ran and what was reused."""

from __future__ import annotations

import os
from pathlib import Path

FOLDER = Path(__file__).resolve().parent.parent / "out"


def count(what: str) -> None:
    """Append a line to `calls.log`, in `BUNSUI_EXAMPLE_COUNTERS` or in `out`."""
    folder = Path(os.environ.get("BUNSUI_EXAMPLE_COUNTERS") or FOLDER)
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "calls.log").open("a", encoding="utf-8") as log:
        log.write(f"{what}\n")
