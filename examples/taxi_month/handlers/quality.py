"""Check that nothing was lost on the way."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from taxi.calls import count
from taxi.files import read_json
from taxi.money import total


class QualityError(Exception):
    """The numbers do not add up."""


def handler(event: dict[str, Any], context: object) -> dict[str, int]:
    """Compare the counts of the jobs before. Raises QualityError."""
    count("quality")
    fetched, trips = int(event["fetched"]), int(event["trips"])
    rejected = sum(event["rejected"].values())
    if fetched != trips + rejected:
        raise QualityError(
            f"{fetched} rows fetched, but {trips} trips + {rejected} rejected = {trips + rejected}"
        )
    hours, zones = read_json(event["by_hour"]), read_json(event["by_zone"])
    for name, rows in (("by_hour", hours), ("by_zone", zones)):
        counted = sum(row["trips"] for row in rows)
        if counted != trips:
            raise QualityError(f"{name} has {counted} trips instead of {trips}")
    fares = [total(Decimal(row["fare_amount"]) for row in rows) for rows in (hours, zones)]
    if fares[0] != fares[1]:
        raise QualityError(f"fares differ: {fares[0]} by hour, {fares[1]} by zone")
    return {"trips": trips, "rejected": rejected}
