"""Where a rerun begins: the jobs that have a reason of their own to run."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from bunsui.core.models.job import Fingerprint
from bunsui.core.models.status import Reason
from bunsui.core.session.facts import JobFacts
from bunsui.core.session.requests import Strategy

Own = Callable[[JobFacts | None, Fingerprint], Reason | None]


def changed_part(facts: JobFacts, now: Fingerprint) -> Reason | None:
    """The first part of the fingerprint that is not what it was when the result was made."""
    then = facts.fingerprint
    if then is None:
        return None
    if then.definition != now.definition:
        return Reason.DEFINITION_CHANGED
    if then.code and then.code != now.code:
        return Reason.CODE_CHANGED
    return Reason.PARAMS_CHANGED if params_changed(facts, now) else None


def params_changed(facts: JobFacts | None, now: Fingerprint) -> bool:
    """Whether a result was made with other parameters: then it is no result of this run."""
    then = facts.fingerprint.params if facts and facts.fingerprint else ""
    return bool(then) and then != now.params


def unfinished(facts: JobFacts | None, now: Fingerprint) -> Reason | None:
    """Why a job has no result of this run that can be read. A failure that was only a warning is settled."""
    if facts is None:
        return Reason.ADDED
    if not facts.good and not facts.warning:
        return Reason.FAILED
    if not facts.available:
        return Reason.MISSING_OUTPUT
    return Reason.PARAMS_CHANGED if params_changed(facts, now) else None


def changed(facts: JobFacts | None, now: Fingerprint) -> Reason | None:
    """Why a job would give another result now than the one it has, or has none."""
    if facts is None or not facts.usable:
        return unfinished(facts, now)
    return changed_part(facts, now) or (Reason.INPUT_CHANGED if facts.stale else None)


_OWN: Mapping[Strategy, Own] = {
    Strategy.FAILED: unfinished,
    Strategy.CHANGED: changed,
    Strategy.ALL: lambda _facts, _now: Reason.SELECTED,
}


def roots(
    strategy: Strategy,
    named: frozenset[str],
    facts: Mapping[str, JobFacts],
    now: Mapping[str, Fingerprint],
    *,
    force: bool,
) -> dict[str, Reason]:
    """The jobs that a rerun begins with, and why.

    `from` and `only` begin with the named jobs; `from` also with those whose parameters changed, since
    their results are not of this run. The other strategies choose for themselves, among the named jobs
    where some are named. Force adds the named jobs that they would leave alone.
    """
    if strategy in _OWN:
        own = {job: _OWN[strategy](facts.get(job), now[job]) for job in now if not named or job in named}
        found = {job: reason for job, reason in own.items() if reason is not None}
        return {**dict.fromkeys(named, Reason.FORCED), **found} if force else found
    found = {job: Reason.PARAMS_CHANGED for job in now if params_changed(facts.get(job), now[job])}
    chosen = dict.fromkeys(named, Reason.SELECTED)
    return chosen if strategy is Strategy.ONLY else {**found, **chosen}
