"""Plans: data that says what a tool is about to do; what a person approves."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING

from bunsui.core.models.base import JsonValue, Model, Record
from bunsui.core.models.status import Action, Reason

if TYPE_CHECKING:
    from collections.abc import Iterator


class ItemPlan(Model):
    """What happens with one item of a map job."""

    key: str
    action: Action
    reason: Reason


class ItemReuse(StrEnum):
    """Which results of items a map job keeps that runs again.

    none: every item runs. planned: the items that the plan names run. unchanged: the items are only known
    when the job begins; those whose definition, code and input are the same keep their results.
    """

    NONE = "none"
    PLANNED = "planned"
    UNCHANGED = "unchanged"


class JobPlan(Model):
    """What happens with one job, and why. `detail` names the cause of the reason (`downstream-of clean`).

    `origin` is the attempt whose result is reused. Of a map job that runs, `items` are those that run or
    are removed; `kept` counts the others, and `items_from` and `items_as` are the attempt and the name of the
    job that have their results. `stale` says why those are stale, where they are: then the job stays so.
    """

    action: Action
    reason: Reason
    detail: str = ""
    origin: int | None = None
    items: tuple[ItemPlan, ...] = ()
    reuse: ItemReuse = ItemReuse.NONE
    kept: int = 0
    items_from: int | None = None
    items_as: str = ""
    stale: str = ""


class RunPlan(Model):
    """What happens with one run: the attempt it makes (None: none) and every job."""

    id: str
    attempt: int | None
    definition: str
    jobs: dict[str, JobPlan]
    notes: tuple[str, ...] = ()

    def having(self, action: Action) -> Iterator[str]:
        """Ids of the jobs with that action, in definition order."""
        return (job for job, plan in self.jobs.items() if plan.action is action)


class SessionPlan(Model):
    """What a start or a rerun does, run by run. Runs that it leaves alone are not listed."""

    runs: tuple[RunPlan, ...]
    warnings: tuple[str, ...] = ()

    @property
    def empty(self) -> bool:
        """Whether nothing would happen: no run gets an attempt."""
        return all(run.attempt is None for run in self.runs)


class Effect(StrEnum):
    """What a tool does to the world."""

    READ = "read"
    WRITE = "write"
    SPEND = "spend"
    DESTROY = "destroy"


class PlanState(StrEnum):
    """Life of a stored plan. Only `approved` and `pending` can be used, once."""

    PENDING = "pending"
    APPROVED = "approved"
    DENIED = "denied"
    USED = "used"


class StoredPlan(Record):
    """A plan bound to one tool, its arguments and the state seen, by `digest`.

    `text` lines are derived from our own fields only; `body` is the plan itself (for a start or a
    rerun a `SessionPlan`). `decided_how` says by which channel: `terminal`, `flag`, `elicitation`.
    """

    id: str
    tool: str
    effect: Effect
    profile: str
    arguments: dict[str, JsonValue]
    title: str
    text: tuple[str, ...]
    body: JsonValue
    digest: str
    state: PlanState = PlanState.PENDING
    created_by: str
    created_at: datetime
    expires_at: datetime
    decided_by: str | None = None
    decided_how: str | None = None
    decided_at: datetime | None = None
    used_at: datetime | None = None
