"""Plans of stop and accept, and what the use cases hand back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Generic, TypeVar

from bunsui.core.models.base import Model

P = TypeVar("P", bound=Model)


class StopPlan(Model):
    """What a stop ends: for every running attempt (`run/number`) its jobs that have not ended."""

    session_id: str
    attempts: dict[str, tuple[str, ...]]

    @property
    def empty(self) -> bool:
        """Whether nothing is running."""
        return not self.attempts


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
