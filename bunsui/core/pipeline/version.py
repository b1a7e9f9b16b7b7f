"""The canonical form of a pipeline, and what is hashed of it.

The form holds every setting, defaults applied: each job carries the timeout and retry in force, all its
needs sorted (also those that an expression implies), operations flat with their `kind`, durations in
seconds. Absent options are left out. The version hash covers the form without descriptions; the order
of keys, of jobs and of needs, comments and spelling (`15m` or `900`) make no difference.
"""

from __future__ import annotations

from typing import Any

from bunsui.core.models.base import JsonValue, digest
from bunsui.core.models.job import Fingerprint
from bunsui.core.models.pipeline import Defaults, Job, Pipeline
from bunsui.core.pipeline.dag import needs_of, templates_of
from bunsui.core.pipeline.references import references

__all__ = ["canonical", "fingerprint", "item_fingerprint", "version_hash"]

# What says how a job is run or shown, and not what it gives. The digest of the code covers `code`.
# How a map goes through its items, which does not decide what they give.
_MANNER = frozenset({"max_concurrency", "batch", "mode"})
_NO_RESULT = frozenset(
    {"description", "severity", "retry", "pool", "approval", "renamed_from", "code", "cache"}
)


def canonical(pipeline: Pipeline) -> dict[str, JsonValue]:
    """The form that is stored; `Pipeline.model_validate` reads it back to an equivalent pipeline."""
    jobs = {name: _resolved(pipeline, name) for name in pipeline.jobs}
    plain = pipeline.model_copy(update={"defaults": Defaults(), "jobs": jobs})
    form: dict[str, JsonValue] = plain.model_dump(mode="json", exclude_none=True)
    del form["defaults"]
    return form


def version_hash(pipeline: Pipeline) -> str:
    """64 hex characters that name the version."""
    return digest(_undescribed(canonical(pipeline)))


def fingerprint(pipeline: Pipeline, job: str, params: dict[str, JsonValue], code: str) -> Fingerprint:
    """What decides the result of a job, but for its inputs: control adds their digest when it begins.

    `params` are the values of the run, of which only those count that the job's expressions read;
    `code` is the digest of the job's code. A need is counted under the name it had before a rename.
    """
    return Fingerprint(
        definition=digest(_deciding(pipeline, job)),
        code=code,
        params=digest(_read_params(pipeline.jobs[job], params)),
    )


def item_fingerprint(pipeline: Pipeline, job: str, params: dict[str, JsonValue], code: str) -> Fingerprint:
    """What decides the result of every item of a map job; the digest of what it is called with is added.

    The list of items and the way they are gone through make no difference to one of them.
    """
    form = _deciding(pipeline, job)
    own = {key: value for key, value in form.items() if key not in {"map", "needs"}}
    return Fingerprint(
        definition=digest(own), code=code, params=digest(_read_params(pipeline.jobs[job], params))
    )


def _resolved(pipeline: Pipeline, name: str) -> Job:
    job = pipeline.jobs[name]
    update = {
        "needs": tuple(sorted(needs_of(job))),
        "retry": pipeline.retry_of(name),
        "timeout": pipeline.timeout_of(name),
    }
    return job.model_copy(update=update)


def _undescribed(form: dict[str, Any]) -> JsonValue:
    named = {group: _without_description(form[group]) for group in ("params", "jobs")}
    return {**form, **named, "description": ""}


def _without_description(group: dict[str, dict[str, JsonValue]]) -> dict[str, JsonValue]:
    return {name: {**entry, "description": ""} for name, entry in group.items()}


def _deciding(pipeline: Pipeline, name: str) -> dict[str, Any]:
    form = _resolved(pipeline, name).model_dump(mode="json", exclude_none=True)
    before = {other: job.renamed_from or other for other, job in pipeline.jobs.items()}
    needs = sorted(before.get(need, need) for need in form["needs"])
    if "map" in form:
        form["map"] = {key: value for key, value in form["map"].items() if key not in _MANNER}
    return {**{key: value for key, value in form.items() if key not in _NO_RESULT}, "needs": needs}


def _read_params(job: Job, params: dict[str, JsonValue]) -> JsonValue:
    found = references(templates_of(job))
    if "params" in found.dynamic:
        return params
    return {name: params[name] for name in sorted(found.params) if name in params}
