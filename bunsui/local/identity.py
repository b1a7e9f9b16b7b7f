"""The clock of the machine, and new identities."""

from __future__ import annotations

import secrets
from datetime import UTC, datetime

from bunsui.core.ports.clock import Clock

_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"  # no i, l, o, u: nothing to misread


class SystemClock:
    """`Clock` on the system's time."""

    def now(self) -> datetime:
        return datetime.now(UTC)


class RandomIds:
    """`Ids` from the system's randomness."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    def session(self) -> str:
        return f"{self._clock.now():%Y%m%d}-{_random(6)}"

    def plan(self) -> str:
        return f"p-{_random(16)}"


def _random(length: int) -> str:
    return "".join(secrets.choice(_ALPHABET) for _ in range(length))
