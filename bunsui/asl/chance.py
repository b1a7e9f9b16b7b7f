"""Seeded randomness of one execution: the same seed and the same draws give the same values."""

from __future__ import annotations

from hashlib import blake2b
from uuid import UUID


class Chance:
    """A counter and a seed. It holds no generator state, so that thousands of executions stay small."""

    __slots__ = ("_key", "draws")

    def __init__(self, seed: str, draws: int = 0) -> None:
        self._key = blake2b(seed.encode(), digest_size=32).digest()
        self.draws = draws

    def _bytes(self) -> bytes:
        self.draws += 1
        return blake2b(self.draws.to_bytes(8, "big"), key=self._key, digest_size=16).digest()

    def random(self) -> float:
        """The next number in [0, 1)."""
        return (int.from_bytes(self._bytes()[:7], "big") >> 3) / (1 << 53)

    def integer(self, start: int, end: int) -> int:
        """The next integer in [start, end)."""
        return start + int(self.random() * (end - start))

    def uuid(self) -> str:
        """The next version 4 UUID."""
        return str(UUID(bytes=self._bytes(), version=4))
