"""Names of states, and the query language they may choose.

Source: "States" of the States Language specification; limits from "Quotas" of the developer guide.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from bunsui.asl.validation.diagnostics import Code
from bunsui.asl.validation.findings import Site
from bunsui.asl.validation.model import JSONATA, JSONPATH, Machine, State

MAX_NAME = 80


def unique(machines: Iterable[Machine], site: Site) -> None:
    """A state's name is unique in the whole definition, so that history can be read."""
    seen: set[str] = set()
    for machine in machines:
        for name, state in machine.states.items():
            if name in seen:
                site.at(state.path).error(f"Duplicate State name: {name}", Code.DUPLICATE_STATE, at_key=True)
            seen.add(name)


def length(state: State, site: Site) -> None:
    """At most 80 characters."""
    if not 1 <= len(state.name) <= MAX_NAME:
        site.at(state.path).error(f"A state's name has 1 to {MAX_NAME} characters", at_key=True)


def language(state: State, whole: str, site: Site) -> None:
    """A definition that chose JSONata cannot go back to JSONPath for one state."""
    if whole == JSONATA and state.value.get("QueryLanguage") == JSONPATH:
        site.at(state.path).error(
            "'QueryLanguage' can not be 'JSONPath' if set to 'JSONata' for whole state machine"
        )


def heartbeat(state: State, site: Site) -> None:
    """A heartbeat that comes after the timeout would never be missed."""
    beat, timeout = state.value.get("HeartbeatSeconds"), state.value.get("TimeoutSeconds")
    if isinstance(beat, int) and isinstance(timeout, int) and beat > timeout:
        site.at(state.path).error(
            "HeartbeatSeconds must not be larger than TimeoutSeconds", key="HeartbeatSeconds"
        )


def states_shape(machine: Machine, site: Site) -> None:
    """States is an object of objects, and not empty."""
    states = machine.value.get("States")
    if not isinstance(states, Mapping):
        return
    place = site.at((*machine.path, "States"))
    if not states:
        place.error("A state machine must have at least one state")
    for name, value in states.items():
        if not isinstance(value, Mapping) or not isinstance(name, str):
            place.error("Expected an object", key=name)
