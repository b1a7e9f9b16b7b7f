"""Check what the parts of a definition say about each other."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import Any

from pydantic import ValidationError

from bunsui.core.json_text import EXACT, kept_exactly
from bunsui.core.models.base import JsonValue
from bunsui.core.models.pipeline import Parameter, ParameterType, Pipeline
from bunsui.core.pipeline.check_expressions import check_expressions, implied_needs
from bunsui.core.pipeline.dag import cycle
from bunsui.core.pipeline.document import Document, Positions
from bunsui.core.pipeline.findings import Finding, KeyPath, Problem, nearest
from bunsui.core.pipeline.parameters import misfit
from bunsui.core.pipeline.references import references
from bunsui.core.pipeline.slots import jobs_of, operations_of

__all__ = ["check", "check_meaning", "unwritten"]

_CYCLES = 20


def check(pipeline: Pipeline) -> list[Finding]:
    """Findings about a pipeline that was built in Python; they have no places."""
    document = unwritten(pipeline)
    return document.findings(check_meaning(document.value))


def unwritten(pipeline: Pipeline) -> Document:
    """The document of a pipeline that stands in no file."""
    return Document(pipeline.name, pipeline.model_dump(mode="json", exclude_none=True), Positions())


def check_meaning(document: JsonValue) -> list[Problem]:
    """Problems of a document whatever its shape: expressions, needs, cycles, parameters, renames, retries."""
    if not isinstance(document, dict):
        return []
    return [
        *_numbers({key: value for key, value in document.items() if key != "params"}),
        *check_expressions(document),
        *_unknown_needs(document),
        *_cycles(document),
        *_parameters(document.get("params")),
        *_renames(document),
        *_jobs(document),
        *_retry(("defaults", "retry"), _at(document, "defaults", "retry")),
    ]


def _numbers(value: JsonValue, path: KeyPath = ()) -> Iterator[Problem]:
    """Numbers that a job would not be given as they are written."""
    if isinstance(value, dict | list):
        for key, inner in value.items() if isinstance(value, dict) else enumerate(value):
            yield from _numbers(inner, (*path, key))
    elif isinstance(value, int | float) and not kept_exactly(value):
        whole = f"is beyond {EXACT:,}, up to which numbers are kept exactly: quote it to make it text"
        why = whole if isinstance(value, int) else "is infinite or NaN, which JSON does not have"
        yield Problem(path=path, message=why)


def _at(value: Any, *keys: str) -> Any:
    for key in keys:
        value = value.get(key) if isinstance(value, dict) else None
    return value


def _written_needs(job: dict[str, Any]) -> list[tuple[int, str]]:
    needs = job.get("needs")
    return (
        [(i, need) for i, need in enumerate(needs) if isinstance(need, str)]
        if isinstance(needs, list)
        else []
    )


def _unknown_needs(document: dict[str, JsonValue]) -> Iterator[Problem]:
    names = _at(document, "jobs")
    for name, job in jobs_of(document).items():
        seen: set[str] = set()
        for index, need in _written_needs(job):
            path: KeyPath = ("jobs", name, "needs", index)
            if need not in names:
                yield Problem(path=path, message=f"there is no job {need!r}", suggestion=nearest(need, names))
            elif need in seen:
                yield Problem(path=path, message=f"{need!r} is here twice")
            seen.add(need)


def _cycles(document: dict[str, JsonValue]) -> Iterator[Problem]:
    implied = implied_needs(document)
    needs = {
        name: {need for _, need in _written_needs(job)} | implied[name]
        for name, job in jobs_of(document).items()
    }
    for _ in range(_CYCLES):
        ring = cycle(needs)
        if not ring:
            return
        message = f"the jobs need each other in a cycle: {' -> '.join(ring)}"
        yield Problem(path=("jobs", ring[0], "needs"), message=message, on_key=True)
        needs[ring[0]] -= {ring[1]}


def _parameters(params: JsonValue) -> Iterator[Problem]:
    for name, raw in params.items() if isinstance(params, dict) else ():
        try:
            parameter = Parameter.model_validate(raw)
        except ValidationError:
            continue
        yield from _parameter(("params", name), parameter)


def _parameter(path: KeyPath, parameter: Parameter) -> Iterator[Problem]:
    try:
        re.compile(parameter.pattern or "")
    except (re.error, OverflowError, RecursionError) as exc:
        yield Problem(path=(*path, "pattern"), message=f"is no regular expression: {exc}")
        return
    plain = parameter.model_copy(update={"enum": None})
    for index, value in enumerate(parameter.enum or ()):
        if why := misfit(value, plain):
            yield Problem(path=(*path, "enum", index), message=why)
    low, high = parameter.minimum, parameter.maximum
    if low is not None and high is not None and low > high:
        yield Problem(path=(*path, "maximum"), message=f"is below the minimum, {low:.15g}")
    why = misfit(parameter.default, parameter) if parameter.default is not None else ""
    if why:
        yield Problem(path=(*path, "default"), message=why)


def _renames(document: dict[str, JsonValue]) -> Iterator[Problem]:
    seen: set[str] = set()
    for name, job in jobs_of(document).items():
        before = job.get("renamed_from")
        path: KeyPath = ("jobs", name, "renamed_from")
        if not isinstance(before, str):
            continue
        if before in _at(document, "jobs"):
            yield Problem(path=path, message=f"there still is a job {before!r}")
        elif before in seen:
            yield Problem(path=path, message=f"another job was renamed from {before!r} too")
        seen.add(before)


def _jobs(document: dict[str, JsonValue]) -> Iterator[Problem]:
    params = document.get("params")
    named = params.items() if isinstance(params, dict) else ()
    secrets = {name for name, raw in named if _at(raw, "type") == ParameterType.SECRET}
    for name, job in jobs_of(document).items():
        yield from _retry(("jobs", name, "retry"), job.get("retry"))
        yield from _batch(name, job)
        yield from _cache(name, job)
        yield from _commands(name, job, secrets)
        globs = job.get("code")
        for index, glob in enumerate(globs if isinstance(globs, list) else []):
            if isinstance(glob, str) and (why := _unusable(glob)):
                yield Problem(path=("jobs", name, "code", index), message=why)


def _batch(name: str, job: dict[str, Any]) -> Iterator[Problem]:
    """A batch is one call: what takes it must know how to go through its items."""
    if _at(job, "map", "batch") is None:
        return
    kinds = [kind for _, kind, _ in operations_of(job)]
    if len(kinds) != 1 or kinds[0] not in {"lambda", "ecs"}:
        message = "goes with exactly one operation, of kind lambda or ecs"
        yield Problem(path=("jobs", name, "map", "batch"), message=message, on_key=True)


def _cache(name: str, job: dict[str, Any]) -> Iterator[Problem]:
    """A result that is good for any session can hang on nothing of one, and nobody is asked about it."""
    if job.get("cache") is not True:
        return
    path: KeyPath = ("jobs", name, "cache")
    for other in ("map", "approval"):
        if job.get(other) is not None:
            yield Problem(path=path, message=f"cannot be combined with {other}", on_key=True)
    if "session" in references(value for key, value in job.items() if key != "needs").variables:
        message = "the job reads $session: its result is good for one session only"
        yield Problem(path=path, message=message, on_key=True)


def _commands(name: str, job: dict[str, Any], secrets: set[str]) -> Iterator[Problem]:
    """Everybody on a machine can read the commands of its processes."""
    for way, kind, body in operations_of(job):
        found = references([body.get("command")]).params & secrets if kind == "ecs" else ()
        for secret in sorted(found):
            message = f"the secret {secret} could be read in the list of processes: use env or input"
            yield Problem(path=("jobs", name, *way, "command"), message=message)


def _unusable(glob: str) -> str:
    path = PurePosixPath(glob)
    if path.is_absolute() or ".." in path.parts:
        return "must stay inside the project's folder"
    odd = not path.parts or any("**" in part and part != "**" for part in path.parts)
    return "is no pattern of files: write for instance sql/**/*.sql" if odd else ""


def _retry(path: KeyPath, retry: Any) -> Iterator[Problem]:
    errors = _at(retry, "errors")
    if isinstance(errors, list) and "States.ALL" in errors and len(errors) > 1:
        yield Problem(path=(*path, "errors"), message="States.ALL must stand alone")
