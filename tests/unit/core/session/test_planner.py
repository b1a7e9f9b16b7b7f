"""Laws of the planner, over DAGs, histories and requests of every shape."""

from __future__ import annotations

import random
from dataclasses import dataclass, replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bunsui.core.models.job import Fingerprint
from bunsui.core.models.plan import RunPlan, SessionPlan
from bunsui.core.models.status import Action, JobStatus, Reason
from bunsui.core.session.facts import History, JobFacts, Target
from bunsui.core.session.planner import plan_rerun
from bunsui.core.session.requests import RerunRequest, Strategy
from bunsui.errors import NotFound

FEWER = settings(max_examples=settings().max_examples // 2)
RUN = "taxi"
V1 = Fingerprint(definition="d1", code="c1", params="p1")


@dataclass(frozen=True)
class Case:
    target: Target
    history: History
    request: RerunRequest

    @property
    def plan(self) -> SessionPlan:
        return plan_rerun({RUN: self.target}, {RUN: self.history}, self.request)

    @property
    def run(self) -> RunPlan:
        return self.plan.runs[0]


def target(needs: dict[str, set[str]], **changed: Fingerprint) -> Target:
    frozen = {job: frozenset(names) for job, names in needs.items()}
    return Target(definition="v1", needs=frozen, fingerprints={job: changed.get(job, V1) for job in needs})


def history(**jobs: JobFacts | JobStatus) -> History:
    facts = {job: one if isinstance(one, JobFacts) else done(one) for job, one in jobs.items()}
    return History(attempt=1, definition="v1", jobs=facts)


def done(status: JobStatus = JobStatus.SUCCEEDED) -> JobFacts:
    began = status is not JobStatus.UPSTREAM_FAILED
    return JobFacts(status=status, origin=1, began=began, fingerprint=V1 if began else None)


def request(strategy: Strategy = Strategy.FAILED, *jobs: str, **more: bool) -> RerunRequest:
    return RerunRequest(session_id="s", strategy=strategy, jobs=jobs, **more)  # type: ignore[arg-type]


@st.composite
def dags(draw: st.DrawFn) -> dict[str, set[str]]:
    count = draw(st.integers(1, 8))
    names = [f"j{index}" for index in range(count)]
    return {
        name: {other for other in names[:index] if draw(st.booleans())} for index, name in enumerate(names)
    }


FINGERPRINTS = st.sampled_from(
    [V1, V1, V1, *(V1.model_copy(update={part: "new"}) for part in ("definition", "code", "params"))]
)
ENDED = st.sampled_from(
    [JobStatus.SUCCEEDED] * 4
    + [JobStatus.REUSED, JobStatus.FAILED, JobStatus.STOPPED, JobStatus.UPSTREAM_FAILED, JobStatus.SKIPPED]
)
REASONS = st.sampled_from(
    [Reason.UNCHANGED, Reason.NOT_SELECTED, Reason.NEW, Reason.CONDITION_FALSE, Reason.SUPERSEDED]
)


@st.composite
def cases(draw: st.DrawFn, *strategies: Strategy) -> Case:
    needs = draw(dags())
    facts: dict[str, JobFacts | JobStatus] = {"gone": done()} if draw(st.booleans()) else {}
    renamed: dict[str, str] = {}
    for job in needs:
        if draw(st.integers(0, 9)):
            fact = replace(done(draw(ENDED)), reason=draw(REASONS), available=draw(st.integers(0, 9)) > 0)
            stale = fact.good and draw(st.integers(0, 4)) == 0
            warning = fact.status is JobStatus.FAILED and draw(st.booleans())
            if draw(st.integers(0, 7)) == 0:
                renamed[job] = f"old-{job}"
            facts[renamed.get(job, job)] = replace(fact, stale=stale, warning=warning)
    named = draw(st.sets(st.sampled_from(sorted(needs)), min_size=1))
    strategy = draw(st.sampled_from(strategies or tuple(Strategy)))
    names = () if strategy in (Strategy.FAILED, Strategy.CHANGED, Strategy.ALL) else tuple(sorted(named))
    flags = {"downstream": draw(st.booleans()), "force": draw(st.booleans())}
    marks = {job: draw(FINGERPRINTS) for job in needs}
    before = replace(history(**facts), unfinished=draw(st.booleans()))
    now = replace(target(needs, **marks), renamed=renamed)
    return Case(now, before, request(strategy, *names, **flags))


@FEWER
@given(cases())
def test_every_job_has_exactly_one_action(case: Case) -> None:
    assert list(case.run.jobs) == [*case.target.needs, *case.target.removed(case.history)]


@FEWER
@given(cases())
def test_nothing_is_reused_that_depends_on_what_runs(case: Case) -> None:
    running = set(case.run.having(Action.RUN))
    reused = {*case.run.having(Action.REUSE), *case.run.having(Action.SKIP)}
    for job in reused:
        facts = case.target.facts(case.history).get(job)
        if facts and facts.good:
            assert not case.target.upstream.get(job, frozenset()) & running


@FEWER
@given(cases())
def test_what_runs_has_all_it_needs(case: Case) -> None:
    running = set(case.run.having(Action.RUN))
    facts = case.target.facts(case.history)
    for job in running:
        assert all(need in running or facts[need].usable for need in case.target.needs[job])


@FEWER
@given(cases())
def test_an_attempt_is_made_exactly_where_something_runs(case: Case) -> None:
    assert (case.run.attempt is None) is case.plan.empty


@FEWER
@given(cases(), st.randoms())
def test_the_order_of_the_definition_and_of_names_does_not_matter(case: Case, chance: random.Random) -> None:
    jobs, names = list(case.target.needs), list(case.request.jobs)
    chance.shuffle(jobs)
    chance.shuffle(names)
    shuffled = replace(case.target, needs={job: case.target.needs[job] for job in jobs})
    other = Case(shuffled, case.history, replace(case.request, jobs=(*names, *names)))
    assert dict(other.run.jobs) == dict(case.run.jobs)


@FEWER
@given(cases(Strategy.FAILED, Strategy.CHANGED))
def test_a_plan_that_ended_well_leaves_nothing_to_do(case: Case) -> None:
    case = replace(case, request=replace(case.request, downstream=True))
    again = Case(case.target, applied(case), case.request)
    assert again.plan.empty


@FEWER
@given(cases(Strategy.ONLY))
def test_changed_after_only_runs_what_depends_on_it(case: Case) -> None:
    ran = set(case.run.having(Action.RUN))
    again = Case(case.target, applied(case), request(Strategy.CHANGED))
    for job, upstream in case.target.upstream.items():
        if upstream & ran and job not in ran:
            assert again.run.jobs[job].action in (Action.RUN, Action.BLOCKED)


@FEWER
@given(cases(Strategy.FAILED))
def test_failed_after_success_is_empty(case: Case) -> None:
    good = history(**dict.fromkeys(case.target.needs, JobStatus.SUCCEEDED))
    same = replace(case.target, fingerprints=dict.fromkeys(case.target.needs, V1))
    assert Case(same, good, case.request).plan.empty


@pytest.mark.parametrize("strategy", [Strategy.FAILED, Strategy.CHANGED])
def test_a_run_that_lacks_only_its_end_is_ended_again(strategy: Strategy) -> None:
    unfinished = replace(history(a=JobStatus.SUCCEEDED), unfinished=True)
    case = Case(target({"a": set()}), unfinished, request(strategy))
    assert case.run.attempt == 2
    assert case.run.jobs["a"].action is Action.REUSE


def test_a_result_that_was_kept_although_its_code_changed_is_still_a_result() -> None:
    changed = V1.model_copy(update={"code": "c2"})
    kept = replace(done(JobStatus.REUSED), reason=Reason.NOT_SELECTED)
    case = Case(target({"a": set()}, a=changed), history(a=kept), request(Strategy.FAILED))
    assert case.plan.empty
    assert case.run.jobs["a"].action is Action.REUSE


@FEWER
@given(cases(Strategy.FROM, Strategy.ONLY))
def test_named_jobs_run_or_are_blocked(case: Case) -> None:
    for job in case.request.jobs:
        assert case.run.jobs[job].action in (Action.RUN, Action.BLOCKED)


def applied(case: Case) -> History:
    """The history after the plan, had every job succeeded."""
    before, after = case.target.facts(case.history), {}
    for job, plan in case.run.jobs.items():
        if plan.action is Action.RUN:
            after[job] = JobFacts(
                status=JobStatus.SUCCEEDED, origin=2, fingerprint=case.target.fingerprints[job]
            )
        elif job in before:
            stale = plan.action is Action.STALE
            kept = {Action.REUSE: JobStatus.REUSED, Action.SKIP: JobStatus.SKIPPED}
            status = kept.get(plan.action, before[job].status)
            after[job] = replace(before[job], stale=stale, status=status, reason=plan.reason)
    return History(attempt=2, definition="v1", jobs=after)


CHAIN = {"a": set[str](), "b": {"a"}, "c": {"b"}}


def actions(case: Case) -> str:
    return " ".join(plan.action.value for plan in case.run.jobs.values())


@pytest.mark.parametrize(
    "asked, expected",
    [
        (request(), "reuse run run"),
        (request(Strategy.ALL), "run run run"),
        (request(Strategy.FROM, "a"), "run run run"),
        (request(Strategy.FROM, "b"), "reuse run run"),
        (request(Strategy.FROM, "b", downstream=False), "reuse run skip"),
        (request(Strategy.ONLY, "a"), "run skip skip"),
        (request(Strategy.FROM, "c"), "reuse skip blocked"),
        (request(Strategy.FAILED, "c"), "reuse skip blocked"),
        (request(Strategy.FAILED, "a", force=True), "run run run"),
    ],
)
def test_after_a_failure_in_the_middle(asked: RerunRequest, expected: str) -> None:
    past = history(a=JobStatus.SUCCEEDED, b=JobStatus.FAILED, c=JobStatus.UPSTREAM_FAILED)
    assert actions(Case(target(CHAIN), past, asked)) == expected


@pytest.mark.parametrize("strategy", [Strategy.FAILED, Strategy.CHANGED])
def test_what_ran_with_other_parameters_is_no_result_of_this_run(strategy: Strategy) -> None:
    other = V1.model_copy(update={"params": "p2"})
    past = history(**dict.fromkeys(CHAIN, JobStatus.SUCCEEDED))
    case = Case(target(CHAIN, b=other), past, request(strategy))
    assert actions(case) == "reuse run run"
    assert case.run.jobs["b"].reason is Reason.PARAMS_CHANGED


def test_from_also_runs_what_has_other_parameters_and_only_marks_it() -> None:
    other = V1.model_copy(update={"params": "p2"})
    past = history(**dict.fromkeys(CHAIN, JobStatus.SUCCEEDED))
    assert actions(Case(target(CHAIN, a=other), past, request(Strategy.FROM, "c"))) == "run run run"
    only = Case(target(CHAIN, a=other), past, request(Strategy.ONLY, "c"))
    assert actions(only) == "stale stale run"


def test_a_missing_output_is_made_again_unless_others_were_named() -> None:
    past = history(a=replace(done(), available=False), b=JobStatus.SUCCEEDED, c=JobStatus.SUCCEEDED)
    case = Case(target(CHAIN), past, request())
    assert actions(case) == "run run run"
    assert case.run.jobs["a"].reason is Reason.MISSING_OUTPUT
    blocked = Case(target(CHAIN), past, request(Strategy.FROM, "b"))
    assert blocked.run.jobs["b"].action is Action.BLOCKED
    assert blocked.run.jobs["b"].detail == "a"


def test_a_renamed_job_keeps_its_result_and_an_unnamed_rename_is_removed_and_added() -> None:
    past = history(load=JobStatus.SUCCEEDED, report=JobStatus.SUCCEEDED)
    now = target({"stage": set(), "report": {"stage"}})
    plain = Case(now, past, request())
    assert actions(plain) == "run run removed"
    assert plain.run.jobs["stage"].reason is Reason.ADDED
    renamed = Case(replace(now, renamed={"stage": "load"}), past, request())
    assert actions(renamed) == "reuse reuse"
    assert renamed.run.jobs["stage"].detail == "renamed from load"


def test_a_failed_warning_is_settled_until_something_about_it_changes() -> None:
    past = history(a=replace(done(JobStatus.FAILED), warning=True), b=JobStatus.SUCCEEDED)
    needs = {"a": set[str](), "b": {"a"}}
    other = V1.model_copy(update={"code": "c2"})
    assert actions(Case(target(needs), past, request())) == "skip reuse"
    assert actions(Case(target(needs), past, request(Strategy.CHANGED))) == "skip reuse"
    assert actions(Case(target(needs, a=other), past, request(Strategy.CHANGED))) == "run run"
    assert actions(Case(target(needs), past, request(Strategy.FROM, "a"))) == "run run"
    assert actions(Case(target(needs), past, request(Strategy.FROM, "b"))) == "skip run"


def test_a_warning_about_an_input_that_was_run_again_is_stale() -> None:
    needs = {"a": set[str](), "b": {"a"}}
    past = history(a=JobStatus.SUCCEEDED, b=replace(done(JobStatus.FAILED), warning=True))
    only = Case(target(needs), past, request(Strategy.ONLY, "a"))
    assert actions(only) == "run stale"
    after = applied(only)
    assert actions(Case(target(needs), after, request())) == "reuse stale"
    assert actions(Case(target(needs), after, request(Strategy.CHANGED))) == "reuse run"


def test_runs_with_nothing_to_do_are_left_out() -> None:
    targets = {month: target(CHAIN) for month in ("m1", "m2", "m3")}
    good = history(**dict.fromkeys(CHAIN, JobStatus.SUCCEEDED))
    bad = history(a=JobStatus.SUCCEEDED, b=JobStatus.FAILED, c=JobStatus.UPSTREAM_FAILED)
    plan = plan_rerun(targets, {"m1": good, "m2": bad, "m3": good}, request())
    assert [run.id for run in plan.runs] == ["m2"]
    one = plan_rerun(targets, {"m1": good, "m2": bad, "m3": good}, request(Strategy.FROM, "m3/c"))
    assert [run.id for run in one.runs] == ["m3"]


def test_an_unknown_job_is_told_with_the_nearest() -> None:
    case = Case(target({"clean": set()}), history(clean=JobStatus.SUCCEEDED), request(Strategy.FROM, "clan"))
    with pytest.raises(NotFound) as raised:
        _ = case.plan
    assert raised.value.next_steps == ("Did you mean clean?",)
