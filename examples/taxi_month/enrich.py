"""Add zone and borough to the trips; reject trips from nowhere and trips without a fare."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from decimal import Decimal

from taxi.calls import count
from taxi.container import read_input, write_output
from taxi.files import read_rows, save_rows
from taxi.money import amount, spelled

COLUMNS = ["hour", "location_id", "zone", "borough", "fare_amount"]
NOWHERE = 0
Zones = dict[int, dict[str, str]]


def location(text: str) -> int:
    """The zone id in a field, 0 for none: some exports write 141 as 141.0."""
    value = amount(text)
    return int(value) if value is not None and value == int(value) else NOWHERE


def zones_of(path: str) -> Zones:
    """The zone table by id; of a repeated id the first row counts."""
    zones: Zones = {}
    for row in read_rows(path):
        named = {column.lower(): value for column, value in row.items()}
        key = location(named.get("locationid", ""))
        if key != NOWHERE:
            zones.setdefault(key, {"zone": named.get("zone", ""), "borough": named.get("borough", "")})
    return zones


def rejection(row: dict[str, str], zones: Zones) -> str:
    """Why a trip does not count, or an empty text."""
    if location(row["pickup_zone"]) not in zones or location(row["dropoff_zone"]) not in zones:
        return "unknown_zone"
    fare = amount(row["fare_amount"])
    return "bad_fare" if fare is None or fare <= 0 else ""


def counted(rows: Iterable[dict[str, str]], zones: Zones, seen: Counter[str]) -> Iterator[dict[str, object]]:
    """The trips that count, with their zone; `seen` counts them all by what became of them."""
    for row in rows:
        reason = rejection(row, zones)
        seen[reason or "rows"] += 1
        if not reason:
            key = int(Decimal(row["pickup_zone"]))
            fare = spelled(Decimal(row["fare_amount"]))
            yield {"hour": row["hour"], "location_id": key, **zones[key], "fare_amount": fare}


def main() -> None:
    """Read the clean trips and the zones, write the trips that count."""
    count("enrich")
    task, seen = read_input(), Counter[str]()
    zones = zones_of(task["zones"])
    path = save_rows("enriched", COLUMNS, counted(read_rows(task["trips"]), zones, seen))
    rejected = {reason: seen[reason] for reason in ("unknown_zone", "bad_fare")}
    print(f"{seen['rows']} trips count, rejected: {rejected}")
    write_output({"path": path, "rows": seen["rows"], "rejected": rejected})


if __name__ == "__main__":
    main()
