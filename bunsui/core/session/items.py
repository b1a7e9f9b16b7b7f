"""Which items of a map job run: pure, shared by the plan and by `begin`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from bunsui.core.models.job import Fingerprint, JobRun
from bunsui.core.models.plan import ItemPlan, ItemReuse, JobPlan
from bunsui.core.models.status import Action, JobStatus, Reason

__all__ = [
    "Decision",
    "ItemFacts",
    "changed_item",
    "decided",
    "different_part",
    "of_other_params",
    "unfinished_item",
]

Decision = tuple[Action, Reason]


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemFacts:
    """The newest result of an item. `origin` is the attempt that made it.

    `available` says whether its output can be read.
    """

    status: JobStatus
    origin: int
    available: bool = True
    fingerprint: Fingerprint | None = None

    @classmethod
    def of(cls, item: JobRun, *, available: bool = True) -> ItemFacts:
        """What a record says."""
        return cls(status=item.status, origin=item.origin, available=available, fingerprint=item.fingerprint)


def unfinished_item(before: ItemFacts | None, now: Fingerprint) -> Reason | None:
    """Why an item has no result of its own that can be read.

    Another input makes the result that of another item. Where the definition changed too, it may be what
    made the input another one, and its change alone is no reason; other parameters are.
    """
    if before is None:
        return Reason.ADDED
    if not before.status.good:
        return Reason.FAILED
    if not before.available:
        return Reason.MISSING_OUTPUT
    then = before.fingerprint
    if then is None or then.inputs == now.inputs:
        return None
    by_definition = then.definition != now.definition and then.params == now.params
    return None if by_definition else Reason.INPUT_CHANGED


def of_other_params(before: ItemFacts, now: Fingerprint) -> bool:
    """Whether a result was made with other parameters that its operations read."""
    then = before.fingerprint
    return then is not None and then.params != now.params and then.inputs != now.inputs


def different_part(before: ItemFacts, now: Fingerprint) -> Reason | None:
    """The first part of the fingerprint that is not what it was when the item ran."""
    then = before.fingerprint
    if then is None:
        return None
    if then.definition != now.definition:
        return Reason.DEFINITION_CHANGED
    if then.code != now.code:
        return Reason.CODE_CHANGED
    return Reason.INPUT_CHANGED if then.inputs != now.inputs else None


def changed_item(before: ItemFacts | None, now: Fingerprint) -> Reason | None:
    """Why an item would give another result now than the one it has, or has none."""
    lacking = unfinished_item(before, now)
    return lacking if lacking or before is None else different_part(before, now)


def decided(
    plan: JobPlan, planned: Mapping[str, ItemPlan], key: str, before: ItemFacts | None, now: Fingerprint
) -> Decision:
    """What `begin` does with an item; `planned` are the plan's items by key."""
    if plan.reuse is ItemReuse.NONE:
        return Action.RUN, plan.reason
    if plan.reuse is ItemReuse.UNCHANGED:
        why = changed_item(before, now)
        return (Action.RUN, why) if why else (Action.REUSE, Reason.UNCHANGED)
    named = planned.get(key)
    if named is not None and named.action is Action.RUN:
        return Action.RUN, named.reason
    if before is None:
        return Action.RUN, Reason.ADDED
    if not before.status.good:
        return Action.SKIP, Reason.NOT_SELECTED
    return Action.REUSE, Reason.NOT_SELECTED if different_part(before, now) else Reason.UNCHANGED
