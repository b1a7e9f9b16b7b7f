"""Compile a definition once: every state, path, expression and template becomes an object or a closure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson

from bunsui.asl.errors import DefinitionError, SyntaxProblem
from bunsui.asl.retry import number_of
from bunsui.asl.states.base import Spec, State
from bunsui.asl.states.choice import Choice
from bunsui.asl.states.map_distributed import DistributedMap
from bunsui.asl.states.map_inline import Map
from bunsui.asl.states.parallel import Parallel
from bunsui.asl.states.simple import Fail, Pass, Succeed, Wait
from bunsui.asl.states.task import Task

_SIMPLE: dict[str, type[State]] = {
    "Pass": Pass,
    "Succeed": Succeed,
    "Fail": Fail,
    "Wait": Wait,
    "Choice": Choice,
    "Task": Task,
}
TYPES = ("STANDARD", "EXPRESS")


class Machine:
    """A compiled state machine; immutable, shared by any number of executions."""

    __slots__ = ("definition", "first", "timeout", "type")

    def __init__(self, definition: Spec, type: str) -> None:
        self.definition = definition
        self.type = type
        self.timeout = _timeout(definition)
        self.first = _compile_states(definition, definition.get("QueryLanguage", "JSONPath"), "")

    @property
    def is_standard(self) -> bool:
        """Whether this is a Standard workflow."""
        return self.type == "STANDARD"


def compile_machine(definition: Mapping[str, Any] | str | bytes, type: str = "STANDARD") -> Machine:
    """Compile a definition, given as JSON text or as the decoded object.

    Raises:
        DefinitionError: with the JSON pointer of what is wrong. For all findings of a definition use
            :mod:`bunsui.asl.validation`.
    """
    if type not in TYPES:
        raise DefinitionError(f"The type must be STANDARD or EXPRESS, not {type}")
    if isinstance(definition, (str, bytes)):
        definition = _decode(definition)
    if not isinstance(definition, Mapping):
        raise DefinitionError("A definition is a JSON object")
    return Machine(definition, type)


def _timeout(definition: Spec) -> float | None:
    try:
        return number_of(definition, "TimeoutSeconds", None)
    except TypeError as exc:
        raise DefinitionError(str(exc), "/TimeoutSeconds") from None


def _decode(text: str | bytes) -> Any:
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError as exc:
        raise DefinitionError(f"The definition is not JSON: {exc}") from None


def _compile_states(spec: Spec, language: str, location: str) -> State:
    """Compile the states of a machine, branch or processor; gives the first."""
    states: dict[str, State] = {}
    specs = spec.get("States")
    if not isinstance(specs, Mapping):
        raise DefinitionError("States is missing", location)
    for name, one in specs.items():
        states[name] = _compile_state(name, one, language, f"{location}/States/{name}")
    for name, state in states.items():
        _link(state, states, f"{location}/States/{name}")
    try:
        return states[spec["StartAt"]]
    except (KeyError, TypeError):
        raise DefinitionError("StartAt does not name a state", location) from None


def _link(state: State, states: Mapping[str, State], location: str) -> None:
    try:
        state.link(states)
    except KeyError as exc:
        raise DefinitionError(f"There is no state {exc.args[0]}", location) from None
    except TypeError:
        raise DefinitionError("A state's name is a string", location) from None


def _compile_state(name: str, spec: Spec, language: str, location: str) -> State:
    if not isinstance(spec, Mapping):
        raise DefinitionError("A state is a JSON object", location)
    own = spec.get("QueryLanguage", language)
    try:
        return _build(name, spec, own, language, location)
    except SyntaxProblem as exc:
        raise DefinitionError(str(exc), location) from None
    except KeyError as exc:
        raise DefinitionError(f"The field {exc.args[0]} is missing", location) from None
    except (TypeError, AttributeError, StopIteration, ValueError) as exc:
        raise DefinitionError(f"A field has a wrong type or value: {exc}", location) from None


def _build(name: str, spec: Spec, own: str, language: str, location: str) -> State:
    kind = spec["Type"]
    if kind == "Parallel":
        branches = [
            _compile_states(branch, language, f"{location}/Branches/{at}")
            for at, branch in enumerate(spec["Branches"])
        ]
        return Parallel(name, spec, own, branches)
    if kind == "Map":
        return _build_map(name, spec, own, language, location)
    if kind not in _SIMPLE:
        raise DefinitionError(f"There is no state type {kind}", location)
    return _SIMPLE[kind](name, spec, own)


def _build_map(name: str, spec: Spec, own: str, language: str, location: str) -> State:
    field = "ItemProcessor" if "ItemProcessor" in spec else "Iterator"
    processor = spec[field]
    config = processor.get("ProcessorConfig", {})
    if config.get("Mode") != "DISTRIBUTED":
        inline = Map(name, spec, own)
        inline.first = _compile_states(processor, language, f"{location}/{field}")
        return inline
    inner = {"QueryLanguage": language, **processor}
    return DistributedMap(name, spec, own, Machine(inner, config.get("ExecutionType", "STANDARD")))
