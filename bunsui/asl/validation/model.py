"""The state machines inside a definition: the whole, branches and item processors, flattened."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from bunsui.asl.validation.source import Path

JSONPATH = "JSONPath"
JSONATA = "JSONata"
STANDARD = "STANDARD"
EXPRESS = "EXPRESS"


_FOREIGN = re.compile(r"[A-Za-z_]\w*|[A-Za-z][\w+.-]*://[\w.~:/?#\[\]@!$&'()*+,;=%-]+", re.ASCII)


def is_foreign(resource: str) -> bool:
    """Whether a Resource is for another runner than AWS: a URL, or a bare name as of a worker or mock."""
    return _FOREIGN.fullmatch(resource) is not None


@dataclass(slots=True)
class State:
    """One state; ``language`` is its own query language or that of the whole definition."""

    name: str
    value: Mapping[str, Any]
    path: Path
    machine: Machine = field(repr=False)
    language: str

    @property
    def type(self) -> Any:
        return self.value.get("Type")

    @property
    def foreign(self) -> bool:
        """Whether this is a Task for another runner: the language allows other URIs, AWS takes ARNs only."""
        resource = self.value.get("Resource")
        return self.type == "Task" and isinstance(resource, str) and is_foreign(resource)

    @property
    def distributed(self) -> bool:
        """Whether this is a Map whose items run as child executions."""
        processor = self.value.get("ItemProcessor", self.value.get("Iterator"))
        config = processor.get("ProcessorConfig") if isinstance(processor, Mapping) else None
        return isinstance(config, Mapping) and config.get("Mode") == "DISTRIBUTED"


@dataclass(slots=True)
class Machine:
    """An object with ``StartAt`` and ``States``.

    ``kind`` is ``machine`` for the whole definition, else ``branch`` or ``processor``; ``parent`` is the
    state that holds it; ``type`` is STANDARD or EXPRESS, for children of a distributed Map their own.
    """

    value: Mapping[str, Any]
    path: Path
    kind: str
    type: str
    language: str
    parent: State | None = None
    states: dict[str, State] = field(default_factory=dict)

    @property
    def isolated(self) -> bool:
        """Whether variables of the machine around it cannot be seen: it runs as child executions."""
        return self.parent is not None and self.kind == "processor" and self.parent.distributed


def machines(definition: Mapping[str, Any], type: str) -> list[Machine]:
    """Every state machine of a definition, outer before inner; parts of a wrong shape are left out."""
    language = definition.get("QueryLanguage")
    root = Machine(definition, (), "machine", type, JSONATA if language == JSONATA else JSONPATH)
    found = [root]
    for machine in found:
        found.extend(_inner_machines(machine))
    return found


def _inner_machines(machine: Machine) -> Iterator[Machine]:
    states = machine.value.get("States")
    for name, value in states.items() if isinstance(states, Mapping) else ():
        if isinstance(value, Mapping) and isinstance(name, str):
            own = value.get("QueryLanguage")
            language = own if own in (JSONPATH, JSONATA) else machine.language
            state = State(name, value, (*machine.path, "States", name), machine, language)
            machine.states[name] = state
            yield from _children(state)


def _children(state: State) -> Iterator[Machine]:
    machine = state.machine
    branches = state.value.get("Branches")
    for index, branch in enumerate(branches if isinstance(branches, list) else ()):
        if isinstance(branch, Mapping):
            path = (*state.path, "Branches", index)
            yield Machine(branch, path, "branch", machine.type, machine.language, state)
    for name in ("ItemProcessor", "Iterator"):
        processor = state.value.get(name)
        if isinstance(processor, Mapping):
            type = _child_type(processor, machine.type)
            yield Machine(processor, (*state.path, name), "processor", type, machine.language, state)


def _child_type(processor: Mapping[str, Any], outer: str) -> str:
    config = processor.get("ProcessorConfig")
    if not isinstance(config, Mapping) or config.get("Mode") != "DISTRIBUTED":
        return outer
    return EXPRESS if config.get("ExecutionType") == EXPRESS else STANDARD
