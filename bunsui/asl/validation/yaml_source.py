"""YAML definitions: the JSON value and where each part stands, in one pass.

YAML is read as AWS's tools read it, with JSON's types only: dates and words such as ``on`` that YAML
1.1 turns into other types stay text, because a definition has to become JSON. Numbers that JSON does
not have, or that readers of YAML understand in different ways, are refused.
"""

from __future__ import annotations

import re
from typing import Any

import yaml

_Path = tuple[str | int, ...]

MAX_NODES = 100_000
_BASE = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_TAG = "tag:yaml.org,2002:"
_SCALARS: list[tuple[str, re.Pattern[str], str]] = [
    ("null", re.compile(r"^(?:~|null|Null|NULL|)$"), "~nN\0"),
    ("bool", re.compile(r"^(?:true|True|TRUE|false|False|FALSE)$"), "tTfF"),
    ("int", re.compile(r"^[-+]?(?:0|[1-9][0-9]*)$"), "-+0123456789"),
    (
        "float",
        re.compile(
            r"^(?:[-+]?(?:[0-9]+\.[0-9]*|\.[0-9]+|[0-9]+)(?:[eE][-+]?[0-9]+)?"
            r"|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))$"
        ),
        "-+.0123456789",
    ),
]
_WRITTEN = {kind: pattern for kind, pattern, _ in _SCALARS}
_LEADING_ZERO = re.compile(r"[-+]?0[0-9]")


class YamlProblem(Exception):
    """Text that is not YAML, or YAML that is not JSON."""

    def __init__(self, message: str, line: int, column: int) -> None:
        super().__init__(message)
        self.message = message
        self.line = line
        self.column = column


class _Loader(_BASE):  # type: ignore[misc, valid-type]
    """Resolves JSON's scalar types and nothing else."""

    yaml_implicit_resolvers: dict[str, list[tuple[str, re.Pattern[str]]]] = {}


for _name, _pattern, _first in _SCALARS:
    _Loader.add_implicit_resolver(_TAG + _name, _pattern, ["" if c == "\0" else c for c in _first])


class YamlPositions:
    """Positions of the values and keys of one YAML text."""

    def __init__(self) -> None:
        self.duplicates: list[_Path] = []
        self._values: dict[_Path, yaml.Node] = {}
        self._keys: dict[_Path, yaml.Node] = {}

    def add(self, path: _Path, node: yaml.Node, key: yaml.Node | None) -> None:
        """Record a node; of duplicate keys the last one counts."""
        if key is not None:
            if path in self._keys:
                self.duplicates.append(path)
            self._keys[path] = key
        self._values[path] = node

    def value(self, path: _Path, offset: int = 0) -> tuple[int, int] | None:
        """Line and column; ``offset`` counts characters in a scalar that stands on one line."""
        node = self._values.get(path)
        if node is None:
            return None
        line, column = _start(node)
        if isinstance(node, yaml.ScalarNode) and node.start_mark.line == node.end_mark.line:
            column += offset + (offset > 0 and node.style in ("'", '"'))
        return line, column

    def key(self, path: _Path) -> tuple[int, int] | None:
        node = self._keys.get(path)
        return None if node is None else _start(node)


def read_yaml(text: str) -> tuple[Any, YamlPositions]:
    """The value of a YAML text and its positions.

    Raises:
        YamlProblem: no YAML, a tag or key that JSON has not, or aliases that grow without end.
    """
    try:
        root = yaml.compose(text, Loader=_Loader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        place = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        raise YamlProblem(error.problem or str(error), *place) from None
    except (yaml.YAMLError, RecursionError) as error:
        raise YamlProblem(str(error).replace("\n", " ") or "Nested too deeply", 1, 1) from None
    builder = _Builder()
    return (None if root is None else builder.build((), root)), builder.positions


class _Builder:
    def __init__(self) -> None:
        self.positions = YamlPositions()
        self.count = 0

    def build(self, path: _Path, node: yaml.Node, key: yaml.Node | None = None) -> Any:
        self.count += 1
        if self.count > MAX_NODES or len(path) > 200:
            raise YamlProblem("The definition is too large or refers to itself", *_start(node))
        self.positions.add(path, node, key)
        if isinstance(node, yaml.MappingNode):
            return self.mapping(path, node)
        if isinstance(node, yaml.SequenceNode):
            return [self.build((*path, index), item) for index, item in enumerate(node.value)]
        return _scalar(node)

    def mapping(self, path: _Path, node: yaml.MappingNode) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for key, value in node.value:
            if not isinstance(key, yaml.ScalarNode):
                raise YamlProblem("A key must be text", *_start(key))
            found[key.value] = self.build((*path, key.value), value, key)
        return found


def _scalar(node: yaml.Node) -> Any:
    kind = node.tag.removeprefix(_TAG)
    if kind == "str":
        return node.value
    if kind not in _WRITTEN:
        raise YamlProblem(f"The tag {node.tag} has no meaning in a state machine", *_start(node))
    if kind in ("int", "float"):
        return _number(node, kind)
    if not _WRITTEN[kind].match(node.value):
        raise YamlProblem(f"{node.value[:40]!r} is no {kind}", *_start(node))
    return None if kind == "null" else node.value.lower() == "true"


def _number(node: yaml.Node, kind: str) -> int | float:
    text = node.value
    if _LEADING_ZERO.match(text):
        message = f"{text[:40]} could be octal, decimal or text: quote it, or leave out the leading zero"
        raise YamlProblem(message, *_start(node))
    try:
        return int(text) if kind == "int" else float(text)
    except ValueError:
        message = f"{text[:40]} is no number that JSON has: quote it to make it text"
        raise YamlProblem(message, *_start(node)) from None


def _start(node: yaml.Node) -> tuple[int, int]:
    return node.start_mark.line + 1, node.start_mark.column + 1
