"""The document of `session show`, and the plan beside it."""

from __future__ import annotations

from datetime import datetime

from bunsui.core.models.base import JsonValue, Model
from bunsui.core.models.payload import Failure
from bunsui.core.models.plan import ItemReuse
from bunsui.core.models.status import Action, JobStatus, Status


class ApprovalView(Model):
    """The gate of a job: the plan to decide on, what it asks, and who decided."""

    plan_id: str
    message: str
    expires_at: datetime
    approved: bool | None
    decided_by: str | None


class JobView(Model):
    """A job of a run. `attempt` is the one that produced the result; `log_tail` is data of a failed job.

    `items` counts the items of a map job by status.
    """

    id: str
    status: JobStatus
    stale: bool
    attempt: int
    reason: str
    detail: str = ""
    started_at: datetime | None = None
    finished_at: datetime | None = None
    error: Failure | None = None
    log_tail: str | None = None
    approval: ApprovalView | None = None
    items: dict[str, int] | None = None


class AttemptView(Model):
    """An attempt at a run; `definition` is the hash of the pipeline's version."""

    number: int
    status: Status
    strategy: str
    started_at: datetime | None = None
    finished_at: datetime | None = None
    definition: str
    error: Failure | None = None


class RunView(Model):
    """A run with its attempts and the jobs of the newest one."""

    id: str
    pipeline: str
    status: Status
    stale: bool
    warnings: int
    params: dict[str, JsonValue]
    output: JsonValue = None
    attempts: tuple[AttemptView, ...]
    jobs: tuple[JobView, ...]


class HoldView(Model):
    """What holds a session: `kind` is paused, stopping or maintenance; who, since when and why."""

    kind: str
    by: str
    at: datetime
    reason: str = ""


class SessionView(Model):
    """A session. Of many runs only those that tell something are listed; `run_counts` has them all.

    `complete` says whether every run that was asked for is in `runs`.
    """

    id: str
    status: Status
    key: str | None = None
    tags: dict[str, str]
    warnings: int
    stale: bool
    profile: str
    created_by: str
    created_at: datetime
    updated_at: datetime
    finished_at: datetime | None = None
    holds: tuple[HoldView, ...] = ()
    max_concurrent_runs: int | None = None
    run_counts: dict[str, int] = {}
    complete: bool = True
    runs: tuple[RunView, ...]


class ItemPlanView(Model):
    """An item of a plan."""

    key: str
    action: Action
    reason: str


class JobPlanView(Model):
    """A job of a plan; `reason` names its cause (`downstream-of clean`), `detail` says more.

    Of a map job that runs again `reuse` says which results of items stay; where they are planned, `items`
    has those that run or are removed, and `kept` counts the others.
    """

    id: str
    action: Action
    reason: str
    detail: str = ""
    items: tuple[ItemPlanView, ...] = ()
    reuse: ItemReuse = ItemReuse.NONE
    kept: int = 0


class RunPlanView(Model):
    """A run of a plan: the attempt it would make, None when it makes none."""

    id: str
    attempt: int | None
    definition: str
    jobs: tuple[JobPlanView, ...]
    notes: tuple[str, ...] = ()


class PlanView(Model):
    """A plan as front ends print it; `id` and `digest` are those of the stored plan."""

    id: str | None = None
    digest: str | None = None
    runs: tuple[RunPlanView, ...]
    warnings: tuple[str, ...] = ()
