"""What the planner knows: what is to run now, and what ran before."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

from bunsui.core.models.job import Fingerprint
from bunsui.core.models.status import JobStatus, Reason
from bunsui.core.session.items import ItemFacts


@dataclass(frozen=True, slots=True, kw_only=True)
class JobFacts:
    """The newest result of a job. `origin` is the attempt that made it.

    `available` says whether its output can still be read; `began` whether it ever did. `warning` marks
    a failure that does not block. A map job has its `items` by key, recorded in the attempt `items_at`, as
    those of the job `items_as`.
    """

    status: JobStatus
    origin: int
    began: bool = True
    available: bool = True
    warning: bool = False
    stale: bool = False
    stale_reason: str = ""
    reason: Reason = Reason.NEW
    fingerprint: Fingerprint | None = None
    items: Mapping[str, ItemFacts] = field(default_factory=dict)
    items_at: int | None = None
    items_as: str = ""

    @property
    def good(self) -> bool:
        """Whether there is a result, or a decision to have none."""
        left_out = self.status is JobStatus.SKIPPED and self.reason is Reason.NOT_SELECTED
        return self.status.good and not left_out

    @property
    def usable(self) -> bool:
        """Whether what depends on the job could begin now."""
        return (self.good or self.warning) and self.available


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """What happened to a run so far: its newest attempt and the newest result of every job.

    `unfinished` says that the newest attempt ended and did not succeed.
    """

    attempt: int
    definition: str
    unfinished: bool = False
    jobs: Mapping[str, JobFacts]


@dataclass(frozen=True, kw_only=True)
class Target:
    """The definition that a rerun would use. `fingerprints` are those of now, without inputs.

    `needs` holds the jobs in definition order; `renamed` the former name of a job that says so. `items`
    has the map jobs: the fingerprints of their items by key, as the outputs of now give them; None where
    they cannot be known yet.
    """

    definition: str
    needs: Mapping[str, frozenset[str]]
    fingerprints: Mapping[str, Fingerprint]
    renamed: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    items: Mapping[str, Mapping[str, Fingerprint] | None] = field(default_factory=dict)

    @cached_property
    def upstream(self) -> Mapping[str, frozenset[str]]:
        """All that a job needs, directly or not."""
        found: dict[str, frozenset[str]] = {}
        for job in self.order:
            found[job] = self.needs[job].union(*(found[need] for need in self.needs[job]))
        return found

    @cached_property
    def order(self) -> tuple[str, ...]:
        """A topological order."""
        placed: dict[str, None] = {}
        waiting = list(self.needs)
        while waiting:
            ready = [job for job in waiting if self.needs[job] <= placed.keys()]
            placed.update(dict.fromkeys(ready))
            waiting = [job for job in waiting if job not in placed]
        return tuple(placed)

    def facts(self, history: History) -> dict[str, JobFacts]:
        """The newest results by the names that the jobs have now."""
        found: dict[str, JobFacts] = {}
        for job in self.needs:
            before = history.jobs.get(job) or history.jobs.get(self.renamed.get(job, job))
            if before is not None:
                found[job] = before
        return found

    def removed(self, history: History) -> list[str]:
        """Jobs that have results and are no longer part of the pipeline, under any name."""
        taken = {old for job, old in self.renamed.items() if job not in history.jobs}
        return [job for job in history.jobs if job not in self.needs and job not in taken]
