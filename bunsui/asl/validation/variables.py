"""Variables that are used but never assigned where they can be seen.

A scope is one machine; branches and inline item processors also see the variables around them,
children of a distributed Map do not ("Passing data between states with variables").
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any

from bunsui.asl.validation.diagnostics import Code
from bunsui.asl.validation.expressions import is_expression
from bunsui.asl.validation.findings import Finding, Findings
from bunsui.asl.validation.diagnostics import Severity
from bunsui.asl.validation.model import JSONATA, Machine, State
from bunsui.asl.validation.source import Path

_PATH_VARIABLE = re.compile(r"(?<![\w$.@'\"])\$([A-Za-z_]\w*)")
_JSONATA_TOKEN = re.compile(
    r"""/\*.*?\*/|"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|`[^`]*`|\$([A-Za-z_]\w*)\s*(:=|\()?|(?:function|λ)\s*\(([^)]*)\)""",
    re.DOTALL,
)
_BUILT_IN = frozenset(
    """states sum count max min average abs floor ceil round power sqrt random formatNumber formatBase
    formatInteger parseInteger number string length substring substringBefore substringAfter uppercase
    lowercase trim pad contains split join match replace eval base64encode base64decode encodeUrlComponent
    encodeUrl decodeUrlComponent decodeUrl boolean not exists append sort reverse shuffle distinct zip keys
    lookup spread merge sift each error assert type now millis fromMillis toMillis map filter single reduce
    partition range hash uuid parse clone""".split()
)
_SKIPPED = ("States", "Branches", "ItemProcessor", "Iterator", "Comment", "Result")


def check(machines: list[Machine], findings: Findings) -> None:
    """Warn about each name that no state in sight assigns."""
    visible: dict[int, set[str]] = {}
    for machine in machines:
        outer = machine.parent.machine if machine.parent is not None and not machine.isolated else None
        visible[id(machine)] = set(_assigned(machine)) | (visible[id(outer)] if outer is not None else set())
    for machine in machines:
        for state in machine.states.values():
            _state(state, visible[id(machine)], findings)


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
    reader = _in_jsonata if state.language == JSONATA else _in_path
    for path, text in _strings(state.value, state.path):
        if "$" not in text:
            continue
        for name in sorted(reader(path, text) - visible - _BUILT_IN):
            message = f"The variable ${name} is never assigned where this state can see it"
            findings.add(Finding(Severity.WARNING, Code.VARIABLE, message, path))


def _strings(value: Any, path: Path) -> Iterator[tuple[Path, str]]:
    if isinstance(value, str):
        yield path, value
    elif isinstance(value, Mapping):
        for key, item in value.items():
            if key not in _SKIPPED or len(path) % 2:
                yield from _strings(item, (*path, key))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _strings(item, (*path, index))


def _in_path(path: Path, text: str) -> frozenset[str]:
    name = path[-1]
    evaluated = isinstance(name, str) and (name.endswith((".$", "Path")) or name == "Variable")
    return _path_names(text) if evaluated else frozenset()


@lru_cache(maxsize=4096)
def _path_names(text: str) -> frozenset[str]:
    return frozenset(_PATH_VARIABLE.findall(text)) if text.startswith(("$", "States.")) else frozenset()


def _in_jsonata(path: Path, text: str) -> frozenset[str]:
    return _jsonata_names(text) if is_expression(text) else frozenset()


@lru_cache(maxsize=4096)
def _jsonata_names(text: str) -> frozenset[str]:
    used, bound = set(), set()
    for match in _JSONATA_TOKEN.finditer(text):
        if match[3] is not None:
            bound.update(re.findall(r"\$(\w+)", match[3]))
        elif match[1] is not None:
            (bound if match[2] == ":=" else used).add(match[1])
    return frozenset(used - bound)
