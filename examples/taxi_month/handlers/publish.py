"""Put the totals of the month together."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from taxi.calls import count
from taxi.files import read_json, save_json
from taxi.money import spelled, total

REASONS = ("outside_month", "unknown_zone", "bad_fare")


def handler(event: dict[str, Any], context: object) -> dict[str, str]:
    """Write the totals; where they are."""
    count("publish")
    zones = read_json(event["by_zone"])
    totals = {
        "month": event["month"],
        "trips": sum(row["trips"] for row in zones),
        "fare_amount": spelled(total(Decimal(row["fare_amount"]) for row in zones)),
        "rejected": {reason: event["rejected"].get(reason, 0) for reason in REASONS},
        "by_zone": zones,
        "by_hour": read_json(event["by_hour"]),
    }
    path = save_json(f"totals-{event['month']}", totals)
    print(f"{totals['trips']} trips, {totals['fare_amount']} in fares: {path}")
    return {"totals": path}
