"""The tables of the company: their columns and types."""

from __future__ import annotations

from collections.abc import Callable, Mapping

Column = Callable[[str], int | str]


def cents(text: str) -> int:
    """An amount with two places, exactly."""
    whole, _, part = text.partition(".")
    return int(whole) * 100 + int(f"{part:0<2}"[:2])


TABLES: Mapping[str, Mapping[str, Column]] = {
    "region": {"regionkey": int, "name": str},
    "nation": {"nationkey": int, "name": str, "regionkey": int},
    "supplier": {"suppkey": int, "name": str, "nationkey": int},
    "customer": {"custkey": int, "name": str, "nationkey": int, "segment": str},
    "part": {"partkey": int, "name": str, "price": cents},
    "partsupp": {"partkey": int, "suppkey": int, "cost": cents},
    "orders": {"orderkey": int, "custkey": int, "ordered": str},
    "lineitem": {
        "orderkey": int,
        "line": int,
        "partkey": int,
        "suppkey": int,
        "quantity": int,
        "price": cents,
        "discount": int,
        "returned": str,
        "shipped": str,
    },
}
"""By name, in the order in which they are extracted. Amounts are cents, discounts per cent."""


def sql_type(column: Column) -> str:
    """How the warehouse keeps a column."""
    return "TEXT" if column is str else "INTEGER"
