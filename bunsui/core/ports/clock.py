"""Time and identities: the two things that pure code cannot make."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol


class Clock(Protocol):
    """The only source of the time of day."""

    def now(self) -> datetime:
        """Now, aware, in UTC."""
        ...


class Ids(Protocol):
    """Source of new identities, unguessable where it matters."""

    def session(self) -> str:
        """A session id: `YYYYMMDD-` and six characters, sorted by day."""
        ...

    def plan(self) -> str:
        """A plan id: `p-` and 16 random characters."""
        ...
