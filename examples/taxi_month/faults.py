"""Put a fault into this copy of the project, and take it out again.

python faults.py list
python faults.py apply NAME
python faults.py clear
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent


@dataclass(frozen=True)
class Fault:
    """A change of one file: `before` is replaced by `after`."""

    summary: str
    file: str
    before: str
    after: str


FETCH = '    path = save_copy("trips", event["source"])\n'
UNAVAILABLE = """\
    with open("failures.log", "ab") as failures:
        answered = {condition} and failures.tell() < 3 and failures.write(b"x")
    if answered:
        raise ConnectionError("503 Service Unavailable")
"""
FAULTS = {
    "memory": Fault(
        "enrich needs some 800 MiB: with less than 1024 it is killed and exits with 137",
        "enrich.py",
        '    zones = zones_of(task["zones"])\n',
        '    zones = zones_of(task["zones"])\n'
        "    index = bytearray(800 * 1024 * 1024)\n"
        '    index[::4096] = b"1" * len(index[::4096])\n',
    ),
    "lost-rows": Fault(
        "clean drops valid rows, so that quality fails",
        "clean.py",
        '    path = save_rows("clean", COLUMNS, rows)\n',
        '    path = save_rows("clean", COLUMNS, (row for row in rows if row["hour"] != 12))\n',
    ),
    "unavailable": Fault(
        "fetch_trips is answered 503 three times",
        "handlers/fetch_trips.py",
        FETCH,
        UNAVAILABLE.format(condition="True") + FETCH,
    ),
    "unavailable-february": Fault(
        "fetch_trips is answered 503 three times, for February only",
        "handlers/fetch_trips.py",
        FETCH,
        UNAVAILABLE.format(condition='event["month"].endswith("-02")') + FETCH,
    ),
    "new-column": Fault(
        "the definition of agg_hourly asks for another column",
        "pipeline.yaml",
        "columns: [trips, fare_amount]",
        "columns: [trips, fare_amount, average_fare]",
    ),
}


def apply(name: str) -> None:
    """Put one fault in; one that is in stays in."""
    fault = FAULTS[name]
    path = HERE / fault.file
    text = path.read_text(encoding="utf-8")
    if fault.after not in text and fault.before not in text:
        raise SystemExit(f"{fault.file} has changed: the fault {name} does not fit any more")
    if fault.after not in text:
        path.write_text(text.replace(fault.before, fault.after), encoding="utf-8")


def clear() -> None:
    """Take all faults out."""
    for fault in FAULTS.values():
        path = HERE / fault.file
        text = path.read_text(encoding="utf-8")
        if fault.after in text:
            path.write_text(text.replace(fault.after, fault.before), encoding="utf-8")
    (HERE / "failures.log").unlink(missing_ok=True)


def main(arguments: list[str]) -> int:
    """Carry out one command; the exit status."""
    match arguments:
        case ["list"]:
            for name, fault in FAULTS.items():
                print(f"{name:12} {fault.summary}")
        case ["apply", name] if name in FAULTS:
            apply(name)
        case ["clear"]:
            clear()
        case _:
            print(__doc__, file=sys.stderr)
            return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
