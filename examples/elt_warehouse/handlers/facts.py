"""Make the facts: order lines with customer, day and revenue in cents."""

from __future__ import annotations

import sqlite3
from typing import Any

from warehouse.calls import count
from warehouse.files import save_database


def handler(event: dict[str, Any], context: object) -> dict[str, str]:
    """Write the facts; where they are."""
    count("facts")

    def fill(connection: sqlite3.Connection) -> None:
        connection.execute(
            "CREATE TABLE sales (orderkey INTEGER, custkey INTEGER, suppkey INTEGER, ordered TEXT,"
            " quantity INTEGER, price INTEGER, discount INTEGER, returned TEXT, revenue INTEGER)"
        )
        connection.commit()
        connection.execute("ATTACH DATABASE ? AS stage", (event["stage"],))
        connection.execute(
            "INSERT INTO sales"
            " SELECT orderkey, custkey, suppkey, ordered, quantity, price, discount, returned,"
            " price * (100 - discount) / 100 FROM stage.lineitem JOIN stage.orders USING (orderkey)"
            " ORDER BY orderkey, line"
        )

    return {"path": save_database("facts", [event["stage"]], fill)}
