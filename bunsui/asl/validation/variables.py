"""Variables that are used but never assigned where they can be seen.

A scope is one machine; branches and inline item processors also see the variables around them,
children of a distributed Map do not ("Passing data between states with variables").
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from bunsui.asl.validation import jsonata_names
from bunsui.asl.validation.diagnostics import Code, Severity
from bunsui.asl.validation.expressions import is_expression
from bunsui.asl.validation.findings import Finding, Findings
from bunsui.asl.validation.model import JSONATA, Machine, State
from bunsui.asl.validation.source import Path

_PATH_VARIABLE = re.compile(r"(?<![\w$.@'\"])\$([^\W\d]\w*)")
_WITH_RESULT = ("Task", "Parallel", "Map")
_SKIPPED = ("Branches", "ItemProcessor", "Iterator", "Comment", "Result", "ResultPath")
"""Fields of a state that are machines of their own, or take no variable."""


def check(machines: list[Machine], findings: Findings) -> None:
    """Warn about each name that no state in sight assigns."""
    visible: dict[int, set[str]] = {}
    for machine in machines:
        outer = machine.parent.machine if machine.parent is not None and not machine.isolated else None
        visible[id(machine)] = set(_assigned(machine)) | (visible[id(outer)] if outer is not None else set())
    for machine in machines:
        for state in machine.states.values():
            _state(state, visible[id(machine)], findings)
            if state.language == JSONATA:
                _reserved(state, findings)


def _assigned(machine: Machine) -> Iterator[str]:
    for state in machine.states.values():
        holders = [state.value, *_items(state.value, "Catch"), *_items(state.value, "Choices")]
        for holder in holders:
            assign = holder.get("Assign")
            for key in assign if isinstance(assign, Mapping) else ():
                yield str(key) if state.language == JSONATA else str(key).removesuffix(".$")


def _items(value: Mapping[str, Any], field: str) -> list[Mapping[str, Any]]:
    items = value.get(field)
    return [item for item in items if isinstance(item, Mapping)] if isinstance(items, list) else []


def _state(state: State, visible: set[str], findings: Findings) -> None:
    for path, text in strings(state):
        used = _jsonata_names(text) if state.language == JSONATA else _path_names(path[-1], text)
        for name in sorted(used - visible):
            message = f"The variable ${name} is never assigned where this state can see it"
            findings.add(Finding(Severity.WARNING, Code.VARIABLE, message, path))


def strings(state: State) -> Iterator[tuple[Path, str]]:
    """Every string with a ``$`` in the fields of one state."""
    for field, value in state.value.items():
        if field not in _SKIPPED:
            yield from _strings(value, (*state.path, field))


def _strings(value: Any, path: Path) -> Iterator[tuple[Path, str]]:
    if isinstance(value, str):
        if "$" in value:
            yield path, value
    elif isinstance(value, Mapping):
        for key, item in value.items():
            yield from _strings(item, (*path, key))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _strings(item, (*path, index))


def _reserved(state: State, findings: Findings) -> None:
    """``$states.result`` and ``$states.errorOutput`` exist in some fields only, other members nowhere."""
    for path, text in strings(state):
        if not is_expression(text):
            continue
        for field in sorted(jsonata_names.names(text).states - _available(state, path)):
            message = f"$states.{field} is not available in this field"
            findings.add(Finding(Severity.ERROR, Code.SCHEMA, message, path))


def _available(state: State, path: Path) -> frozenset[str]:
    field = path[len(state.path)]
    inner = path[len(state.path) + 2 : len(state.path) + 3]
    found = {"input", "context"}
    if field in ("Output", "Assign") and state.type in _WITH_RESULT:
        found.add("result")
    elif field == "Catch" and inner and inner[0] in ("Output", "Assign"):
        found.add("errorOutput")
    return frozenset(found)


def _path_names(field: str | int, text: str) -> frozenset[str]:
    evaluated = isinstance(field, str) and (field.endswith((".$", "Path")) or field == "Variable")
    if not evaluated or not text.startswith(("$", "States.")):
        return frozenset()
    return frozenset(_PATH_VARIABLE.findall(text))


def _jsonata_names(text: str) -> frozenset[str]:
    return jsonata_names.names(text).variables if is_expression(text) else frozenset()
