"""States of a map job: a Map between `begin` and `finish`, inline or distributed.

`begin` answers with the calls to make (`inline`, in the variable `go`) or with the object that holds
them (`distributed`). Every call brings its own place and arguments, since a child execution sees no
variable of its parent. Each iteration ends by reporting what became of its items; it never fails, since
control counts the items.
"""

from __future__ import annotations

from itertools import pairwise

from bunsui.core.models.pipeline import MapMode, MapSpec, Pipeline
from bunsui.core.pipeline.machine import State, catch, hold, operation_state, report, resource_name

__all__ = [
    "INLINE_CONCURRENCY",
    "MAX_CALLS",
    "inline_calls",
    "iterations",
    "map_states",
    "ways_of",
    "wide_state",
]

INLINE_CONCURRENCY = 40
"""Iterations that an inline Map runs at once at most."""

INLINE_CALLS = 200
MAX_CALLS = 80_000
"""A Map hands on the outputs of its iterations: with `{}` for each, this many fit into a payload."""

_EVENTS_PER_CALL = 14
"""About what a call with one operation adds to the history of a run."""

_HISTORY_FOR_MAPS = 10_000
_GET_OBJECT = "arn:aws:states:::s3:getObject"
_ALL = 100


def inline_calls(pipeline: Pipeline) -> int:
    """How many calls a map job makes inline at most: all of a pipeline share one history."""
    mapped = [job for job in pipeline.jobs.values() if job.map and job.map.mode is MapMode.INLINE]
    operations = sum(len(job.operations) for job in mapped)
    return min(INLINE_CALLS, _HISTORY_FOR_MAPS // max(1, _EVENTS_PER_CALL * operations))


def ways_of(name: str, mapped: MapSpec) -> dict[str, str]:
    """The states that `begin` may choose, by its answer."""
    inline = {"inline": f"{name} items"} if mapped.mode is MapMode.INLINE else {}
    return {**inline, "distributed": wide_state(name)}


def wide_state(name: str) -> str:
    """The distributed Map of a map job."""
    return f"{name} wide"


def iterations(name: str, mapped: MapSpec) -> list[str]:
    """What the names of the states begin with that carry out the operations for one call."""
    return [name, f"{name} each"] if mapped.mode is MapMode.INLINE else [f"{name} each"]


def map_states(pipeline: Pipeline, name: str, mapped: MapSpec) -> State:
    """The states between the choice and `finish` of a map job."""
    states = _wide(name, _iteration(pipeline, name, f"{name} each"))
    if mapped.mode is MapMode.INLINE:
        states |= _inline(name, _iteration(pipeline, name, name))
    return states


def _inline(name: str, states: State) -> State:
    iteration: State = {"ProcessorConfig": {"Mode": "INLINE"}, "StartAt": name, "States": states}
    return {f"{name} items": {"Type": "Map", "Items": "{% $go.calls %}", **_map(name, iteration)}}


def _wide(name: str, states: State) -> State:
    config: State = {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}
    iteration: State = {"ProcessorConfig": config, "StartAt": f"{name} each", "States": states}
    reader: State = {
        "Resource": _GET_OBJECT,
        "ReaderConfig": {"InputType": "JSON"},
        "Arguments": {"Bucket": "{% $go.reader.Bucket %}", "Key": "{% $go.reader.Key %}"},
    }
    tolerant: State = {"ToleratedFailurePercentage": _ALL}
    return {wide_state(name): {"Type": "Map", "ItemReader": reader, **tolerant, **_map(name, iteration)}}


def _map(name: str, iteration: State) -> State:
    return {
        "MaxConcurrency": "{% $go.concurrency %}",
        "ItemProcessor": iteration,
        "Output": {},
        "Catch": list(catch(f"{name} finish")),
        "Next": f"{name} finish",
    }


def _iteration(pipeline: Pipeline, name: str, prefix: str) -> State:
    """The operations of one call, and the report about its items."""
    count = len(pipeline.jobs[name].operations)
    names = [prefix, *(f"{prefix} {index}" for index in range(1, count)), f"{prefix} item"]
    states: State = {}
    for index, (state, following) in enumerate(pairwise(names)):
        states[state] = {**_operation(pipeline, name, index, names[-1]), "Next": following}
    held = f"{prefix} hold"
    return {**states, names[-1]: report(name, held), held: hold(name)}


def _operation(pipeline: Pipeline, name: str, index: int, failed: str) -> State:
    """One call; the first keeps in variables what it was called with, and when it began."""
    operation, retry = pipeline.jobs[name].operations[index], pipeline.retry_of(name)
    resource = resource_name(pipeline.name, name, index)
    if index:
        return operation_state(operation, resource, f"$call.operations[{index}]", failed, retry)
    call = operation_state(operation, resource, "$states.input.operations[0]", failed, retry)
    kept: State = {"call": "{% $states.input %}", "begun": "{% $states.context.State.EnteredTime %}"}
    return {**call, "Assign": kept, "Catch": [{**one, "Assign": kept} for one in catch(failed)]}
