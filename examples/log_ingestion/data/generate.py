"""Make access logs of a few web servers, the same on every machine.

python data/generate.py [--files 200] [--late 0] [--folder data/incoming]

Every eighth server writes the newer format, which has the time that the request took behind it.
"""

from __future__ import annotations

import argparse
import gzip
import random
from pathlib import Path

HERE = Path(__file__).resolve().parent
LINES = 60
PATHS = ("/", "/about", "/login", "/api/orders", "/api/orders/17", "/static/app.js", "/favicon.ico")
STATUSES = (200, 200, 200, 200, 200, 204, 301, 304, 404, 500)
NEWER = 8


def name_of(number: int) -> str:
    """The name of a file: server and day."""
    return f"web{number % 20:02}-2026-01-{1 + number // 20:02}.log.gz"


def lines_of(number: int) -> str:
    """The log of one server and day."""
    random_ = random.Random(f"log-{number}")
    newer = number % NEWER == NEWER - 1
    return "".join(_line(number, random_, newer=newer) for _ in range(LINES))


def _line(number: int, random_: random.Random, *, newer: bool) -> str:
    host = f"192.0.2.{random_.randrange(1, 255)}"
    hour, minute, second = random_.randrange(24), random_.randrange(60), random_.randrange(60)
    at = f"{1 + number // 20:02}/Jan/2026:{hour:02}:{minute:02}:{second:02} +0000"
    status, size = random_.choice(STATUSES), random_.randrange(200, 20_000)
    took = f" {random_.randrange(1, 900)}ms" if newer else ""
    return f'{host} - - [{at}] "GET {random_.choice(PATHS)} HTTP/1.1" {status} {size}{took}\n'


def write(folder: Path, number: int) -> None:
    """One file, with nothing in it that depends on when it was made."""
    data = gzip.compress(lines_of(number).encode(), mtime=0)
    (folder / name_of(number)).write_bytes(data)


def main() -> None:
    """Make the files."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--files", type=int, default=200)
    parser.add_argument("--late", type=int, default=0, help="further files, as if they came later")
    parser.add_argument("--folder", type=Path, default=HERE / "incoming")
    given = parser.parse_args()
    given.folder.mkdir(parents=True, exist_ok=True)
    for number in range(given.files + given.late):
        if not (given.folder / name_of(number)).exists():
            write(given.folder, number)


if __name__ == "__main__":
    main()
