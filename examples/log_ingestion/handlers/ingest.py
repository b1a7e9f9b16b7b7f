"""Count the requests of one file."""

from __future__ import annotations

import gzip
from collections import Counter
from typing import Any

from logs.counters import count
from logs.lines import requests


def handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    """The requests of a file by hour and by status, and their bytes."""
    count(f"ingest {event['name']}")
    hours, statuses, size = Counter[str](), Counter[str](), 0
    with gzip.open(event["path"], "rt", encoding="utf-8") as file:
        for request in requests(file):
            hours[request.hour] += 1
            statuses[request.status] += 1
            size += request.size
    print(f"{event['name']}: {hours.total()} requests, {size} bytes")
    count(f"ingested {event['name']}")
    return {"name": event["name"], "hours": dict(hours), "statuses": dict(statuses), "bytes": size}
