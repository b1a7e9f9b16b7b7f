"""What a rerun does with the items of a map job: pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches

from bunsui.core.models.job import Fingerprint
from bunsui.core.models.plan import ItemPlan, ItemReuse
from bunsui.core.models.status import Action, Reason
from bunsui.core.session.facts import JobFacts
from bunsui.core.session.items import ItemFacts, changed_item, different_part, unfinished_item
from bunsui.core.session.requests import Strategy
from bunsui.errors import NotFound

__all__ = ["ItemRequest", "ItemsPlan", "item_roots", "items_plan"]

_WHOLE = (Reason.SELECTED, Reason.FORCED)


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemRequest:
    """What is asked of one map job: by strategy, with the job or some of its items named."""

    job: str
    strategy: Strategy
    named: bool = False
    keys: frozenset[str] = frozenset()
    force: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemsPlan:
    """The part of a job's plan that concerns its items."""

    items: tuple[ItemPlan, ...] = ()
    reuse: ItemReuse = ItemReuse.NONE
    kept: int = 0
    items_from: int | None = None

    def fields(self) -> dict[str, object]:
        """As changes of a JobPlan."""
        names = ("items", "reuse", "kept", "items_from")
        return {name: getattr(self, name) for name in names}


@dataclass(slots=True)
class _Items:
    """The items of a map job, now and before."""

    facts: JobFacts | None
    now: Mapping[str, Fingerprint]
    before: Mapping[str, ItemFacts] = field(init=False)

    def __post_init__(self) -> None:
        self.before = self.facts.items if self.facts else {}

    @property
    def settled(self) -> bool:
        return bool(self.facts and (self.facts.good or self.facts.warning))


def item_roots(
    asked: ItemRequest, facts: JobFacts | None, now: Mapping[str, Fingerprint] | None
) -> dict[str, Reason]:
    """The items that have a reason of their own to run; `now` is None where they are not known yet.

    A failure that the map tolerated is settled: it counts only where the job or the item is named.
    Raises NotFound for a named item that there never was.
    """
    if asked.keys:
        _check(asked, facts, now)
    if now is None:
        return dict.fromkeys(asked.keys, Reason.SELECTED)
    if asked.strategy in (Strategy.FROM, Strategy.ONLY):
        chosen = asked.keys or (now if asked.named else ())
        return dict.fromkeys(chosen, Reason.SELECTED)
    if asked.strategy is Strategy.ALL:
        return dict.fromkeys(now, Reason.SELECTED)
    found = _own(asked, _Items(facts, now))
    forced = asked.keys if asked.force else ()
    return {
        **{key: why for key, why in found.items() if not asked.keys or key in asked.keys},
        **dict.fromkeys((key for key in forced if key not in found), Reason.FORCED),
    }


def _own(asked: ItemRequest, items: _Items) -> dict[str, Reason]:
    named = asked.named or bool(asked.keys)
    if not items.before or (
        items.settled and items.facts and items.facts.stale and asked.strategy is Strategy.FAILED
    ):
        return {}
    found = {
        key: _why(asked.strategy, items.before.get(key), mark, settled=items.settled and not named)
        for key, mark in items.now.items()
    }
    return {key: why for key, why in found.items() if why is not None}


def _why(strategy: Strategy, before: ItemFacts | None, now: Fingerprint, *, settled: bool) -> Reason | None:
    why = (unfinished_item if strategy is Strategy.FAILED else changed_item)(before, now)
    if why is not Reason.FAILED or not settled or before is None:
        return why
    return different_part(before, now) if strategy is Strategy.CHANGED else None


def items_plan(
    asked: ItemRequest,
    reason: Reason,
    facts: JobFacts | None,
    now: Mapping[str, Fingerprint] | None,
    *,
    after_upstream: bool,
) -> ItemsPlan:
    """The plan for the items of a map job that runs; `after_upstream`: its items are made anew before.

    Only the strategy `changed` keeps results then, of items that turn out to be what they were.
    """
    before = facts.items if facts else {}
    if not before or facts is None:
        return ItemsPlan()
    if after_upstream:
        unchanged = asked.strategy is Strategy.CHANGED
        return ItemsPlan(reuse=ItemReuse.UNCHANGED, items_from=facts.items_at) if unchanged else ItemsPlan()
    if now is None or (reason in _WHOLE and not asked.keys):
        return ItemsPlan()
    running = {key: why for key, why in item_roots(asked, facts, now).items() if key in now}
    listed = [ItemPlan(key=key, action=Action.RUN, reason=why) for key, why in running.items()]
    return ItemsPlan(
        items=(*listed, *removed_items(before, now)),
        reuse=ItemReuse.PLANNED,
        kept=len(now) - len(running),
        items_from=facts.items_at,
    )


def removed_items(before: Collection[str], now: Mapping[str, Fingerprint] | None) -> tuple[ItemPlan, ...]:
    """Items that have results and are no longer in the list."""
    if now is None:
        return ()
    gone = [key for key in before if key not in now]
    return tuple(ItemPlan(key=key, action=Action.REMOVED, reason=Reason.REMOVED) for key in gone)


def _check(asked: ItemRequest, facts: JobFacts | None, now: Mapping[str, Fingerprint] | None) -> None:
    known = now if now is not None else (facts.items if facts else {})
    for key in sorted(asked.keys - known.keys()):
        near = get_close_matches(key, list(known), n=1)
        raise NotFound(
            f"Map job {asked.job} has no item {key[:80]!r}.",
            next_steps=[f"Did you mean {near[0]}?" if near else "See its items: bunsui job show SESSION JOB"],
            details={"job": asked.job, "item": key[:80]},
        )
