"""Laws of the planner over the items of map jobs."""

from __future__ import annotations

from dataclasses import dataclass, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bunsui.core.models.job import Fingerprint
from bunsui.core.models.plan import ItemReuse, JobPlan, RunPlan
from bunsui.core.models.status import Action, JobStatus, Reason
from bunsui.core.session.facts import History, JobFacts, Target
from bunsui.core.session.items import ItemFacts, decided
from bunsui.core.session.planner import plan_rerun
from bunsui.core.session.requests import RerunRequest, Strategy
from bunsui.errors import NotFound, UsageError

RUN = "r"
V1 = Fingerprint(definition="d1", code="c1", params="p1", inputs="i1")
NEEDS = {"list": frozenset[str](), "each": frozenset({"list"}), "merge": frozenset({"each"})}
KEYS = [f"k{number}" for number in range(6)]
STATUSES = st.sampled_from(
    [JobStatus.SUCCEEDED] * 3 + [JobStatus.REUSED, JobStatus.FAILED, JobStatus.STOPPED]
)
CHANGES = [("definition",), ("code",), ("inputs",), ("params", "inputs"), ("definition", "params", "inputs")]
MARKS = st.sampled_from([V1, V1, V1, *(V1.model_copy(update=dict.fromkeys(one, "new")) for one in CHANGES)])


@dataclass(frozen=True)
class Case:
    """`list`, a map `each` over what it lists, and `merge`."""

    target: Target
    history: History
    request: RerunRequest

    @property
    def run(self) -> RunPlan:
        return plan_rerun({RUN: self.target}, {RUN: self.history}, self.request).runs[0]

    @property
    def each(self) -> JobPlan:
        return self.run.jobs["each"]

    @property
    def now(self) -> dict[str, Fingerprint]:
        return dict(self.target.items["each"] or {})

    @property
    def before(self) -> dict[str, ItemFacts]:
        return dict(self.history.jobs["each"].items)

    def actions(self) -> dict[str, Action]:
        """What `begin` does with each item under the plan."""
        planned = {item.key: item for item in self.each.items}
        return {
            key: decided(self.each, planned, key, self.before.get(key), mark)[0]
            for key, mark in self.now.items()
        }


def case(
    known: dict[str, ItemFacts],
    now: dict[str, Fingerprint],
    *,
    tolerant: bool = False,
    stale: str = "",
    list_at: int = 1,
    **request: object,
) -> Case:
    """`stale` says why `each` is marked so, `list_at` in which attempt its input was made."""
    bad = any(not item.status.good for item in known.values())
    status = JobStatus.FAILED if bad and not tolerant else JobStatus.SUCCEEDED
    done = JobFacts(status=JobStatus.SUCCEEDED, origin=1, fingerprint=V1)
    marks = {"stale": bool(stale), "stale_reason": stale}
    each = JobFacts(status=status, origin=1, fingerprint=V1, items=known, items_at=1, **marks)  # type: ignore[arg-type]
    params = "new" if any(mark.params == "new" for mark in now.values()) else V1.params
    fingerprints = {**dict.fromkeys(NEEDS, V1), "each": V1.model_copy(update={"params": params})}
    merge = done if status.good else JobFacts(status=JobStatus.UPSTREAM_FAILED, origin=1, began=False)
    return Case(
        Target(definition="v1", needs=NEEDS, fingerprints=fingerprints, items={"each": now}),
        History(
            attempt=1,
            definition="v1",
            jobs={"list": replace(done, origin=list_at), "each": each, "merge": merge},
        ),
        RerunRequest(session_id="s", **request),  # type: ignore[arg-type]
    )


def done(status: JobStatus = JobStatus.SUCCEEDED) -> ItemFacts:
    return ItemFacts(status=status, origin=1, fingerprint=V1)


@st.composite
def cases(draw: st.DrawFn, *strategies: Strategy) -> Case:
    before = draw(st.dictionaries(st.sampled_from(KEYS), STATUSES, min_size=1))
    now = draw(st.dictionaries(st.sampled_from(KEYS), MARKS, min_size=1))
    items = {
        # Only a result can be lost.
        key: replace(done(status), available=not status.good or draw(st.integers(0, 9)) > 0)
        for key, status in before.items()
    }
    strategy = draw(st.sampled_from(strategies or tuple(Strategy)))
    keys = (
        draw(st.sets(st.sampled_from(sorted(now)))) if strategy in (Strategy.FROM, Strategy.ONLY) else set()
    )
    named = tuple(f"each:{key}" for key in sorted(keys)) if keys else ()
    jobs = ("each",) if strategy in (Strategy.FROM, Strategy.ONLY) and not keys else ()
    tolerant = draw(st.booleans())
    bad = any(not item.status.good for item in items.values()) and not tolerant
    stale = "" if bad else draw(st.sampled_from(["", "", "list was run again in attempt 2"]))
    list_at = 2 if bad and draw(st.booleans()) else 1
    return case(
        items,
        now,
        tolerant=tolerant,
        stale=stale,
        list_at=list_at,
        strategy=strategy,
        items=named,
        jobs=jobs,
    )


@given(cases())
def test_no_item_is_reused_that_has_no_result(case: Case) -> None:
    if case.each.action is Action.RUN:
        kept = [key for key, action in case.actions().items() if action is Action.REUSE]
        assert all(case.before[key].status.good for key in kept)


@given(cases(Strategy.CHANGED))
def test_changed_keeps_only_what_is_as_it_was(case: Case) -> None:
    if case.each.action is Action.RUN:
        for key, action in case.actions().items():
            same = key in case.before and case.before[key].fingerprint == case.now[key]
            assert (action is Action.RUN) or (same and case.before[key].available)


@given(cases(Strategy.FAILED))
def test_failed_runs_nothing_that_has_a_result_of_this_input(case: Case) -> None:
    if case.each.action is Action.RUN:
        for key in (key for key, action in case.actions().items() if action is Action.RUN):
            was = case.before.get(key)
            other_input = was is not None and case.now[key].inputs != V1.inputs
            facts = case.history.jobs["each"]
            outdated = facts.stale or case.history.jobs["list"].origin > facts.origin
            assert outdated or was is None or not was.status.good or not was.available or other_input


@given(cases(Strategy.FAILED, Strategy.CHANGED, Strategy.ALL))
def test_after_a_plan_that_ended_well_the_next_one_is_empty(case: Case) -> None:
    ran = case.run.jobs["each"].action is Action.RUN
    actions = case.actions() if ran else {}
    after = {
        key: ItemFacts(status=JobStatus.SUCCEEDED, origin=2, fingerprint=mark)
        if actions.get(key) is Action.RUN
        else case.before[key]
        for key, mark in case.now.items()
        if actions.get(key) is Action.RUN or key in case.before
    }
    if (
        not ran
        or case.each.stale
        or len(after) < len(case.now)
        or any(not item.status.good for item in after.values())
    ):
        return
    good = JobFacts(status=JobStatus.SUCCEEDED, origin=2, fingerprint=V1)
    each = replace(good, items=after, items_at=2, fingerprint=case.target.fingerprints["each"])
    history = History(attempt=2, definition="v1", jobs={"list": good, "each": each, "merge": good})
    strategy = case.request.chosen if case.request.chosen is not Strategy.ALL else Strategy.FAILED
    again = Case(case.target, history, replace(case.request, strategy=strategy))
    assert again.run.attempt is None


@given(cases())
def test_what_is_kept_is_of_this_run_or_the_job_stays_stale(case: Case) -> None:
    """Of this run: made with its parameters, and of inputs that were not run again since."""
    facts, list_ = case.history.jobs["each"], case.history.jobs["list"]
    if case.each.action is not Action.RUN:
        return
    kept = [key for key, action in case.actions().items() if action is not Action.RUN]
    of_others = [key for key in kept if case.now[key].params != V1.params]
    outdated = facts.stale or list_.origin > facts.origin
    by_input = case.request.chosen is Strategy.CHANGED
    assert bool(case.each.stale) == bool(of_others or (kept and outdated and not by_input))
    said = plan_rerun({RUN: case.target}, {RUN: case.history}, case.request).warnings
    assert any("not named" in warning for warning in said) == bool(case.each.stale)


@given(cases())
def test_what_the_plan_says_of_items_is_what_begin_does(case: Case) -> None:
    if case.each.reuse is ItemReuse.PLANNED:
        planned = {item.key for item in case.each.items if item.action is Action.RUN}
        assert planned == {key for key, action in case.actions().items() if action is Action.RUN}


@given(cases())
def test_what_is_kept_although_it_changed_is_said(case: Case) -> None:
    planned = {item.key: item for item in case.each.items}
    kept = case.now.keys() & case.before.keys()
    if case.each.action is Action.RUN:
        kept = {key for key, action in case.actions().items() if action is Action.REUSE}
    changed = [
        key
        for key in kept
        if case.before[key].status.good and replace_params(case.now[key]) != V1 and key not in planned
    ]
    shown = plan_rerun({RUN: case.target}, {RUN: case.history}, case.request).warnings
    facts = case.history.jobs["each"]
    if changed and (case.each.action is Action.RUN or facts.good):
        assert any("each" in warning for warning in shown)


def replace_params(mark: Fingerprint) -> Fingerprint:
    """The fingerprint as if parameters were the same; they count where they change the input."""
    return mark.model_copy(update={"params": V1.params})


@given(cases())
def test_a_plan_counts_every_item_of_a_job_that_runs(case: Case) -> None:
    if case.each.reuse is ItemReuse.PLANNED:
        running = [item for item in case.each.items if item.action is Action.RUN]
        removed = {item.key for item in case.each.items if item.action is Action.REMOVED}
        assert len(running) + case.each.kept == len(case.now)
        assert removed == case.before.keys() - case.now.keys()


def test_only_the_failed_item_runs_and_what_depends_on_it() -> None:
    items = {"a": done(), "b": done(JobStatus.FAILED), "c": done()}
    plan = case(items, dict.fromkeys(items, V1)).run
    assert [job for job, one in plan.jobs.items() if one.action is Action.RUN] == ["each", "merge"]
    assert [(item.key, item.reason) for item in plan.jobs["each"].items] == [("b", Reason.FAILED)]
    assert plan.jobs["each"].kept == 2


def test_failed_keeps_results_of_older_code_and_changed_does_not() -> None:
    items = {"a": done(), "b": done(JobStatus.FAILED)}
    now = dict.fromkeys(items, V1.model_copy(update={"code": "c2"}))
    assert case(items, now).actions() == {"a": Action.REUSE, "b": Action.RUN}
    assert case(items, now, strategy=Strategy.CHANGED).actions() == dict.fromkeys(items, Action.RUN)


def test_a_tolerated_failure_is_settled_until_it_is_named() -> None:
    items = {"a": done(), "b": done(JobStatus.FAILED)}
    now = dict.fromkeys(items, V1)
    assert case(items, now, tolerant=True).run.attempt is None
    by_job = case(items, now, tolerant=True, jobs=("each",), strategy=Strategy.FAILED)
    by_key = case(items, now, tolerant=True, items=("each:b",))
    for one in (by_job, by_key):
        assert one.actions() == {"a": Action.REUSE, "b": Action.RUN}


def test_failures_that_are_left_out_are_told() -> None:
    items = {
        "a": done(),
        "b": done(JobStatus.FAILED),
        "c": done(JobStatus.FAILED),
        "d": done(JobStatus.FAILED),
    }
    now = dict.fromkeys(items, V1)

    def told(*names: str) -> tuple[str, ...]:
        one = case(items, now, items=names)
        return plan_rerun({RUN: one.target}, {RUN: one.history}, one.request).warnings

    assert told("each:b") == (f"{RUN}/each: 2 items that failed are left out, and failed still",)
    assert told("each:b", "each:c") == (f"{RUN}/each: 1 item that failed is left out, and failed still",)
    assert told("each:b", "each:c", "each:d") == ()
    assert told() == ()


def test_items_come_and_go() -> None:
    items = {"a": done(), "gone": done()}
    plan = case(items, dict.fromkeys(["a", "new"], V1)).each
    assert {(item.key, item.action, item.reason) for item in plan.items} == {
        ("new", Action.RUN, Reason.ADDED),
        ("gone", Action.REMOVED, Reason.REMOVED),
    }


def test_after_its_upstream_a_map_runs_whole_unless_only_changes_are_wanted() -> None:
    items = {"a": done(), "b": done()}
    now = dict.fromkeys(items, V1)
    assert case(items, now, jobs=("list",)).each.reuse is ItemReuse.NONE
    changed = case(items, now, jobs=("list",), strategy=Strategy.CHANGED, force=True)
    assert changed.each.reuse is ItemReuse.UNCHANGED
    assert changed.actions() == dict.fromkeys(items, Action.REUSE)


def test_a_named_job_runs_all_its_items() -> None:
    items = {"a": done(), "b": done()}
    plan = case(items, dict.fromkeys(items, V1), jobs=("each",)).each
    assert (plan.reuse, plan.items) == (ItemReuse.NONE, ())


def test_unknown_items_are_told_with_the_nearest() -> None:
    items = {"lineitem": done()}
    with pytest.raises(NotFound) as raised:
        _ = case(items, {"lineitem": V1}, items=("each:linitem",)).run
    assert raised.value.next_steps == ("Did you mean lineitem?",)
    with pytest.raises(UsageError):
        _ = case(items, {"lineitem": V1}, items=("each",)).run
    with pytest.raises(NotFound):
        _ = case(items, {"lineitem": V1}, items=("merge:x",)).run
