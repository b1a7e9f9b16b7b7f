"""One pipeline over many values: `--each month=2026-01..2026-03` makes a run for every month."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from difflib import get_close_matches

from bunsui.core.models.base import JsonValue
from bunsui.core.models.pipeline import Pipeline
from bunsui.core.pipeline import check_params
from bunsui.errors import LimitExceeded, UsageError

MOST_RUNS = 1_000
_VALUE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,47}", re.ASCII)
_MONTH = re.compile(r"(\d{4})-(0[1-9]|1[0-2])", re.ASCII)
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)


@dataclass(frozen=True, slots=True)
class WantedRun:
    """A run to be: `pipeline`, or `pipeline@value` with the value of the parameter that is run over."""

    id: str
    pipeline: Pipeline
    own: Mapping[str, JsonValue] = field(default_factory=dict)

    def checked(self, given: Mapping[str, JsonValue]) -> dict[str, JsonValue]:
        """The parameters of the run. Raises UsageError for a misfit, and for one that is given twice."""
        twice = sorted(self.own.keys() & given.keys())
        if twice:
            raise UsageError(
                f"Run {self.id} is given {twice[0]} twice.", next_steps=["Give it by --param or by --each."]
            )
        return check_params(self.pipeline, {**given, **self.own})


def wanted_runs(pipelines: Sequence[Pipeline], each: Mapping[str, str]) -> list[WantedRun]:
    """The runs of a session: every pipeline that declares the parameter once for each of its values.

    Raises UsageError for more than one parameter, one that no pipeline declares, and values that are none;
    LimitExceeded for too many runs.
    """
    if not each:
        return [WantedRun(pipeline.name, pipeline) for pipeline in pipelines]
    if len(each) > 1:
        raise UsageError(
            f"A session runs over the values of one parameter, not of {' and '.join(each)}.",
            next_steps=["Start one session per value of the other."],
        )
    [(name, text)] = each.items()
    if not any(name in pipeline.params for pipeline in pipelines):
        known = sorted({param for pipeline in pipelines for param in pipeline.params})
        near = get_close_matches(name, known, n=1)
        hint = f"Did you mean {near[0]}?" if near else f"There are: {', '.join(known) or 'none'}."
        raise UsageError(f"No pipeline of the session declares a parameter {name}.", next_steps=[hint])
    found = values(text)
    return [run for pipeline in pipelines for run in _runs(pipeline, name, found)]


def values(text: str) -> list[str]:
    """The values that a list or a range of days or months stands for, in order.

    Raises UsageError for what is no value, for one that is there twice, and for a range that ends before
    it begins; LimitExceeded for more than can be run in one session.
    """
    found = [value for part in text.split(",") for value in _part(part.strip())]
    if len(found) > MOST_RUNS:
        raise LimitExceeded(
            f"{text} stands for more than {MOST_RUNS:,} runs, the most that a session has.",
            next_steps=["Start several sessions."],
            details={"limit": "runs of a session", "allowed": MOST_RUNS},
        )
    for value, count in Counter(found).items():
        if not _VALUE.fullmatch(value):
            raise UsageError(
                f"{value!r} cannot name a run: at most 48 letters, digits, '.', '_' and '-'.",
                next_steps=["For instance --each month=2026-01..2026-03 or --each region=eu,us"],
            )
        if count > 1:
            raise UsageError(
                f"{text}: the value {value} is there {count} times, and each makes one run.",
                next_steps=["Name every value once"],
            )
    return found


def _runs(pipeline: Pipeline, name: str, found: Sequence[str]) -> list[WantedRun]:
    if name not in pipeline.params:
        return [WantedRun(pipeline.name, pipeline)]
    return [WantedRun(f"{pipeline.name}@{value}", pipeline, {name: value}) for value in found]


def _part(text: str) -> list[str]:
    first, dots, last = text.partition("..")
    if not dots:
        return [text]
    if _MONTH.fullmatch(first) and _MONTH.fullmatch(last):
        numbers = range(_month(first), _month(last) + 1)
        return _in_order(text, [f"{number // 12:04d}-{number % 12 + 1:02d}" for number in numbers])
    begin, end = _day(first), _day(last)
    if begin is None or end is None:
        raise UsageError(
            f"{text!r} is no range of days or months.",
            next_steps=["For instance 2026-01-01..2026-01-31, or 2026-01..2026-03"],
        )
    days = min((end - begin).days, MOST_RUNS)
    return _in_order(text, [(begin + timedelta(days=count)).isoformat() for count in range(days + 1)])


def _in_order(text: str, found: list[str]) -> list[str]:
    if not found:
        raise UsageError(
            f"The range {text} ends before it begins.", next_steps=["Give the earlier end first"]
        )
    return found


def _month(text: str) -> int:
    year, month = text.split("-")
    return int(year) * 12 + int(month) - 1


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if _DAY.fullmatch(text) else None
    except ValueError:
        return None
