"""Make the dimensions: customers and suppliers with nation and region."""

from __future__ import annotations

import sqlite3
from typing import Any

from warehouse.calls import count
from warehouse.files import save_database

CUSTOMERS = """
    INSERT INTO customers SELECT custkey, segment, n.name, r.name
    FROM stage.customer JOIN stage.nation n USING (nationkey) JOIN stage.region r USING (regionkey)
"""
SUPPLIERS = """
    INSERT INTO suppliers SELECT suppkey, n.name, r.name
    FROM stage.supplier JOIN stage.nation n USING (nationkey) JOIN stage.region r USING (regionkey)
"""


def handler(event: dict[str, Any], context: object) -> dict[str, str]:
    """Write the dimensions; where they are."""
    count("dims")

    def fill(connection: sqlite3.Connection) -> None:
        connection.execute(
            "CREATE TABLE customers (custkey INTEGER PRIMARY KEY, segment TEXT, nation TEXT, region TEXT)"
        )
        connection.execute("CREATE TABLE suppliers (suppkey INTEGER PRIMARY KEY, nation TEXT, region TEXT)")
        connection.commit()
        connection.execute("ATTACH DATABASE ? AS stage", (event["stage"],))
        connection.execute(CUSTOMERS)
        connection.execute(SUPPLIERS)

    return {"path": save_database("dims", [event["stage"]], fill)}
