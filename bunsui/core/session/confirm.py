"""What was approved is what is done: a plan is compared, and used up with the records it makes."""

from __future__ import annotations

from datetime import datetime

from bunsui.core.models.base import JsonValue, Model, digest
from bunsui.core.models.plan import PlanState, StoredPlan
from bunsui.errors import ApprovalDenied, Conflict, StalePlan

_USABLE = (PlanState.PENDING, PlanState.APPROVED)


def used(approved: StoredPlan | None, plan: Model, at: datetime) -> list[StoredPlan]:
    """The stored plan as used, to be committed with what it allows; nothing where none was stored.

    Raises StalePlan when the state gives another plan now, Conflict when it was used before,
    ApprovalDenied when it was denied or has expired.
    """
    if approved is None:
        return []
    _check_usable(approved, at)
    now: JsonValue = plan.model_dump(mode="json")
    if digest(now) != digest(approved.body):
        raise StalePlan(
            f"Plan {approved.id} was made over a state that has moved on: it would do something else now.",
            next_steps=["Make a new plan with --dry-run and look at it."],
            details={"plan_id": approved.id},
        )
    after: StoredPlan = approved.next(state=PlanState.USED, used_at=at)
    return [after]


def _check_usable(plan: StoredPlan, at: datetime) -> None:
    if plan.state is PlanState.USED:
        raise Conflict(
            f"Plan {plan.id} has been used already.",
            next_steps=["Make a new plan with --dry-run."],
            details={"plan_id": plan.id},
        )
    if plan.state not in _USABLE or plan.expires_at <= at:
        why = "was denied" if plan.state not in _USABLE else "has expired"
        raise ApprovalDenied(f"Plan {plan.id} {why}.", details={"plan_id": plan.id})
