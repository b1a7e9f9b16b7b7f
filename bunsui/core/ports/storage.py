"""What lies around: files and rows that no record refers to."""

from __future__ import annotations

from collections.abc import Collection
from typing import Protocol

from bunsui.core.models.base import Model


class Leftovers(Model):
    """Things of one kind (`logs`, `exchange`, `blobs`, …) that nothing refers to, and their bytes."""

    kind: str
    count: int
    bytes: int


class Storage(Protocol):
    """Finds and clears what nothing refers to; what is running or was just written is referred to."""

    async def survey(self, gone: Collection[str] = ()) -> list[Leftovers]:
        """What would be cleared once these sessions are gone. Changes nothing. Raises StoreError."""
        ...

    async def sweep(self) -> list[Leftovers]:
        """Clear it; what was cleared. It may be cut short and repeated. Raises StoreError."""
        ...
