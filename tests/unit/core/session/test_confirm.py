"""What was approved is what is done: once, in time, and as it was shown."""

from __future__ import annotations

from typing import Any

import pytest

from bunsui.core.models.plan import PlanState
from bunsui.core.session.confirm import used
from bunsui.core.session.outcomes import StopPlan
from bunsui.errors import ApprovalDenied, BunsuiError, Conflict, StalePlan
from tests.unit.core.records import NOW, later, stored_plan

SHOWN = StopPlan(session_id="s", attempts={"r/1": ("a",)})


def test_without_a_stored_plan_nothing_is_used_up() -> None:
    assert used(None, SHOWN, NOW) == []


@pytest.mark.parametrize("state", [PlanState.PENDING, PlanState.APPROVED])
def test_a_plan_is_used_up_by_what_it_allows(state: PlanState) -> None:
    (after,) = used(stored_plan(SHOWN, state=state, version=3), SHOWN, later(1))
    assert (after.state, after.used_at, after.version) == (PlanState.USED, later(1), 4)


@pytest.mark.parametrize(
    ("more", "error", "message"),
    [
        ({"state": PlanState.USED}, Conflict, "used already"),
        ({"state": PlanState.DENIED}, ApprovalDenied, "was denied"),
        ({"expires_at": NOW}, ApprovalDenied, "has expired"),
        ({"state": PlanState.APPROVED, "expires_at": later(-1)}, ApprovalDenied, "has expired"),
    ],
)
def test_a_plan_that_cannot_be_used_is_refused(
    more: dict[str, Any], error: type[BunsuiError], message: str
) -> None:
    with pytest.raises(error, match=message) as caught:
        used(stored_plan(SHOWN, **more), SHOWN, NOW)
    assert caught.value.details == {"plan_id": "p-1"}


def test_another_plan_than_the_one_shown_is_stale() -> None:
    now = StopPlan(session_id="s", attempts={"r/1": ("a", "b")})
    with pytest.raises(StalePlan, match="moved on") as caught:
        used(stored_plan(SHOWN), now, NOW)
    assert "--dry-run" in caught.value.next_steps[0]


def test_a_used_plan_says_so_even_when_the_state_moved_on() -> None:
    now = StopPlan(session_id="s", attempts={})
    with pytest.raises(Conflict, match="used already"):
        used(stored_plan(SHOWN, state=PlanState.USED), now, NOW)
