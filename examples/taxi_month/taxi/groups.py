"""Trips and fares added up by some key."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from decimal import Decimal
from typing import TypeVar

from taxi.money import EXACT

K = TypeVar("K", int, tuple[int, str, str])


class Group:
    """Number and fares of some trips."""

    def __init__(self) -> None:
        self.trips = 0
        self.fares = Decimal(0)

    def add(self, fare: Decimal) -> None:
        """Count one more trip."""
        self.trips += 1
        self.fares = EXACT.add(self.fares, fare)


def grouped(rows: Iterable[dict[str, str]], key: Callable[[dict[str, str]], K]) -> dict[K, Group]:
    """Groups by key, sorted."""
    groups: dict[K, Group] = {}
    for row in rows:
        groups.setdefault(key(row), Group()).add(Decimal(row["fare_amount"]))
    return dict(sorted(groups.items()))
