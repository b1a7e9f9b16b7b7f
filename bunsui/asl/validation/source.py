"""A definition as its author wrote it: the value, and where each part of it stands."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any, Protocol

from bunsui.asl.validation.json_positions import JsonPositions
from bunsui.asl.validation.yaml_source import YamlProblem, read_yaml

Path = tuple[str | int, ...]
"""Keys and indexes from the root to a value."""

MAX_DEPTH = 100
MAX_BYTES = 1_048_576
"""Largest definition that CreateStateMachine takes ("Quotas", state machine definition size)."""


class Positions(Protocol):
    """Where values and keys stand in a text. Lines and columns count from 1."""

    duplicates: list[Path]

    def value(self, path: Path, offset: int = 0) -> tuple[int, int] | None: ...
    def key(self, path: Path) -> tuple[int, int] | None: ...


class SourceProblem(Exception):
    """The text is no JSON object and no YAML mapping."""

    def __init__(self, message: str, line: int | None = None, column: int | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.line = line
        self.column = column


class Source:
    """The value of a definition; positions are worked out when first asked for."""

    def __init__(
        self, value: dict[str, Any], text: str | None = None, positions: Positions | None = None
    ) -> None:
        self.value = value
        self.text = text
        self._positions = positions

    @property
    def positions(self) -> Positions | None:
        """Positions in the text; None where the definition was given as a mapping."""
        if self._positions is None and self.text is not None:
            self._positions = JsonPositions(self.text)
        return self._positions

    @property
    def duplicates(self) -> list[Path]:
        """Where a key is given once more. Text with such keys has its positions worked out already."""
        return [] if self._positions is None else self._positions.duplicates

    def locate(self, path: Path, *, key: bool = False, offset: int = 0) -> tuple[int | None, int | None]:
        """Line and column of the value (or of its key), else those of the nearest part around it."""
        positions = self.positions
        if positions is None:
            return None, None
        found = positions.key(path) if key else positions.value(path, offset)
        while found is None and path:
            path = path[:-1]
            found = positions.value(path)
        return found or (1, 1)


def read(definition: str | Mapping[str, Any]) -> Source:
    """Read a definition from JSON text, YAML text or a mapping.

    Raises:
        SourceProblem: it cannot be read, is no object, nests deeper than `MAX_DEPTH`, or holds a number that
            JSON cannot say.
    """
    if isinstance(definition, Mapping):
        source = Source(dict(definition))
    elif definition.lstrip("\ufeff \t\r\n").startswith(("{", "[")):
        source = _read_json(definition)
    else:
        source = _read_yaml(definition)
    _check_shape(source)
    return source


def parse_definition(text: str) -> dict[str, Any]:
    """The value of a JSON or YAML definition. Raises `SourceProblem`."""
    return read(text).value


def _read_json(text: str) -> Source:
    duplicates = False

    def members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        nonlocal duplicates
        found = dict(pairs)
        duplicates = duplicates or len(found) != len(pairs)
        return found

    try:
        value = json.loads(text, object_pairs_hook=members, parse_constant=float)
    except json.JSONDecodeError as error:
        raise SourceProblem(error.msg, error.lineno, error.colno) from None
    except (ValueError, RecursionError) as error:
        raise SourceProblem(str(error) or "The definition nests too deeply", 1, 1) from None
    if not isinstance(value, dict):
        raise SourceProblem("The definition must be a JSON object", 1, 1)
    return Source(value, text, JsonPositions(text) if duplicates else None)


def _read_yaml(text: str) -> Source:
    try:
        value, positions = read_yaml(text)
    except YamlProblem as error:
        raise SourceProblem(error.message, error.line, error.column) from None
    if not isinstance(value, dict):
        raise SourceProblem("The definition is neither a JSON object nor a YAML mapping", 1, 1)
    return Source(value, text, positions)


def _check_shape(source: Source) -> None:
    """Refuse what no rule can walk through, and what JSON does not have: other keys, numbers without end."""
    todo: list[tuple[Any, Path]] = [(source.value, ())]
    while todo:
        node, path = todo.pop()
        if len(path) >= MAX_DEPTH:
            raise SourceProblem(f"The definition nests deeper than {MAX_DEPTH} levels", 1, 1)
        if isinstance(node, Mapping) and not all(isinstance(key, str) for key in node):
            raise SourceProblem("The keys of an object must be strings", 1, 1)
        for key, item in node.items() if isinstance(node, Mapping) else enumerate(node):
            if isinstance(item, (Mapping, list)):
                todo.append((item, (*path, key)))
            elif isinstance(item, float) and not math.isfinite(item):
                raise _no_number(source, (*path, key))


def _no_number(source: Source, path: Path) -> SourceProblem:
    where = ".".join(map(str, path))
    message = (
        f"{where} is no finite number, as JSON needs it: give a smaller one, or quote it to make it text"
    )
    return SourceProblem(message, *source.locate(path))
