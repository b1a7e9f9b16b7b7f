"""What a rerun does with the items of a map job: pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches

from bunsui.core.models.job import Fingerprint
from bunsui.core.models.plan import ItemPlan, ItemReuse, JobPlan
from bunsui.core.models.status import Action, Reason
from bunsui.core.session.facts import JobFacts
from bunsui.core.session.items import (
    ItemFacts,
    changed_item,
    different_part,
    of_other_params,
    unfinished_item,
)
from bunsui.core.session.requests import Strategy
from bunsui.errors import NotFound

__all__ = ["ItemRequest", "ItemsPlan", "failures_kept", "item_roots", "items_plan", "kept_changed"]

OTHER_PARAMS = "made with other parameters"
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
    items_as: str = ""
    stale: str = ""

    def fields(self) -> dict[str, object]:
        """As changes of a JobPlan."""
        names = ("items", "reuse", "kept", "items_from", "items_as", "stale")
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
    items = _Items(facts, now)
    kept_stale = asked.strategy is Strategy.FAILED and items.settled and facts is not None and facts.stale
    found = {} if kept_stale else _own(asked, items)
    forced = asked.keys if asked.force else ()
    return {
        **{key: why for key, why in found.items() if not asked.keys or key in asked.keys},
        **dict.fromkeys((key for key in forced if key not in found), Reason.FORCED),
    }


def _own(asked: ItemRequest, items: _Items) -> dict[str, Reason]:
    if not items.before:
        return {}
    named = asked.named or bool(asked.keys)
    found = {
        key: _why(asked.strategy, items.before.get(key), mark, settled=items.settled and not named)
        for key, mark in items.now.items()
    }
    return {key: why for key, why in found.items() if why is not None}


def _why(strategy: Strategy, before: ItemFacts | None, now: Fingerprint, *, settled: bool) -> Reason | None:
    why = (changed_item if strategy is Strategy.CHANGED else unfinished_item)(before, now)
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
    outdated: str = "",
) -> ItemsPlan:
    """The plan for the items of a map job that runs; `after_upstream`: its items are made anew before.

    Only the strategy `changed` keeps results then, of items that turn out to be what they were. `outdated`
    says what was run again since the items were recorded, if anything was: an equal input may name other
    content, so results are kept only where items are named, and stay stale.
    """
    before = facts.items if facts else {}
    if not before or facts is None:
        return ItemsPlan()
    if after_upstream:
        if asked.strategy is not Strategy.CHANGED:
            return ItemsPlan()
        return ItemsPlan(
            reuse=ItemReuse.UNCHANGED, items_from=facts.items_at, items_as=facts.items_as or asked.job
        )
    if now is None or (reason in _WHOLE and not asked.keys):
        return ItemsPlan()
    outdated = "" if asked.strategy is Strategy.CHANGED else outdated
    running = _that_run(asked, facts, now, outdated=bool(outdated))
    kept = [(was, mark) for key, mark in now.items() if key not in running and (was := before.get(key))]
    others = OTHER_PARAMS if any(of_other_params(was, mark) for was, mark in kept) else ""
    listed = [ItemPlan(key=key, action=Action.RUN, reason=why) for key, why in running.items()]
    return ItemsPlan(
        items=(*listed, *removed_items(before, now)),
        reuse=ItemReuse.PLANNED,
        kept=len(now) - len(running),
        items_from=facts.items_at,
        items_as=facts.items_as or asked.job,
        stale=(outdated or others) if kept else "",
    )


def _that_run(
    asked: ItemRequest, facts: JobFacts, now: Mapping[str, Fingerprint], *, outdated: bool
) -> dict[str, Reason]:
    """The items that run where the job does: those asked for, and those that have no result of this run.

    `only` keeps its word as far as there are results to keep.
    """
    before = facts.items
    found = dict.fromkeys((key for key in now if key not in before), Reason.ADDED)
    if asked.strategy is not Strategy.ONLY and asked.keys:
        known = ((key, before[key]) for key in now if key in before)
        found |= {key: Reason.INPUT_CHANGED for key, was in known if of_other_params(was, now[key])}
    elif asked.strategy is not Strategy.ONLY:
        found |= dict.fromkeys(now, Reason.INPUT_CHANGED) if outdated else {}
        found |= _own(asked, _Items(facts, now))
    found |= item_roots(asked, facts, now)
    return {key: found[key] for key in now if key in found}


def kept_changed(
    before: Mapping[str, ItemFacts], now: Mapping[str, Fingerprint], running: Collection[str]
) -> tuple[Reason, int] | None:
    """What changed about results that are kept, and of how many items; None where nothing did."""
    kept = [(before[key], mark) for key, mark in now.items() if key in before and key not in running]
    parts = [part for was, mark in kept if was.status.good and (part := different_part(was, mark))]
    return (parts[0], len(parts)) if parts else None


def failures_kept(plan: JobPlan, facts: JobFacts | None, now: Mapping[str, Fingerprint] | None) -> int:
    """How many items, for whose failures a map job failed, do not run although the job does."""
    if now is None or facts is None or facts.good or facts.warning or plan.reuse is not ItemReuse.PLANNED:
        return 0
    running = {item.key for item in plan.items if item.action is Action.RUN}
    kept = (facts.items[key] for key in now if key in facts.items and key not in running)
    return sum(not item.status.good for item in kept)


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
