"""Put both kinds of features together, by the id of the event."""

from __future__ import annotations

from typing import Any

from features.calls import count
from features.files import read, save


def handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    """Rows with all features, for both parts."""
    count("join")
    return {part: save(f"joined-{part}", _joined(event, part)) for part in ("train", "test")}


def _joined(event: dict[str, Any], part: str) -> list[dict[str, Any]]:
    others = {row["id"]: row for row in read(event["b"][part])}
    return [{**row, **others[row["id"]]} for row in read(event["a"][part])]
