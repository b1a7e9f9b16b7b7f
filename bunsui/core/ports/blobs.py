"""Large values: checkpoints, inputs, definitions."""

from __future__ import annotations

from typing import Protocol


class Blobs(Protocol):
    """Content-addressed bytes: a key is the SHA-256 of what it holds."""

    async def put(self, data: bytes) -> str:
        """Store durably and return the key. Raises StoreFull."""
        ...

    async def get(self, key: str) -> bytes:
        """The bytes. Raises NotFound, StoreCorrupt when they do not hash to the key."""
        ...

    def location(self, key: str) -> tuple[str, str]:
        """Bucket and object key under which a state machine reads it."""
        ...

    async def has(self, key: str) -> bool:
        """Whether it is there."""
        ...
