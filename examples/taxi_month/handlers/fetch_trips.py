"""Fetch the trips."""

from __future__ import annotations

from taxi.calls import count
from taxi.files import read_rows, save_copy


def handler(event: dict[str, str], context: object) -> dict[str, object]:
    """Copy the file `event["source"]` for a month: where the copy is, and how many rows it has."""
    count("fetch_trips")
    path = save_copy("trips", event["source"])
    rows = sum(1 for _ in read_rows(path))
    print(f"fetched {rows} trips for {event['month']} from {event['source']}")
    return {"path": path, "rows": rows}
