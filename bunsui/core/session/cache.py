"""The cache: a result that is good for every session in which the same things decide it.

Not to be mixed with what a rerun keeps: that is a result of this session at its own place. A cached one is
taken where the plan says so, with the session and attempt that it comes from, and nowhere else; so it is
only looked for where the inputs are known when the plan is made.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from bunsui.core.models.base import JsonValue, digest
from bunsui.core.models.job import Fingerprint, JobRun
from bunsui.core.models.plan import JobPlan, RunPlan
from bunsui.core.models.session import Attempt
from bunsui.core.models.status import Action, Reason
from bunsui.core.pipeline.dag import templates_of
from bunsui.core.pipeline.references import references
from bunsui.core.ports.blobs import Blobs
from bunsui.core.session.definitions import Definition
from bunsui.core.session.ports import SessionPorts
from bunsui.errors import NotFound, StoreCorrupt

__all__ = ["WithCache", "cache_key", "inputs_digest", "with_cache"]

_ASKED_FOR = frozenset({Reason.SELECTED, Reason.FORCED})


@dataclass(frozen=True, slots=True)
class WithCache:
    """A plan, and by job the results of other sessions that it takes."""

    plan: RunPlan
    hits: Mapping[str, JobRun] = field(default_factory=dict)

    def results_for(self, attempt: Attempt) -> Iterator[JobRun]:
        """The results as those of an attempt."""
        own = {"session_id": attempt.session_id, "run_id": attempt.run_id, "origin": attempt.number}
        bare = {"gate": None, "warning": False, "stale": False, "stale_reason": ""}
        return (hit.model_copy(update={**own, **bare, "job": job}) for job, hit in self.hits.items())


def cache_key(pipeline: str, project: str, mark: Fingerprint) -> str:
    """Names what decides a result, whoever asks: pipeline and folder stand for the files beside the code."""
    return digest([pipeline, project, mark.model_dump()])


def inputs_digest(outputs: Mapping[str, str]) -> str:
    """The part of a fingerprint that says what a job was given: the digests of outputs, by need."""
    inputs: JsonValue = dict(sorted(outputs.items()))
    return digest(inputs)


async def with_cache(
    ports: SessionPorts,
    definition: Definition,
    project: str,
    marks: Mapping[str, Fingerprint],
    plan: RunPlan,
    known: Mapping[str, JobRun] | None = None,
) -> WithCache:
    """The plan with cached results in place of runs. A job that was asked for by name runs all the same.

    `marks` are the fingerprints of now, `known` the job runs that the plan keeps.
    """
    jobs, hits = dict(plan.jobs), dict[str, JobRun]()
    for name in definition.dag.order:
        planned = jobs[name]
        if not definition.pipeline.jobs[name].cache or planned.action is not Action.RUN:
            continue
        outputs = _outputs(definition.dag.needs[name], jobs, {**(known or {}), **hits})
        if planned.reason in _ASKED_FOR or outputs is None:
            continue
        mark = marks[name].model_copy(update={"inputs": inputs_digest(outputs)})
        hit = await ports.store.jobs.cached(cache_key(definition.pipeline.name, project, mark))
        if hit is not None and await _readable(ports.blobs, hit):
            hits[name], jobs[name] = hit, _taken(hit, _secrets(definition, name))
    return WithCache(plan.model_copy(update={"jobs": jobs}), hits)


def _outputs(
    needs: frozenset[str], plans: Mapping[str, JobPlan], known: Mapping[str, JobRun]
) -> dict[str, str] | None:
    """The digests of what a job would be given; None where that is not known yet."""
    if any(plans[need].action not in (Action.REUSE, Action.SKIP) or need not in known for need in needs):
        return None
    outputs = {need: known[need].output for need in needs}
    return {need: output.digest for need, output in outputs.items() if output is not None}


def _secrets(definition: Definition, job: str) -> list[str]:
    """The secret parameters that a job reads. Only their references are part of its fingerprint."""
    read = references(templates_of(definition.pipeline.jobs[job]))
    return sorted(definition.secrets if "params" in read.dynamic else definition.secrets & read.params)


def _taken(hit: JobRun, secrets: list[str]) -> JobPlan:
    """The plan with the origin, and with what nobody can compare: no hash of a secret is kept."""
    detail = f"session {hit.session_id} run {hit.run_id} attempt {hit.attempt}"
    unseen = f", whatever {' and '.join(secrets)} held then" if secrets else ""
    return JobPlan(action=Action.REUSE, reason=Reason.CACHED, detail=detail + unseen)


async def _readable(blobs: Blobs, hit: JobRun) -> bool:
    """Whether all values of the record can be read. Storing them again keeps them from being cleared."""
    kept = [one.blob for one in (hit.input, hit.output) if one is not None and one.blob is not None]
    try:
        for key in kept:
            await blobs.put(await blobs.get(key))
    except (NotFound, StoreCorrupt):
        return False
    return True
