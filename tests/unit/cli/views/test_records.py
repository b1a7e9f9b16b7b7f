"""Approvals, the audit trail, removal and the doctor as people read them."""

from __future__ import annotations

from typing import Any

import pytest

from bunsui.cli.style import Style
from bunsui.cli.views import records

PLAIN = Style(on=False)
PLAN: dict[str, Any] = {
    "id": "p-1",
    "state": "pending",
    "expired": False,
    "effect": "spend",
    "tool": "session_rerun",
    "profile": "dev",
    "title": "Rerun s",
    "text": ["a runs"],
    "created_by": "ann\x1b[31m",
    "created_at": "2026-01-01T00:00:00Z",
    "expires_at": "2026-01-01T01:00:00Z",
    "decided_by": None,
}


def approval(**more: Any) -> str:
    return "\n".join(records.approval({**PLAN, **more}, PLAIN, None))


def test_a_pending_plan_says_how_it_is_decided() -> None:
    assert "bunsui approval decide p-1" in approval()
    assert "\x1b" not in approval()


def test_an_expired_plan_is_not_offered_for_a_decision() -> None:
    shown = approval(expired=True)
    assert "expired" in shown.splitlines()[0]
    assert "approval decide" not in shown


@pytest.mark.parametrize(
    ("state", "expired", "told"), [("pending", False, 1), ("pending", True, 0), ("used", False, 0)]
)
def test_a_list_says_how_to_decide_where_something_can_be(state: str, expired: bool, told: int) -> None:
    document = {"approvals": [{**PLAN, "state": state, "expired": expired}], "complete": True, "cursor": None}
    shown = "\n".join(records.approvals(document, PLAIN, None))
    assert shown.count("bunsui approval decide PLAN, or --deny to say no") == told


def test_a_list_that_goes_on_says_how() -> None:
    document = {"approvals": [PLAN], "complete": False, "cursor": "c1"}
    assert "There are more: --cursor c1" in records.approvals(document, PLAIN, None)


def test_a_decision_says_by_whom_and_how() -> None:
    decided = {"decided_by": "bob", "decided_how": "terminal", "decided_at": "2026-01-01T00:30:00Z"}
    assert "decided by bob (terminal) at 2026-01-01 00:30:00 UTC" in approval(state="approved", **decided)


@pytest.mark.parametrize(
    ("view", "document", "words"),
    [
        (records.approvals, {"approvals": []}, "Nothing is waiting"),
        (records.audit, {"entries": []}, "trail is empty"),
        (records.verified, {"valid": True, "entries": 3, "head": "f" * 64}, "valid  3 entries, head ffff"),
        (records.verified, {"valid": False, "broken": "entry 2"}, "broken  entry 2"),
        (records.maintenance, {"on": False, "profile": "dev"}, "dev is not in maintenance"),
    ],
)
def test_the_plain_cases_are_one_line(view: Any, document: dict[str, Any], words: str) -> None:
    (line,) = view(document, PLAIN, None)
    assert words in line


@pytest.mark.parametrize(
    ("data", "told"),
    [
        ({"how": "terminal", "by": "ann"}, "by ann (terminal)"),
        ({"how": "policy", "by": "ann"}, "the policy allows it"),
        ({"reply": "accepted", "channel": "terminal", "digest": "d"}, "accepted (terminal)"),
        ({"reply": "declined", "channel": "elicitation", "by": "bob"}, "declined by bob (elicitation)"),
        ({"code": "cancelled", "reply": "decline"}, "decline"),
        ({"summary": "session s was rerun"}, "session s was rerun"),
        ({}, "-"),
    ],
)
def test_the_trail_tells_who_allowed_what(data: dict[str, Any], told: str) -> None:
    entry = {"seq": 1, "at": PLAN["created_at"], "kind": "k", "actor": "m", "caller": "model", "tool": "t"}
    document = {"entries": [{**entry, "subject": "s", "plan_id": None, "data": data}], "cursor": None}
    assert records.audit(document, PLAIN, None)[1].endswith(f"  s        {told}")


def removal(count: int, *, dry_run: bool) -> str:
    leftovers = [{"kind": "logs", "count": 2, "bytes": 12_345}]
    sessions = [f"s{n}" for n in range(count)]
    document = {"leftovers": leftovers, "sessions": sessions, "bytes": 12_345, "dry_run": dry_run}
    return records.removed(document, PLAIN, None)[-1]


def test_a_dry_run_of_a_removal_does_not_sound_as_if_it_had_happened() -> None:
    assert removal(1, dry_run=True) == "1 session (s0) and 12,345 bytes of files to remove"
    assert removal(1, dry_run=False) == "1 session (s0) and 12,345 bytes of files removed"
    assert removal(0, dry_run=False) == "0 sessions and 12,345 bytes of files removed"


def test_many_sessions_are_counted_and_a_few_named() -> None:
    assert removal(99, dry_run=False).startswith("99 sessions (s0, s1, s2, s3, s4 …) and ")


def test_a_check_stands_with_its_remedy() -> None:
    checks = [{"grade": "failed", "name": "disk", "message": "full", "fix": "free some"}]
    first, second = records.doctor({"checks": checks}, PLAIN, None)
    assert first.split() == ["failed", "disk", "full"]
    assert second.strip() == "free some"


def test_maintenance_names_who_is_held() -> None:
    document = {"on": True, "profile": "dev", "by": "ann", "at": PLAN["created_at"], "reason": "move"}
    shown = records.maintenance({**document, "sessions": {"s1": "running"}}, PLAIN, None)
    assert "by ann since 2026-01-01 00:00:00 UTC: move" in shown[0]
    assert "  session s1 is running" in shown
