"""Add the counts of all files."""

from __future__ import annotations

from collections import Counter
from typing import Any

from logs.counters import count


def handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    """Totals over the files that were taken in."""
    count("merge")
    hours, statuses = Counter[str](), Counter[str]()
    for part in event["parts"]:
        hours.update(part["hours"])
        statuses.update(part["statuses"])
    return {
        "files": [part["name"] for part in event["parts"]],
        "bytes": sum(part["bytes"] for part in event["parts"]),
        "hours": dict(sorted(hours.items())),
        "statuses": dict(sorted(statuses.items())),
    }
