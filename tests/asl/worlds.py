"""Inputs and answers made up for a definition, so that its executions get somewhere.

`World` reads the paths, expressions and comparisons of a definition and grows a document in which they
select something of a fitting type. The document is the input, and with changes what every Task answers.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from bunsui.asl import StartTask
from bunsui.asl.errors import AslError
from bunsui.asl.jsonpath import compile_path
from tests.asl.harness import Failure

JSON = dict[str, Any]

_EXPRESSION_PATH = re.compile(r"\$states\.(?:input|result)((?:\.\w+)+)")
_CALL_PATH = re.compile(r"\$(?:\.[\w-]+|\[\d+\]|\['[^']+'\])+")
_WRAPPERS = ("Payload", "Body", "Output", "Item")
ERRORS = ("States.TaskFailed", "States.Timeout", "Lambda.ServiceException", "Custom.Error")


class World:
    """Answers for one definition; the same seed gives the same answers."""

    def __init__(self, definition: Mapping[str, Any], seed: int, failing: float = 0.1) -> None:
        self.random = random.Random(seed)
        self.failing = failing
        self.document: JSON = {}
        for path, value in _wanted(definition):
            self.grow(path, value)

    def grow(self, path: str, value: Any) -> None:
        """Put a value where a path points, and below the members that integrations wrap results in."""
        try:
            keys = compile_path(path).keys
        except AslError:
            return
        for wrapper in _WRAPPERS:
            if wrapper in keys:
                _put(self.document, keys[keys.index(wrapper) + 1 :], value)
        _put(self.document, keys, value)

    @property
    def input(self) -> JSON:
        settled: JSON = _settled(self.document)
        return settled

    def answer(self, task: StartTask) -> Any:
        """What a Task gives: mostly the document, sometimes something else, sometimes an error."""
        chance = self.random.random()
        if chance < self.failing:
            raise Failure(self.random.choice(ERRORS), "made up")
        if chance > 0.95:
            return self.random.choice([None, [], "text", 7, {}])
        return self.varied(self.document)

    def varied(self, value: Any) -> Any:
        """A copy in which some leaves differ, so that loops end and rules match now and then."""
        if isinstance(value, dict):
            return {key: self.varied(item) for key, item in value.items()}
        if isinstance(value, list):
            return [self.varied(item) for item in value]
        if isinstance(value, bool):
            return self.random.random() < 0.5
        if isinstance(value, int):
            return self.random.choice([value, value + 1, 0, 100])
        if isinstance(value, Several):
            return self.random.choice(value.values)
        return value


@dataclass(frozen=True)
class Several:
    """A text that a definition compares with others."""

    values: tuple[str, ...]


def _settled(value: Any) -> Any:
    """A copy in which every text is the first that it is compared with."""
    if isinstance(value, dict):
        return {key: _settled(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_settled(item) for item in value]
    return value.values[0] if isinstance(value, Several) else value


def _put(node: Any, keys: tuple[Any, ...], value: Any) -> None:
    for at, key in enumerate(keys):
        last = at == len(keys) - 1
        if isinstance(key, str) and isinstance(node, dict):
            child = node.setdefault(key, {})
        elif isinstance(key, int) and isinstance(node, list) and key < 5:
            node.extend({} for _ in range(key + 1 - len(node)))
            child = node[key]
        else:
            return
        if last and (child == {} or isinstance(child, Several)):
            node[key] = _joined(child, value)
        elif not last and child == {} and isinstance(keys[at + 1], int):
            node[key] = child = []
        node = child


def _joined(old: Any, new: Any) -> Any:
    if isinstance(old, Several) and isinstance(new, Several):
        return Several(old.values + new.values)
    return old if isinstance(old, Several) else new


def _wanted(definition: Any) -> Iterator[tuple[str, Any]]:
    """Paths and values of fitting types, as a definition uses them."""
    if isinstance(definition, list):
        for item in definition:
            yield from _wanted(item)
    elif isinstance(definition, Mapping):
        yield from _compared(definition)
        for key, value in definition.items():
            if isinstance(value, str):
                yield from _mentioned(key, value)
            else:
                yield from _wanted(value)


def _compared(rule: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    path = rule.get("Variable")
    if isinstance(path, str):
        for key, value in rule.items():
            if key.startswith(("String", "Numeric", "Boolean", "Timestamp")) and not key.endswith("Path"):
                yield path, Several((value, "other")) if isinstance(value, str) else value


def _mentioned(key: str, value: str) -> Iterator[tuple[str, Any]]:
    if key == "ItemsPath":
        yield value, [{}, {}, {}]
    elif key.endswith("SecondsPath"):
        yield value, 3
    elif key == "TimestampPath":
        yield value, "2030-01-01T00:00:00Z"
    elif key.endswith((".$", "Path")) and value.startswith("$"):
        yield value, "text"
    elif "States." in value:
        yield from ((path, "text") for path in _CALL_PATH.findall(value))
    elif value.startswith("{%"):
        yield from (("$" + path, "text") for path in _EXPRESSION_PATH.findall(value))
