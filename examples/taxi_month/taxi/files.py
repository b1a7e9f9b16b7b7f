"""Files that jobs hand to each other, named by their content.

A file is complete before it gets its name, and is never changed afterwards. So a job that runs twice
gives the same file, and no run can spoil what another one still reads.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
import os
import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, BinaryIO

OUT = Path(__file__).resolve().parent.parent / "out"


def save(stem: str, suffix: str, write: Callable[[BinaryIO], object]) -> str:
    """Keep what `write` writes under a name made of `stem` and its hash; the absolute path."""
    OUT.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=OUT, prefix=".")
    scratch = Path(name)
    try:
        with os.fdopen(handle, "w+b") as file:
            write(file)
            file.flush()
            os.fsync(file.fileno())
            file.seek(0)
            content = hashlib.file_digest(file, "sha256").hexdigest()
        path = OUT / f"{stem}-{content[:16]}{suffix}"
        scratch.chmod(0o644)
        scratch.replace(path)
    except BaseException:
        scratch.unlink(missing_ok=True)
        raise
    return str(path)


def save_copy(stem: str, source: str | Path) -> str:
    """Keep a copy of a file."""
    with Path(source).open("rb") as file:
        return save(stem, Path(source).suffix, lambda scratch: shutil.copyfileobj(file, scratch))


def save_rows(stem: str, columns: list[str], rows: Iterable[Mapping[str, object]]) -> str:
    """Keep rows as CSV."""

    def write(scratch: BinaryIO) -> None:
        text = io.TextIOWrapper(scratch, encoding="utf-8", newline="", write_through=True)
        table = csv.writer(text, lineterminator="\n")
        table.writerow(columns)
        table.writerows([row[column] for column in columns] for row in rows)
        text.detach()

    return save(stem, ".csv", write)


def save_json(stem: str, value: object) -> str:
    """Keep a JSON value, in one byte form."""
    content = json.dumps(value, indent=2, ensure_ascii=False) + "\n"
    return save(stem, ".json", lambda scratch: scratch.write(content.encode()))


def read_rows(path: str | Path) -> Iterator[dict[str, str]]:
    """The rows of a CSV file; names of columns and values without white space around them."""
    with Path(path).open(encoding="utf-8-sig", newline="") as file:
        rows = csv.reader(file)
        columns = [column.strip() for column in next(rows, [])]
        for row in rows:
            if row:
                yield dict(zip(columns, (value.strip() for value in row), strict=False))


def read_json(path: str | Path) -> Any:
    """A JSON value."""
    return json.loads(Path(path).read_text(encoding="utf-8"))
