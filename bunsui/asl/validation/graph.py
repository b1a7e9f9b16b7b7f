"""How states follow each other: targets that exist, states that can be reached, ends.

Source: "States" and "Transitions" of the States Language specification.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from bunsui.asl.validation.diagnostics import Code
from bunsui.asl.validation.findings import Site
from bunsui.asl.validation.model import Machine, State
from bunsui.asl.validation.source import Path

_HAS_NEXT = ("Pass", "Task", "Wait", "Parallel", "Map")


def check(machine: Machine, site: Site) -> None:
    """All rules about the transitions of one machine."""
    if not machine.states:
        return
    _targets(machine, site)
    for state in machine.states.values():
        _next_or_end(state, site)
    reached = _reachable(machine)
    for name in machine.states:
        if name not in reached and _known(machine, machine.value.get("StartAt")):
            site.at(machine.states[name].path).error(f'State "{name}" is not reachable.', Code.TARGET)
    _ends(machine, reached, site)


def transitions(state: State) -> Iterator[tuple[Path, Any]]:
    """The places in a state that name another one, and the name there."""
    value = state.value
    if state.type in _HAS_NEXT and "Next" in value:
        yield ("Next",), value["Next"]
    if state.type == "Choice":
        yield from _listed(value, "Choices")
        if "Default" in value:
            yield ("Default",), value["Default"]
    elif state.type in ("Task", "Parallel", "Map"):
        yield from _listed(value, "Catch")


def _listed(value: Mapping[str, Any], field: str) -> Iterator[tuple[Path, Any]]:
    items = value.get(field)
    for index, item in enumerate(items if isinstance(items, list) else ()):
        if isinstance(item, Mapping) and "Next" in item:
            yield (field, index, "Next"), item["Next"]


def _targets(machine: Machine, site: Site) -> None:
    start = machine.value.get("StartAt")
    if isinstance(start, str) and start not in machine.states:
        site.at((*machine.path, "StartAt")).error(f"Missing 'Next' target: {start}", Code.TARGET)
    for state in machine.states.values():
        for place, target in transitions(state):
            if isinstance(target, str) and target not in machine.states:
                site.at((*state.path, *place)).error(f"Missing '{place[-1]}' target: {target}", Code.TARGET)


def _next_or_end(state: State, site: Site) -> None:
    if state.type not in _HAS_NEXT:
        return
    ends = state.value.get("End", False) is not False
    if ends and "Next" in state.value:
        site.at(state.path).error(
            "Only one of these fields may be given: [Next, End]", key="End", at_key=True
        )
    elif not ends and "Next" not in state.value:
        site.at(state.path).error("One of these fields is required: [Next, End]")


def _reachable(machine: Machine) -> set[str]:
    edges = {name: [target for _, target in transitions(state)] for name, state in machine.states.items()}
    start = machine.value.get("StartAt")
    return _closure([start], edges) if _known(machine, start) else set()


def _closure(start: Iterable[Any], edges: Mapping[str, Iterable[Any]]) -> set[str]:
    found: set[str] = set()
    todo = list(start)
    while todo:
        name = todo.pop()
        if isinstance(name, str) and name in edges and name not in found:
            found.add(name)
            todo.extend(edges[name])
    return found


def _ends(machine: Machine, reached: set[str], site: Site) -> None:
    ends = [name for name in reached if _is_end(machine.states[name])]
    if reached and not ends:
        site.at((*machine.path, "States")).error(
            "No terminal state can be reached (one with 'End', a Succeed or a Fail state)",
            Code.NO_TERMINAL,
        )
        return
    back: dict[str, list[Any]] = {name: [] for name in machine.states}
    for name in reached:
        for _, target in transitions(machine.states[name]):
            if _known(machine, target):
                back[target].append(name)
    for name in sorted(reached - _closure(ends, back)):
        site.at(machine.states[name].path).warn("From here no terminal state can be reached", Code.NO_WAY_OUT)


def _is_end(state: State) -> bool:
    return state.type in ("Succeed", "Fail") or bool(state.value.get("End")) or _leaves(state)


def _leaves(state: State) -> bool:
    """Whether the state has a flaw that is reported elsewhere, so that its way on is not known."""
    targets = [target for _, target in transitions(state)]
    return not targets or any(not _known(state.machine, target) for target in targets)


def _known(machine: Machine, name: Any) -> bool:
    return isinstance(name, str) and name in machine.states
