"""Files that jobs hand to each other: complete before they get their names, and never changed afterwards.

CSV and JSON files are named by their content, SQLite files by what they were made of. So a job that
runs twice gives the same file, and no run can spoil what another one still reads.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
import os
import sqlite3
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Self

OUT = Path(__file__).resolve().parent.parent / "out"


def save(stem: str, suffix: str, content: bytes) -> str:
    """Keep bytes under a name made of `stem` and their hash; the absolute path."""
    path = OUT / f"{stem}-{_short(content)}{suffix}"
    with _scratch() as scratch:
        scratch.path.write_bytes(content)
        scratch.keep(path)
    return str(path)


def save_rows(stem: str, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Keep rows as CSV."""
    text = io.StringIO(newline="")
    table = csv.writer(text, lineterminator="\n")
    table.writerow(columns)
    table.writerows(rows)
    return save(stem, ".csv", text.getvalue().encode())


def save_json(stem: str, value: object) -> str:
    """Keep a JSON value, in one byte form."""
    return save(stem, ".json", (json.dumps(value, indent=2, ensure_ascii=False) + "\n").encode())


def save_database(stem: str, made_of: Sequence[str], fill: Callable[[sqlite3.Connection], object]) -> str:
    """Keep a SQLite file that `fill` fills, named by the names of the files that it is made of."""
    names = "\n".join(sorted(Path(one).name for one in made_of))
    path = OUT / f"{stem}-{_short(names.encode())}.db"
    with _scratch() as scratch:
        with closing(sqlite3.connect(scratch.path)) as connection, connection:
            fill(connection)
        scratch.keep(path)
    return str(path)


def read_rows(path: str) -> Iterator[list[str]]:
    """The rows of a CSV file, the names of the columns first."""
    with Path(path).open(encoding="utf-8", newline="") as file:
        yield from csv.reader(file)


def attached(**databases: str) -> sqlite3.Connection:
    """A connection that reads several SQLite files, each under its name."""
    connection = sqlite3.connect(":memory:")
    for name, path in databases.items():
        connection.execute(f"ATTACH DATABASE ? AS {name}", (path,))
    return connection


class _scratch:  # noqa: N801 - used as a function
    """A file that vanishes unless it is kept."""

    def __enter__(self) -> Self:
        OUT.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=OUT, prefix=".")
        os.close(handle)
        self.path = Path(name)
        return self

    def keep(self, path: Path) -> None:
        """Give the file its name."""
        self.path.chmod(0o644)
        self.path.replace(path)

    def __exit__(self, *error: object) -> None:
        self.path.unlink(missing_ok=True)


def _short(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:16]
