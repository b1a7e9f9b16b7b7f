"""The DAG of a pipeline: who needs whom."""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Mapping
from functools import cached_property

from bunsui.core.models.base import JsonValue
from bunsui.core.models.pipeline import AwsOperation, EcsOperation, Job, Operation, Pipeline
from bunsui.core.pipeline.findings import Finding, invalid, nearest, spelled
from bunsui.core.pipeline.path_cover import path_cover
from bunsui.core.pipeline.references import References, references

__all__ = ["Dag", "cycle", "job_references", "needs_of", "templates_of"]


class Dag:
    """Dependencies of jobs, explicit ones and those that a literal `$jobs.x` implies.

    `order` is topological, and by definition order where that leaves a choice. Raises
    DefinitionInvalid for an unknown job or a cycle, which is named whole.
    """

    def __init__(self, pipeline: Pipeline) -> None:
        self.needs: Mapping[str, frozenset[str]] = {
            name: needs_of(job) for name, job in pipeline.jobs.items()
        }
        findings = _unknown(self.needs)
        if not findings and (ring := cycle(self.needs)):
            message = f"the jobs need each other in a cycle: {' -> '.join(ring)}"
            findings = [Finding(key=spelled(("jobs", ring[0], "needs")), message=message)]
        if findings:
            raise invalid(findings)
        self.dependents: Mapping[str, frozenset[str]] = _reversed(self.needs)
        self.order: tuple[str, ...] = tuple(_ordered(self.needs, self.dependents))

    def upstream(self, job: str) -> frozenset[str]:
        """All that the job needs, directly or not."""
        return self._upstream[job]

    def downstream(self, job: str) -> frozenset[str]:
        """All that need the job, directly or not."""
        return self._downstream[job]

    def downstream_of(self, jobs: Iterable[str]) -> frozenset[str]:
        """All that need any of the jobs."""
        return frozenset().union(*(self._downstream[job] for job in jobs))

    def paths(self) -> list[list[str]]:
        """A smallest cover of the jobs by paths along dependencies."""
        return path_cover(self.order, self.dependents)

    def critical_path(self, durations: Mapping[str, float]) -> tuple[float, tuple[str, ...]]:
        """The longest way through the DAG: its length, and the jobs on it."""
        ends: dict[str, float] = {}
        last: dict[str, str | None] = {}
        for job in self.order:
            last[job] = max(sorted(self.needs[job]), key=ends.__getitem__, default=None)
            before = last[job]
            ends[job] = durations[job] + (0.0 if before is None else ends[before])
        way = [max(self.order, key=ends.__getitem__)]
        while (before := last[way[-1]]) is not None:
            way.append(before)
        return ends[way[0]], tuple(reversed(way))

    @cached_property
    def _upstream(self) -> dict[str, frozenset[str]]:
        return _closure(self.order, self.needs)

    @cached_property
    def _downstream(self) -> dict[str, frozenset[str]]:
        return _closure(reversed(self.order), self.dependents)


def templates_of(job: Job) -> list[JsonValue]:
    """The templates of a job that decide when and with what it runs, not the text of its gate."""
    gate: list[JsonValue] = [job.when] if job.when else []
    mapped: list[JsonValue] = [job.map.items, job.map.key] if job.map else []
    return gate + mapped + [template for operation in job.operations for template in _of(operation)]


def _of(operation: Operation) -> list[JsonValue]:
    if isinstance(operation, AwsOperation):
        return [dict(operation.arguments)]
    if isinstance(operation, EcsOperation):
        return [list(operation.command), dict(operation.env), operation.input]
    return [operation.input]


def job_references(job: Job) -> References:
    """What the expressions of a job read, its gate's message included."""
    message = job.approval.message if job.approval else ""
    inside = [f"{{%{part.partition('%}')[0]}%}}" for part in message.split("{%")[1:]]
    return references([*templates_of(job), *inside])


def needs_of(job: Job) -> frozenset[str]:
    """The jobs that must have ended before this one begins."""
    return frozenset(job.needs) | job_references(job).jobs


def cycle(needs: Mapping[str, Iterable[str]]) -> list[str]:
    """One cycle, closed (`a b a`), or an empty list. Unknown jobs are passed over."""
    done: set[str] = set()
    for root in needs:
        way, rest = ([root], [iter(sorted(needs[root]))]) if root not in done else ([], [])
        while way:
            step = next((to for to in rest[-1] if to in needs and to not in done), None)
            if step is None:
                done.add(way.pop())
                rest.pop()
            elif step in way:
                return [*way[way.index(step) :], step]
            else:
                way.append(step)
                rest.append(iter(sorted(needs[step])))
    return []


def _unknown(needs: Mapping[str, frozenset[str]]) -> list[Finding]:
    return [
        Finding(
            key=spelled(("jobs", job, "needs")),
            message=f"there is no job {name!r}",
            suggestion=nearest(name, needs),
        )
        for job, names in needs.items()
        for name in sorted(names - needs.keys())
    ]


def _reversed(needs: Mapping[str, frozenset[str]]) -> dict[str, frozenset[str]]:
    found: dict[str, set[str]] = {job: set() for job in needs}
    for job, names in needs.items():
        for name in names:
            found[name].add(job)
    return {job: frozenset(names) for job, names in found.items()}


def _ordered(needs: Mapping[str, frozenset[str]], dependents: Mapping[str, frozenset[str]]) -> list[str]:
    rank = {job: index for index, job in enumerate(needs)}
    open_needs = {job: len(names) for job, names in needs.items()}
    ready = [(rank[job], job) for job, count in open_needs.items() if count == 0]
    order: list[str] = []
    while ready:
        job = heapq.heappop(ready)[1]
        order.append(job)
        for following in dependents[job]:
            open_needs[following] -= 1
            if open_needs[following] == 0:
                heapq.heappush(ready, (rank[following], following))
    return order


def _closure(order: Iterable[str], edges: Mapping[str, frozenset[str]]) -> dict[str, frozenset[str]]:
    found: dict[str, frozenset[str]] = {}
    for job in order:
        found[job] = edges[job].union(*(found[other] for other in edges[job]))
    return found
