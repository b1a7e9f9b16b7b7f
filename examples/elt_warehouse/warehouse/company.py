"""A made-up company: what its systems would export."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import date, timedelta

from warehouse.tables import TABLES

Row = tuple[object, ...]

REGIONS = ("AFRICA", "AMERICA", "ASIA", "EUROPE", "MIDDLE EAST")
SEGMENTS = ("AUTOMOBILE", "BUILDING", "FURNITURE", "HOUSEHOLD", "MACHINERY")
FIRST_DAY = date(1995, 1, 1)
DAYS = 3 * 365


class Company:
    """All rows follow from the seed and the scale; 1 is six million order lines."""

    def __init__(self, scale: float, seed: int) -> None:
        self._chance = random.Random(seed)
        self.suppliers = max(5, round(10_000 * scale))
        self.customers = max(10, round(150_000 * scale))
        self.parts = max(10, round(200_000 * scale))
        self.orders = max(20, round(1_500_000 * scale))

    def tables(self) -> Iterator[tuple[str, list[Row]]]:
        """Every table with its rows, in the order of `TABLES`."""
        orders, lines = self._sold()
        rows: dict[str, list[Row]] = {
            "region": [(key, name) for key, name in enumerate(REGIONS)],
            "nation": [(key, f"NATION {key:02}", key % len(REGIONS)) for key in range(25)],
            "supplier": [(key, f"Supplier {key}", self._nation()) for key in range(self.suppliers)],
            "customer": [
                (key, f"Customer {key}", self._nation(), self._chance.choice(SEGMENTS))
                for key in range(self.customers)
            ],
            "part": [(key, f"Part {key}", self._amount(90_000)) for key in range(self.parts)],
            "partsupp": [
                (key, (key + turn) % self.suppliers, self._amount(50_000))
                for key in range(self.parts)
                for turn in range(2)
            ],
            "orders": orders,
            "lineitem": lines,
        }
        return ((name, rows[name]) for name in TABLES)

    def _sold(self) -> tuple[list[Row], list[Row]]:
        orders: list[Row] = []
        lines: list[Row] = []
        for key in range(self.orders):
            day = FIRST_DAY + timedelta(days=self._chance.randrange(DAYS))
            orders.append((key, self._chance.randrange(self.customers), day.isoformat()))
            lines += [self._line(key, line, day) for line in range(self._chance.randint(1, 7))]
        return orders, lines

    def _line(self, order: int, line: int, day: date) -> Row:
        chance = self._chance
        quantity = chance.randint(1, 50)
        shipped = day + timedelta(days=chance.randint(1, 120))
        part = chance.randrange(self.parts)
        supplier = (part + chance.randrange(2)) % self.suppliers
        returned = chance.choice("ANR")
        price = self._amount(100_000)
        return order, line, part, supplier, quantity, price, chance.randint(0, 10), returned, shipped

    def _nation(self) -> int:
        return self._chance.randrange(25)

    def _amount(self, most: int) -> str:
        value = self._chance.randint(100, most * 10)
        return f"{value // 100}.{value % 100:02}"
