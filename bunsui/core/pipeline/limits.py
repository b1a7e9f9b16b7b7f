"""Limits of Step Functions that a compiled pipeline must stay inside."""

from __future__ import annotations

from bunsui.core.models.base import JsonValue, canonical_json
from bunsui.core.models.pipeline import MapMode, Pipeline
from bunsui.core.pipeline.fan_out import inline_calls
from bunsui.errors import LimitExceeded

__all__ = ["DEFINITION_BYTES", "HISTORY_EVENTS", "NAME_LENGTH", "check_limits", "estimated_events"]

DEFINITION_BYTES = 1_048_576
HISTORY_EVENTS = 25_000
NAME_LENGTH = 80

_MACHINE_EVENTS = 20
_JOB_EVENTS = 6 + 2 + 5 + 2  # begin with its callback, the choice, finish, the end of a branch
_GATE_EVENTS = 6 + 8  # the approval with its callback, then begin and the choice again
_MAP_EVENTS = 6
_ITERATION_EVENTS = 2 + 5  # begun and ended, and the report
_TRY_EVENTS = 3
_OPERATION_EVENTS = 2 + 1 + _TRY_EVENTS  # entered and left, submitted, and one try


def estimated_events(pipeline: Pipeline, *, retries: bool = False) -> int:
    """Events in the history of a run; with `retries`, if every operation used all of its tries."""
    return _MACHINE_EVENTS + sum(_events(pipeline, name, retries=retries) for name in pipeline.jobs)


def _events(pipeline: Pipeline, name: str, *, retries: bool) -> int:
    retry = pipeline.retry_of(name)
    again = retry.max_attempts if retry and retries else 0
    job = pipeline.jobs[name]
    each = (_OPERATION_EVENTS + again * _TRY_EVENTS) * len(job.operations)
    gate = _GATE_EVENTS if job.approval else 0
    if job.map is None:
        return _JOB_EVENTS + gate + each
    inline = inline_calls(pipeline) if job.map.mode is MapMode.INLINE else 0
    return _JOB_EVENTS + gate + _MAP_EVENTS + inline * (_ITERATION_EVENTS + each)


def check_limits(pipeline: Pipeline, definition: dict[str, JsonValue]) -> None:
    """Raise LimitExceeded, with limit and place, for a definition that no state machine can hold."""
    size = len(canonical_json(definition))
    if size > DEFINITION_BYTES:
        raise _exceeded(pipeline, "definition size", size, DEFINITION_BYTES, "bytes")
    events = estimated_events(pipeline)
    if events > HISTORY_EVENTS:
        raise _exceeded(pipeline, "execution history", events, HISTORY_EVENTS, "events")


def _exceeded(pipeline: Pipeline, what: str, value: int, limit: int, unit: str) -> LimitExceeded:
    return LimitExceeded(
        f"pipeline {pipeline.name}: {what} would be {value:,} {unit} for {len(pipeline.jobs)} jobs; "
        f"the limit of Step Functions is {limit:,}",
        next_steps=("split the pipeline, and start both in one session", "map one job over items"),
        details={"limit": what, "value": value, "allowed": limit, "place": "jobs"},
    )
