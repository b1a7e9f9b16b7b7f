"""The rerun planner: pure, so that what is shown, approved and done is one thing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from bunsui.core.models.plan import ItemReuse, JobPlan, RunPlan, SessionPlan
from bunsui.core.models.status import Action, JobStatus, Reason
from bunsui.core.session.facts import History, JobFacts, Target
from bunsui.core.session.item_plans import (
    ItemRequest,
    failures_kept,
    item_roots,
    items_plan,
    kept_changed,
    removed_items,
)
from bunsui.core.session.requests import RerunRequest, Strategy
from bunsui.core.session.selection import named_items, named_jobs
from bunsui.core.session.strategies import changed_part, params_changed, roots

SINGLY = 4
"""Up to this many runs are named one by one."""


ENDS_AGAIN = "Every job has its result: the new attempt only ends the run again, with its output."


def plan_rerun(
    definitions: Mapping[str, Target], attempts: Mapping[str, History], request: RerunRequest
) -> SessionPlan:
    """What a rerun would do with every job of every run, and why.

    Both mappings are by run id. Runs in which nothing runs are left out, unless that is all of them.
    Raises NotFound for a job that no run has.
    """
    named = named_jobs(request.jobs, {run: target.needs for run, target in definitions.items()})
    items = named_items(request.items, {run: target.items for run, target in definitions.items()})
    planners = [
        _RunPlanner(run, target, attempts[run], request, named.get(run, frozenset()), items.get(run, {}))
        for run, target in definitions.items()
        if not (request.jobs or request.items) or run in named or run in items
    ]
    plans = [planner.plan() for planner in planners]
    busy = [plan for plan in plans if plan.attempt is not None or any(plan.having(Action.BLOCKED))]
    return SessionPlan(
        runs=tuple(busy or plans),
        warnings=tuple(_warnings(planners)),
    )


def _warnings(planners: Iterable[_RunPlanner]) -> Iterator[str]:
    """What the person should know about what is kept; what holds for many runs is said once."""
    runs: dict[tuple[str, str], list[str]] = {}
    for planner in planners:
        for warning in planner.warnings():
            runs.setdefault(warning, []).append(planner.run)
    for (job, what), names in runs.items():
        places = [f"{run}/{job}" for run in names]
        if len(places) > SINGLY:
            places = [f"{job} of {len(names)} runs ({names[0]} … {names[-1]})"]
        for place in places:
            yield f"{place}: {what}"


def _left_out(facts: JobFacts | None) -> JobPlan:
    detail = "failed as a warning" if facts and facts.warning else ""
    origin = facts.origin if facts else None
    return JobPlan(action=Action.SKIP, reason=Reason.NOT_SELECTED, detail=detail, origin=origin)


def _besides_failed(status: JobStatus) -> str:
    return "" if status is JobStatus.FAILED or status.good else status.value


@dataclass
class _RunPlanner:
    """Decides one run: first what would run, then whether it could, then the words for the rest."""

    run: str
    target: Target
    history: History
    request: RerunRequest
    named: frozenset[str]
    items: Mapping[str, frozenset[str]]

    def __post_init__(self) -> None:
        strategy = self.request.chosen
        self.facts = self.target.facts(self.history)
        self.roots = self._roots(strategy)
        self.spreads = self.request.downstream and strategy is not Strategy.ONLY
        self.wanted = self._with_downstream() if self.spreads else frozenset(self.roots)
        self.missing = self._missing()
        self.running = self.wanted - self.missing.keys()
        self.moved = self.running | self._of_other_params()

    def plan(self) -> RunPlan:
        """The plan of the run, every job with exactly one action."""
        jobs = {job: self._job(job) for job in self.target.needs}
        for job in self.target.removed(self.history):
            jobs[job] = JobPlan(action=Action.REMOVED, reason=Reason.REMOVED)
        ends_again = not self.running and self._lacks_only_its_end()
        return RunPlan(
            id=self.run,
            attempt=self.history.attempt + 1 if self.running or ends_again else None,
            definition=self.target.definition,
            jobs=jobs,
            notes=(*self.target.notes, ENDS_AGAIN) if ends_again else self.target.notes,
        )

    def _lacks_only_its_end(self) -> bool:
        """Whether every job has its result and yet the run did not end well.

        So it is where the output of the pipeline could not be computed, or a stop met the very end.
        """
        found = [self.facts.get(job) for job in self.target.needs]
        return self.history.unfinished and all(facts is not None and facts.usable for facts in found)

    def warnings(self) -> Iterator[tuple[str, str]]:
        """Jobs, and what the person should know about what they keep."""
        for job, what in self._kept_although_changed():
            yield job, f"{what}; --strategy changed runs what changed"
        for job in self.running:
            if count := failures_kept(self._job(job), self.facts.get(job), self.target.items.get(job)):
                what = "1 item that failed is" if count == 1 else f"{count} items that failed are"
                yield job, f"{what} left out, and failed still"

    def _kept_although_changed(self) -> Iterator[tuple[str, str]]:
        """Jobs whose results, or those of items, are kept although something changed, and what."""
        for job, facts in self.facts.items():
            part = changed_part(facts, self.target.fingerprints[job])
            if part and facts.good and job not in self.wanted:
                yield job, f"{part.value}, yet its result is kept"
            elif found := self._items_kept_although_changed(job, facts):
                yield job, f"{found[0].value}, yet the results of {found[1]} items are kept"
            if job in self.running and (why := self._job(job).stale):
                yield job, f"{why}, yet items that are not named keep their results"

    def _items_kept_although_changed(self, job: str, facts: JobFacts) -> tuple[Reason, int] | None:
        now = self.target.items.get(job)
        if now is None or (job not in self.running and not facts.good):
            return None
        plan = self._job(job)
        if plan.action is Action.RUN and plan.reuse is not ItemReuse.PLANNED:
            return None
        running = {item.key for item in plan.items if item.action is Action.RUN}
        return kept_changed(facts.items, now, running)

    def _roots(self, strategy: Strategy) -> dict[str, Reason]:
        """The jobs that a rerun begins with: by themselves, or because of one of their items."""
        now, force = self.target.fingerprints, self.request.force
        named = self.named | self.items.keys()
        own = roots(strategy, named, self.facts, now, force=force)
        spoken = [job for job in self.target.items if job not in own and (not named or job in named)]
        found = {
            job: item_roots(self._asked(job), self.facts.get(job), self.target.items[job]) for job in spoken
        }
        because = {job: next(iter(items.values())) for job, items in found.items() if items}
        return {job: (own | because)[job] for job in now if job in own or job in because}

    def _asked(self, job: str) -> ItemRequest:
        return ItemRequest(
            job=job,
            strategy=self.request.chosen,
            named=job in self.named,
            keys=frozenset() if job in self.named else self.items.get(job, frozenset()),
            force=self.request.force,
        )

    def _with_items(self, job: str, plan: JobPlan) -> JobPlan:
        """The plan of a job that runs, with what it does to its items where it is a map."""
        if job not in self.target.items:
            return plan
        after = bool(self.target.upstream[job] & self.running)
        now, asked = self.target.items[job], self._asked(job)
        outdated = self._outdated(job)
        items = items_plan(
            asked, plan.reason, self.facts.get(job), now, after_upstream=after, outdated=outdated
        )
        return plan.model_copy(update=items.fields())

    def _outdated(self, job: str) -> str:
        """What was run again since the items of a map were recorded; a person may have accepted that."""
        facts = self.facts.get(job)
        if facts is None or facts.items_at is None or facts.good or facts.warning:
            return facts.stale_reason if facts and facts.stale else ""
        needs = (
            (need, self.facts[need].origin) for need in sorted(self.target.needs[job] & self.facts.keys())
        )
        newer = (f"{need} was run again in attempt {at}" for need, at in needs if at > facts.items_at)
        return next(newer, "")

    def _with_downstream(self) -> frozenset[str]:
        upstream = self.target.upstream
        return frozenset(
            job for job in self.target.needs if job in self.roots or upstream[job] & self.roots.keys()
        )

    def _missing(self) -> dict[str, str]:
        """For every wanted job that cannot run: the job whose result it lacks."""
        missing: dict[str, str] = {}
        for job in self.target.order:
            lacks = [need for need in sorted(self.target.needs[job]) if self._lacking(need, missing)]
            if job in self.wanted and lacks:
                missing[job] = missing.get(lacks[0], lacks[0])
        return missing

    def _of_other_params(self) -> frozenset[str]:
        """Results that stay and were made with other parameters: what depends on them is stale with them."""
        now = self.target.fingerprints
        return frozenset(job for job, facts in self.facts.items() if params_changed(facts, now[job]))

    def _lacking(self, need: str, missing: Mapping[str, str]) -> bool:
        facts = self.facts.get(need)
        if need in self.wanted:
            return need in missing
        return facts is None or not facts.usable

    def _job(self, job: str) -> JobPlan:
        facts = self.facts.get(job)
        origin = facts.origin if facts and facts.good else None
        if job in self.missing:
            return JobPlan(action=Action.BLOCKED, reason=Reason.MISSING_OUTPUT, detail=self.missing[job])
        if job in self.running:
            reason, detail = self._why(job, facts)
            plan = JobPlan(action=Action.RUN, reason=reason, detail=detail, origin=origin)
            return self._with_items(job, plan)
        if facts is None or not (facts.good or facts.warning):
            return _left_out(facts)
        return self._kept(job, facts)

    def _why(self, job: str, facts: JobFacts | None) -> tuple[Reason, str]:
        own, above = self.roots.get(job), self._cause(job, self.roots.keys())
        never_began = own is Reason.FAILED and facts is not None and not facts.began
        if above and (own is None or never_began):
            return Reason.DOWNSTREAM, above
        if own is Reason.FAILED and facts is not None:
            return own, "did not begin" if never_began else _besides_failed(facts.status)
        return own or Reason.SELECTED, facts.stale_reason if facts and own is Reason.INPUT_CHANGED else ""

    def _kept(self, job: str, facts: JobFacts) -> JobPlan:
        now = self.target.fingerprints[job]
        cause = self._cause(job, self.moved)
        part = changed_part(facts, now)
        renamed = self.target.renamed.get(job, "") if job not in self.history.jobs else ""
        if cause:
            return self._stale(facts, Reason.DOWNSTREAM, cause)
        if params_changed(facts, now):
            return self._stale(facts, Reason.PARAMS_CHANGED, "")
        if facts.stale:
            return self._stale(facts, Reason.INPUT_CHANGED, facts.stale_reason)
        if not facts.good:
            return _left_out(facts)
        if facts.status is JobStatus.SKIPPED:
            return JobPlan(action=Action.SKIP, reason=facts.reason, origin=facts.origin)
        reason, detail = (Reason.NOT_SELECTED, part.value) if part else (Reason.UNCHANGED, "")
        detail = f"renamed from {renamed}" if renamed else detail
        gone = removed_items(facts.items, self.target.items.get(job))
        return JobPlan(action=Action.REUSE, reason=reason, detail=detail, origin=facts.origin, items=gone)

    @staticmethod
    def _stale(facts: JobFacts, reason: Reason, detail: str) -> JobPlan:
        return JobPlan(action=Action.STALE, reason=reason, detail=detail, origin=facts.origin)

    def _cause(self, job: str, causes: Iterable[str]) -> str:
        """The first of the causes above the job, however the definition orders them."""
        above = self.target.upstream[job].intersection(causes)
        return min(above, key=lambda cause: (len(self.target.upstream[cause]), cause), default="")
