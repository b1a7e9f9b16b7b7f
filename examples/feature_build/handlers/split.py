"""Split events into those to learn from and those to be judged by."""

from __future__ import annotations

from typing import Any

from features.calls import count
from features.files import read, save


def handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    """Every fifth event is for the test."""
    count("split")
    rows = read(event["events"])
    return {
        "train": save("train", (row for row in rows if row["id"] % 5)),
        "test": save("test", (row for row in rows if not row["id"] % 5)),
    }
