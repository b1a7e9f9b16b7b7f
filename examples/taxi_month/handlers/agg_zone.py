"""Trips and fares by the zone of the pickup."""

from __future__ import annotations

from taxi.calls import count
from taxi.files import read_rows, save_json
from taxi.groups import grouped
from taxi.money import spelled


def zone_of(row: dict[str, str]) -> tuple[int, str, str]:
    """Id, name and borough of the zone where the trip began."""
    return int(row["location_id"]), row["zone"], row["borough"]


def handler(event: dict[str, str], context: object) -> dict[str, str]:
    """Group the trips of `event["trips"]`."""
    count("agg_zone")
    groups = grouped(read_rows(event["trips"]), zone_of)
    rows = [
        {
            "location_id": key,
            "zone": zone,
            "borough": borough,
            "trips": group.trips,
            "fare_amount": spelled(group.fares),
        }
        for (key, zone, borough), group in groups.items()
    ]
    return {"path": save_json("by-zone", rows)}
