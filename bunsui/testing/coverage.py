"""Which states and choice branches the tests have been through."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextvars import ContextVar
from dataclasses import dataclass, field
from hashlib import sha256
from json import dumps
from typing import Any

Branch = tuple[str, str]
"""A choice, and the state that it goes on to. Rules with the same `Next` are one branch."""


@dataclass(slots=True)
class Covered:
    """One machine: all that it has, and what was seen of it."""

    states: frozenset[str]
    branches: frozenset[Branch]
    seen_states: set[str] = field(default_factory=set)
    seen_branches: set[Branch] = field(default_factory=set)

    @property
    def missing(self) -> list[str]:
        """The names of what was not seen."""
        branches = sorted(self.branches - self.seen_branches)
        return sorted(self.states - self.seen_states) + [
            f"{choice} → {target}" for choice, target in branches
        ]


class Coverage:
    """All machines of a test run, by name."""

    def __init__(self) -> None:
        self.machines: dict[str, Covered] = {}

    def add(self, name: str, definition: Mapping[str, Any], histories: Iterable[Sequence[Any]]) -> None:
        """Add the histories of one run."""
        covered = self._of(name or _digest(definition), definition)
        for history in histories:
            states, branches = visited(history)
            covered.seen_states |= states & covered.states
            covered.seen_branches |= branches & covered.branches

    def to_json(self) -> dict[str, Any]:
        """A form that travels between processes."""
        return {
            name: [
                sorted(one.states),
                sorted(one.branches),
                sorted(one.seen_states),
                sorted(one.seen_branches),
            ]
            for name, one in self.machines.items()
        }

    def merge(self, data: Mapping[str, Any]) -> None:
        """Add what another process has seen, as :meth:`to_json` gives it."""
        for name, (states, branches, seen_states, seen_branches) in data.items():
            both = Covered(frozenset(states), frozenset(map(_pair, branches)))
            mine = self.machines.setdefault(name, both)
            mine.seen_states |= set(seen_states)
            mine.seen_branches |= set(map(_pair, seen_branches))

    def _of(self, name: str, definition: Mapping[str, Any]) -> Covered:
        states, branches = frozenset(names(definition)), frozenset(choices(definition))
        known = self.machines.get(name)
        if known is None:
            known = self.machines[name] = Covered(states, branches)
        # Another machine of the same name: both are one entry, and nothing of either is lost.
        known.states |= states
        known.branches |= branches
        return known


_current: ContextVar[Coverage | None] = ContextVar("bunsui_coverage", default=None)


def begin() -> Coverage:
    """Record all runs of this context from now on."""
    found = Coverage()
    _current.set(found)
    return found


def record(name: str, definition: Mapping[str, Any], histories: Iterable[Sequence[Any]]) -> None:
    """Record one run, where somebody asked for it."""
    current = _current.get()
    if current is not None:
        current.add(name, definition, histories)


def names(spec: Any) -> Iterator[str]:
    """The names of all states, also inside of Map and Parallel states."""
    for name, state in _states(spec):
        yield name
        for inner in _inside(state):
            yield from names(inner)


def choices(spec: Any) -> Iterator[Branch]:
    """All branches of all choices."""
    for name, state in _states(spec):
        targets = [rule.get("Next") for rule in state.get("Choices", ())] + [state.get("Default")]
        yield from ((name, target) for target in targets if target is not None)
        for inner in _inside(state):
            yield from choices(inner)


def visited(history: Sequence[Any]) -> tuple[set[str], set[Branch]]:
    """The states and branches of one history."""
    states, branches = set[str](), set[Branch]()
    left = {event.id: event.details["name"] for event in history if event.type == "ChoiceStateExited"}
    for event in history:
        if event.type.endswith("StateEntered"):
            name = event.details["name"]
            states.add(name)
            if event.previous_id in left:
                branches.add((left[event.previous_id], name))
    return states, branches


def _states(spec: Any) -> Iterable[tuple[str, Mapping[str, Any]]]:
    found: Mapping[str, Mapping[str, Any]] = spec.get("States", {})
    return found.items()


def _inside(state: Mapping[str, Any]) -> Iterator[Any]:
    yield from state.get("Branches", ())
    yield from (state[key] for key in ("ItemProcessor", "Iterator") if key in state)


def _pair(branch: Sequence[str]) -> Branch:
    return branch[0], branch[1]


def _digest(definition: Mapping[str, Any]) -> str:
    text = dumps(definition, sort_keys=True, default=str)
    return f"{definition.get('StartAt', 'machine')} ({sha256(text.encode()).hexdigest()[:8]})"
