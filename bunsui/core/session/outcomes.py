"""Plans of stop, pause, maintenance and accept, and what the use cases hand back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Generic, TypeVar

from bunsui.core.models.base import Model

P = TypeVar("P", bound=Model)


class StopPlan(Model):
    """What a stop ends: for every running attempt (`run/number`) its jobs that have not ended.

    `gives_up` says that the session has failed and is now counted as stopped, which frees its key.
    """

    session_id: str
    attempts: dict[str, tuple[str, ...]]
    gives_up: bool = False

    @property
    def empty(self) -> bool:
        """Whether there is nothing to stop."""
        return not self.attempts and not self.gives_up

    @property
    def lines(self) -> tuple[str, ...]:
        """The plan in words."""
        ends = [f"{attempt}: ends {', '.join(jobs)}" for attempt, jobs in self.attempts.items()]
        return (*ends, "gives the failed session up, and its key free") if self.gives_up else tuple(ends)


class PausePlan(Model):
    """Whether a session is to be paused, or to go on; `empty` where it is so already."""

    session_id: str
    pause: bool
    reason: str = ""
    empty: bool = False


class MaintenancePlan(Model):
    """Whether the maintenance of a profile begins or ends; `empty` where it is so already."""

    profile: str
    on: bool
    reason: str = ""
    empty: bool = False


class AcceptPlan(Model):
    """The stale jobs (`run/job`) whose results are taken as good."""

    session_id: str
    jobs: tuple[str, ...]
    reason: str

    @property
    def empty(self) -> bool:
        """Whether nothing is stale."""
        return not self.jobs


@dataclass(frozen=True, slots=True)
class Done(Generic[P]):
    """What was carried out, and on which session."""

    session_id: str
    plan: P
