"""What holds work back across sessions: pools and maintenance."""

from __future__ import annotations

from datetime import datetime

from bunsui.core.models.base import Model, Record


class Hold(Model):
    """A job run or item run that has units of pools, or waits for them. `units` is by pool.

    `more` is a map job that has some and waits for those of another place.
    """

    session_id: str
    run_id: str
    attempt: int
    job: str
    item: str = ""
    units: dict[str, int]
    since: datetime
    more: bool = False

    @property
    def owner(self) -> tuple[str, str, int]:
        """The attempt that it belongs to."""
        return self.session_id, self.run_id, self.attempt

    @property
    def identity(self) -> tuple[str, str, int, str, str, bool]:
        """What tells it from all others."""
        return (*self.owner, self.job, self.item, self.more)


class Pool(Record):
    """A limit that all sessions of a profile share. `size` is in units, `waiting` in order of coming."""

    profile: str
    name: str
    size: int
    holding: tuple[Hold, ...] = ()
    waiting: tuple[Hold, ...] = ()

    @property
    def free(self) -> int:
        """Units that nobody has; negative where the pool was made smaller while they were taken."""
        return self.size - sum(hold.units[self.name] for hold in self.holding)


class Maintenance(Record):
    """Whether a profile is in maintenance, since when, by whom and why: then nothing new begins."""

    profile: str
    on: bool
    by: str
    at: datetime
    reason: str = ""
