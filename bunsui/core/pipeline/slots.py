"""Places of a definition that hold expressions, with the variables that are bound there.

They are found in the plain document, also where other parts of it are wrong, so that one pass names
every problem.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from bunsui.core.models.base import JsonValue
from bunsui.core.models.pipeline import KINDS
from bunsui.core.pipeline.findings import KeyPath

__all__ = ["Slot", "jobs_of", "operations_of", "slots"]

COMMON = frozenset({"params", "jobs", "session"})
_TEMPLATES = {
    "lambda": ("input",),
    "ecs": ("command", "env", "input"),
    "step_functions": ("input",),
    "aws": ("arguments",),
}


@dataclass(frozen=True, slots=True)
class Slot:
    """A value that may hold expressions.

    `mode` is `template` (whole strings at any depth), `expression` (must be one), `text` (anywhere
    inside a text) or `none` (a text in which none is evaluated). `job` is the job it belongs to.
    """

    path: KeyPath
    value: JsonValue
    variables: frozenset[str]
    mode: str = "template"
    job: str | None = None


def jobs_of(document: JsonValue) -> dict[str, dict[str, Any]]:
    """The jobs that are mappings."""
    jobs = document.get("jobs") if isinstance(document, dict) else None
    return (
        {name: job for name, job in jobs.items() if isinstance(job, dict)} if isinstance(jobs, dict) else {}
    )


def operations_of(job: dict[str, Any]) -> Iterator[tuple[KeyPath, str, dict[str, Any]]]:
    """The operations of a job in either spelling: the way to each, its kind and its body."""
    for kind in KINDS:
        if isinstance(job.get(kind), dict):
            yield (kind,), kind, job[kind]
    listed = job.get("operations")
    for index, entry in enumerate(listed if isinstance(listed, list) else []):
        if isinstance(entry, dict) and entry.get("kind") in KINDS:
            yield ("operations", index), entry["kind"], entry
        elif isinstance(entry, dict):
            yield from (
                (("operations", index, *way), kind, body) for way, kind, body in operations_of_entry(entry)
            )


def operations_of_entry(entry: dict[str, Any]) -> Iterator[tuple[KeyPath, str, dict[str, Any]]]:
    """The operation in `{lambda: {…}}`."""
    return (((kind,), kind, entry[kind]) for kind in KINDS if isinstance(entry.get(kind), dict))


def slots(document: JsonValue) -> Iterator[Slot]:
    """Every slot of the document, in order."""
    for name, job in jobs_of(document).items():
        yield from _of_job(name, job)
    if isinstance(document, dict) and "output" in document:
        yield Slot(("output",), document["output"], COMMON)


def _of_job(name: str, job: dict[str, Any]) -> Iterator[Slot]:
    here: KeyPath = ("jobs", name)
    mapped = job.get("map")
    if "when" in job:
        yield Slot((*here, "when"), job["when"], COMMON, "expression", name)
    if isinstance(mapped, dict):
        yield Slot((*here, "map", "items"), mapped.get("items"), COMMON, "template", name)
        if mapped.get("key") is not None:
            yield Slot((*here, "map", "key"), mapped["key"], COMMON | {"item"}, "expression", name)
    if isinstance(job.get("approval"), dict):
        yield Slot((*here, "approval", "message"), job["approval"].get("message"), COMMON, "text", name)
    inside = COMMON | ({"item"} if mapped is not None else set())
    for way, kind, body in operations_of(job):
        yield from _of_operation((*here, *way), kind, body, inside, name)


def _of_operation(
    path: KeyPath, kind: str, body: dict[str, Any], inside: frozenset[str], job: str
) -> Iterator[Slot]:
    for key, value in body.items():
        variables = inside | {"token"} if kind == "aws" else inside
        yield Slot((*path, key), value, variables, "template" if key in _TEMPLATES[kind] else "none", job)
