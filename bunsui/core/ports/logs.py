"""What operations print, per try."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class LogChunk:
    """Bytes of a log from `offset` on; `end` is the offset behind them."""

    data: bytes
    offset: int
    end: int


class Logs(Protocol):
    """Logs by the key that `Try.log` names. They grow while the operation runs."""

    async def read(self, key: str, *, offset: int = 0, limit: int = 1 << 20) -> LogChunk:
        """Bytes from an offset on (a negative one counts from the end). An absent log is empty."""
        ...
