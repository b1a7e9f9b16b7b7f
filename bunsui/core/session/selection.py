"""Names that callers give: `[RUN/]JOB`, `[RUN/]JOB.memory` and `[RUN/]PARAMETER`."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from difflib import get_close_matches

from bunsui.core.models.base import JsonValue
from bunsui.core.models.session import Overrides
from bunsui.errors import NotFound, UsageError

RESOURCES = ("memory", "cpu", "timeout")
_NUMBER = re.compile(r"[1-9][0-9]{0,7}", re.ASCII)


def named_jobs(names: Iterable[str], runs: Mapping[str, Collection[str]]) -> dict[str, frozenset[str]]:
    """The jobs meant, by run. Without a run a name means the job in every run that has it.

    Raises NotFound when no run has it, naming the nearest.
    """
    found: dict[str, set[str]] = {}
    for name in names:
        for run, job in _places(name, runs, "job"):
            found.setdefault(run, set()).add(job)
    return {run: frozenset(jobs) for run, jobs in found.items()}


def named_items(
    names: Iterable[str], runs: Mapping[str, Collection[str]]
) -> dict[str, dict[str, frozenset[str]]]:
    """The items meant, by run and map job, from `[RUN/]JOB:KEY`; a key may hold any further colon.

    Raises UsageError without a key, NotFound when no run has the map job.
    """
    found: dict[str, dict[str, frozenset[str]]] = {}
    for name in names:
        job, colon, key = name.partition(":")
        if not colon or not key:
            raise UsageError(f"{name!r} names no item: it takes [RUN/]JOB:KEY.")
        for run, short in _places(job, runs, "job"):
            jobs = found.setdefault(run, {})
            jobs[short] = jobs.get(short, frozenset()) | {key}
    return found


def overrides_for(
    given: Mapping[str, JsonValue], runs: Mapping[str, Collection[str]]
) -> dict[str, dict[str, Overrides]]:
    """Resource overrides by run and job; what is given for one run counts there, whatever is given for all.

    Raises UsageError for a resource or a number that is none.
    """
    found: dict[str, dict[str, Overrides]] = {}
    for name, value in _general_first(given):
        place, dot, resource = name.rpartition(".")
        if not dot or resource not in RESOURCES:
            raise UsageError(
                f"{name!r} is no override: it takes JOB.{'|'.join(RESOURCES)}.",
                next_steps=["For instance --override clean.memory=1024"],
            )
        for run, job in _places(place, runs, "job"):
            jobs = found.setdefault(run, {})
            jobs[job] = jobs.get(job, Overrides()).model_copy(update={resource: _number(name, value)})
    return found


def params_for(
    given: Mapping[str, JsonValue], runs: Mapping[str, Collection[str]]
) -> dict[str, dict[str, JsonValue]]:
    """Parameters by run: one without a run goes to every run that declares it and has none of its own.

    Raises UsageError when no run declares it.
    """
    found: dict[str, dict[str, JsonValue]] = {}
    for name, value in _general_first(given):
        for run, param in _places(name, runs, "parameter"):
            found.setdefault(run, {})[param] = value
    return found


def _general_first(given: Mapping[str, JsonValue]) -> list[tuple[str, JsonValue]]:
    """Names without a run come before those of one run, which they would replace otherwise."""
    return sorted(given.items(), key=lambda entry: "/" in entry[0])


def _places(name: str, runs: Mapping[str, Collection[str]], noun: str) -> list[tuple[str, str]]:
    run, slash, short = name.rpartition("/")
    if slash and run not in runs:
        message, hint = _unknown("run", run, runs)
        raise NotFound(message, next_steps=[hint])
    places = [(each, short) for each, known in runs.items() if short in known and (not slash or each == run)]
    if not places:
        known = {one for each, all_ in runs.items() if not slash or each == run for one in all_}
        error = NotFound if noun == "job" else UsageError
        message, hint = _unknown(noun, name, known)
        raise error(message, next_steps=[hint])
    return places


def _number(name: str, value: JsonValue) -> int:
    found = _NUMBER.fullmatch(str(value))
    if found is None:
        raise UsageError(
            f"Override {name} must be a whole number above 0, of at most 8 digits, not {value!r}.",
            next_steps=["Give memory in MiB, cpu in units of which 1024 are one, and timeout in seconds"],
        )
    return int(found[0])


def _unknown(noun: str, name: str, known: Iterable[str]) -> tuple[str, str]:
    near = get_close_matches(name.rpartition("/")[2], sorted(known), n=1)
    hint = f"Did you mean {near[0]}?" if near else f"There are: {', '.join(sorted(known)) or 'none'}."
    where = "" if noun == "parameter" else " in this session"
    return f"There is no {noun} {name}{where}.", hint
