"""Take one table out of its export."""

from __future__ import annotations

from typing import Any

from warehouse.calls import count
from warehouse.files import read_rows, save_rows
from warehouse.tables import TABLES


def handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    """Write the table with its columns typed; where it is and how many rows it has."""
    table = event["table"]
    count("extract", table)
    columns = TABLES[table]
    source = read_rows(event["path"])
    found = next(source)
    if found != list(columns):
        raise ValueError(f"table {table} has the columns {found}, not {list(columns)}")
    rows = [[read(value) for read, value in zip(columns.values(), row, strict=True)] for row in source]
    print(f"{len(rows)} rows of {table}")
    return {"table": table, "path": save_rows(table, list(columns), rows), "rows": len(rows)}
