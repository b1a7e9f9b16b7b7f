"""Trips and fares by the hour of the pickup."""

from __future__ import annotations

from typing import Any

from taxi.calls import count
from taxi.files import read_rows, save_json
from taxi.groups import Group, grouped
from taxi.money import spelled


def column(group: Group, name: str) -> object:
    """The value of a column for one hour."""
    if name == "average_fare":
        return f"{group.fares / group.trips:.2f}"
    return {"trips": group.trips, "fare_amount": spelled(group.fares)}[name]


def handler(event: dict[str, Any], context: object) -> dict[str, str]:
    """Group the trips of `event["trips"]`, with the columns of `event["columns"]`."""
    count("agg_hourly")
    groups = grouped(read_rows(event["trips"]), lambda row: int(row["hour"]))
    columns: list[str] = event["columns"]
    rows = [
        {"hour": hour, **{name: column(group, name) for name in columns}} for hour, group in groups.items()
    ]
    return {"path": save_json("by-hour", rows)}
