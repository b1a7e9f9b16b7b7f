"""Make `trips.csv` and `zones.csv`: the first quarter of 2019 in a small town, the same on every machine."""

from __future__ import annotations

import csv
import random
from collections.abc import Iterable
from datetime import datetime, timedelta
from pathlib import Path

HERE = Path(__file__).resolve().parent
ZONES = [
    ("Harbour", "Waterside"),
    ("Fish Market", "Waterside"),
    ("Lighthouse", "Waterside"),
    ("Old Mill", "Riverbank"),
    ("Weir", "Riverbank"),
    ("Ferry Landing", "Riverbank"),
    ("Town Hall", "Centre"),
    ("Theatre", "Centre"),
    ("Station", "Centre"),
    ("University", "Hill"),
    ("Observatory", "Hill"),
    ("Airport", "Outskirts"),
]
COLUMNS = [
    "VendorID",
    "tpep_pickup_datetime",
    "tpep_dropoff_datetime",
    "passenger_count",
    "trip_distance",
    "PULocationID",
    "DOLocationID",
    "payment_type",
    "fare_amount",
    "tip_amount",
]
TRIPS = 900
START = datetime(2019, 1, 1)  # noqa: DTZ001 - the city writes local times without a zone


def trip(chance: random.Random) -> list[object]:
    """One trip. A few have no known zone, a few no fare."""
    begin = START + timedelta(seconds=chance.randrange(90 * 86_400))
    distance = round(0.5 + chance.expovariate(0.4), 2)
    length = timedelta(seconds=120 + round(distance * 170))
    fare = (
        f"{2.5 + 0.5 * round(distance * 5):.1f}" if chance.random() > 0.03 else chance.choice(["0.0", "-3.5"])
    )
    ids = list(range(1, len(ZONES) + 1))
    pickup, dropoff = (chance.choice(ids) if chance.random() > 0.02 else 99 for _ in range(2))
    people, payment, tip = chance.randint(1, 4), chance.randint(1, 2), chance.choice(["0.0", "1.0", "2.55"])
    return [
        chance.randint(1, 2),
        begin,
        begin + length,
        people,
        distance,
        pickup,
        dropoff,
        payment,
        fare,
        tip,
    ]


def write(name: str, rows: Iterable[Iterable[object]]) -> None:
    """Write one file."""
    with (HERE / name).open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows(rows)


def main() -> None:
    """Write both files."""
    chance = random.Random(2019)
    zones = [[number, *names] for number, names in enumerate(ZONES, 1)]
    write("zones.csv", [["LocationID", "zone", "borough"], *zones, [7, "Town Hall Annexe", "Centre"]])
    write("trips.csv", [COLUMNS, *sorted((trip(chance) for _ in range(TRIPS)), key=lambda row: str(row[1]))])


if __name__ == "__main__":
    main()
