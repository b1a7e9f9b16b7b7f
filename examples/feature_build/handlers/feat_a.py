"""How many pages, and for how long: scaled to about one."""

from __future__ import annotations

from typing import Any

from features.calls import count
from features.files import read, save


def handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    """Features of both parts."""
    count("feat_a")
    return {part: save(f"a-{part}", map(_features, read(event[part]))) for part in ("train", "test")}


def _features(row: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": row["id"],
        "label": row["label"],
        "count": row["pages"] / 15 - 1,
        "length": row["seconds"] / 450 - 1,
    }
