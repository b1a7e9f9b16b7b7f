"""Export the tables of the company."""

from __future__ import annotations

from typing import Any

from warehouse.calls import count
from warehouse.company import Company
from warehouse.files import save_rows
from warehouse.tables import TABLES


def handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    """Write one CSV a table; their names and places."""
    count("gen")
    company = Company(event["scale"], event["seed"])
    return {
        "tables": [
            {"table": name, "path": save_rows(f"source-{name}", list(TABLES[name]), rows)}
            for name, rows in company.tables()
        ]
    }
