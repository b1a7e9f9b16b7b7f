"""Types, values and keys of a definition, checked by the model and said in the words of the file."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from bunsui.core.models.base import JsonValue
from bunsui.core.models.pipeline import (
    KINDS,
    Approval,
    Defaults,
    Job,
    MapSpec,
    Operation,
    Parameter,
    Pipeline,
    Retry,
)
from bunsui.core.pipeline.findings import KeyPath, Problem, nearest
from bunsui.core.pipeline.wording import message_of, missing, near_kind, near_value, one_of

__all__ = ["check_shape", "normalised", "way_in"]

_GROUPS: Mapping[str | int, type[BaseModel]] = {"jobs": Job, "params": Parameter}
_PARTS: Mapping[str | int, type[BaseModel]] = {
    "retry": Retry,
    "map": MapSpec,
    "approval": Approval,
    "defaults": Defaults,
}
_OPERATIONS: Mapping[str | int, type[BaseModel]] = {
    model.model_fields["kind"].default: model for model in get_args(get_args(Operation)[0])
}


def check_shape(document: JsonValue) -> tuple[Pipeline | None, list[Problem]]:
    """The pipeline in a document, or None and all that keeps the model from reading it."""
    if not isinstance(document, dict):
        return None, [Problem(path=(), message=f"a pipeline is a mapping, not {_kind(document)}")]
    plain, problems = normalised(document)
    try:
        pipeline = Pipeline.model_validate(plain)
    except ValidationError as exc:
        errors = exc.errors(include_url=False, include_context=True)
        return None, problems + _problems(errors, document)
    return pipeline, problems


def normalised(document: dict[str, JsonValue]) -> tuple[dict[str, JsonValue], list[Problem]]:
    """The document with every shorthand under `operations`, and jobs that have more than one of them."""
    jobs = document.get("jobs")
    if not isinstance(jobs, dict):
        return document, []
    problems = [
        Problem(path=("jobs", name, word), message=_ONE_OF, on_key=True)
        for name, job in jobs.items()
        if isinstance(job, dict)
        for word in _said_again(job)
    ]
    return {**document, "jobs": {name: _job(job) for name, job in jobs.items()}}, problems


_ONE_OF = f"a job has one of {', '.join(KINDS)}, or operations"


def _said_again(job: dict[str, JsonValue]) -> list[str]:
    return [key for key in job if key in {*KINDS, "operations"}][1:]


def _job(job: JsonValue) -> JsonValue:
    if not isinstance(job, dict):
        return job
    short: list[JsonValue] = [{kind: job[kind]} for kind in KINDS if kind in job]
    listed = job.get("operations", [])
    if not short or not isinstance(listed, list):
        return job
    rest = {key: value for key, value in job.items() if key not in KINDS}
    return {**rest, "operations": [*listed, *short]}


def _kind(document: JsonValue) -> str:
    """What a file holds that is no pipeline, without a word of it: it may be anybody's."""
    if isinstance(document, str | list):
        return "text" if isinstance(document, str) else "a list"
    return "empty" if document is None else "a single value"


def _problems(errors: list[ErrorDetails], document: dict[str, JsonValue]) -> list[Problem]:
    paths = [way_in(error["loc"], document) for error in errors]
    return [
        _problem(error, path)
        for error, path in zip(errors, paths, strict=True)
        if not _follows(error, path, errors, paths)
    ]


def _follows(error: ErrorDetails, path: KeyPath, errors: list[ErrorDetails], paths: list[KeyPath]) -> bool:
    """Whether an error only repeats another: an empty list because its entries are wrong, a typing error."""
    if error["type"] == "too_short":
        return bool(error["input"])
    if error["type"] == "missing" and path[-1:] == ("operations",):
        strange = [at for one, at in zip(errors, paths, strict=True) if one["type"] == "extra_forbidden"]
        beside = [str(at[-1]) for at in strange if at[:-1] == path[:-1]]
        return any(nearest(word, [*KINDS, "operations"]) for word in beside)
    return False


def way_in(loc: KeyPath, document: JsonValue) -> KeyPath:
    """The way in the file to a place of the model, which has levels that a shorthand leaves out."""
    way: list[str | int] = []
    here: Any = document
    for part in loc:
        inside = _inside(here, part)
        if inside is not _NOWHERE:
            here = inside
        elif part != loc[-1] or part == "[key]" or isinstance(part, int):
            continue
        way.append(part)
    return tuple(way)


_NOWHERE = object()


def _inside(here: Any, part: str | int) -> Any:
    if isinstance(here, dict):
        return here.get(part, _NOWHERE)
    return here[part] if isinstance(here, list) and isinstance(part, int) and part < len(here) else _NOWHERE


def _problem(error: ErrorDetails, path: KeyPath) -> Problem:
    kind = error["type"]
    if kind == "extra_forbidden":
        near = nearest(str(path[-1]), _known(error["loc"][:-1]))
        return Problem(path=path, message="this key is unknown", suggestion=near, on_key=True)
    if kind == "missing":
        return Problem(path=path, message=missing(path), on_key=True)
    if kind in {"enum", "literal_error", "union_tag_invalid"}:
        return Problem(path=path, message=one_of(error), suggestion=near_value(error))
    on_key = error["loc"][-1:] == ("[key]",)
    return Problem(path=path, message=message_of(error), suggestion=near_kind(error), on_key=on_key)


def _known(loc: KeyPath) -> list[str]:
    """The keys of the mapping at a place of the model, as definitions write them."""
    model: type[BaseModel] = _model(loc)
    keys = [field for field in model.model_fields if field != "kind"]
    return keys + list(KINDS) if model is Job else keys


def _model(loc: KeyPath) -> type[BaseModel]:
    if len(loc) == 2 and loc[0] in _GROUPS:
        return _GROUPS[loc[0]]
    return {**_PARTS, **_OPERATIONS}.get(loc[-1], Pipeline) if loc else Pipeline
