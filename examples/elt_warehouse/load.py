"""Load all tables into the staging area: one SQLite file."""

from __future__ import annotations

import json
import os
import sqlite3
from pathlib import Path
from typing import Any

from warehouse.calls import count
from warehouse.files import read_rows, save_database
from warehouse.tables import TABLES, sql_type


def load(connection: sqlite3.Connection, table: str, path: str) -> None:
    """Make one table and fill it."""
    columns = ", ".join(f"{name} {sql_type(column)} NOT NULL" for name, column in TABLES[table].items())
    connection.execute(f"CREATE TABLE {table} ({columns})")
    rows = read_rows(path)
    next(rows)
    marks = ", ".join("?" * len(TABLES[table]))
    connection.executemany(f"INSERT INTO {table} VALUES ({marks})", rows)


def main() -> None:
    """Read the list of tables, write the staging area."""
    count("load")
    tables: list[dict[str, Any]] = json.loads(Path(os.environ["BUNSUI_INPUT"]).read_text(encoding="utf-8"))[
        "tables"
    ]

    def fill(connection: sqlite3.Connection) -> None:
        for one in tables:
            load(connection, one["table"], one["path"])

    path = save_database("stage", [one["path"] for one in tables], fill)
    Path(os.environ["BUNSUI_OUTPUT"]).write_text(json.dumps({"path": path}), encoding="utf-8")
    print(f"{sum(one['rows'] for one in tables)} rows: {path}")


if __name__ == "__main__":
    main()
