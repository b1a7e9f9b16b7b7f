"""Keep the trips of the month, with the columns that count."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import datetime

from taxi.calls import count
from taxi.container import read_input, write_output
from taxi.files import read_rows, save_rows

COLUMNS = ["hour", "pickup_zone", "dropoff_zone", "fare_amount"]


def pickup_of(row: dict[str, str]) -> datetime | None:
    """When the trip began: yellow and green cabs call it differently."""
    text = row.get("tpep_pickup_datetime") or row.get("lpep_pickup_datetime") or ""
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return None


def of_month(rows: Iterable[dict[str, str]], month: str, seen: Counter[str]) -> Iterator[dict[str, object]]:
    """The rows that go on; `seen` counts all of them, and those that do not go on by their reason."""
    for row in rows:
        seen["rows"] += 1
        pickup = pickup_of(row)
        if pickup is None or f"{pickup:%Y-%m}" != month:
            seen["outside_month"] += 1
            continue
        yield {
            "hour": pickup.hour,
            "pickup_zone": row.get("PULocationID", ""),
            "dropoff_zone": row.get("DOLocationID", ""),
            "fare_amount": row.get("fare_amount", ""),
        }


def main() -> None:
    """Read the trips, write the clean ones."""
    count("clean")
    task, seen = read_input(), Counter[str]()
    rows = of_month(read_rows(task["trips"]), task["month"], seen)
    path = save_rows("clean", COLUMNS, rows)
    kept = seen["rows"] - seen["outside_month"]
    print(f"{kept} of {seen['rows']} trips are of {task['month']}")
    write_output({"path": path, "rejected": {"outside_month": seen["outside_month"]}})


if __name__ == "__main__":
    main()
