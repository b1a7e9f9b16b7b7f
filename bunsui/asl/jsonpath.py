"""JSONPath in the dialect of Step Functions (Jayway), compiled once.

A path starts at ``$`` (the input), ``$$`` (the context object) or ``$name`` (a variable).
A *definite* path (names and indexes only) gives the one value it selects and fails where there is none;
any other path gives a list, which is empty where there is nothing. A *reference path* is a definite path
without negative indexes.
"""

# ruff: noqa: ARG001, FBT001 - every selector has the one signature
from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache
from typing import Any

from bunsui.asl.errors import JsonPathError, JsonPathNotFound
from bunsui.asl.jsonpath_filter import FilterParser

__all__ = ["JsonPathError", "JsonPathNotFound", "Path", "compile_path"]

Selector = Callable[[Any, Any, bool], Iterable[Any]]
"""``(node, root, strict) -> selected nodes``; ``strict`` fails where nothing can be selected."""

_ROOT = re.compile(r"\$(\$|[^\W\d]\w*)?")
_NAME = re.compile(r"[^\s.\[\]()*?,'\"$@=<>!&|]+")
_INTEGER = re.compile(r"-?\d+")
_SLICE = re.compile(r"\s*(-?\d+)?\s*:\s*(-?\d+)?\s*(?::\s*(-?\d+)?\s*)?\]")
_SCRIPT = re.compile(r"\(\s*@\.length\s*(?:\(\))?\s*([+-])\s*(\d+)\s*\)\s*\]")
_FUNCTION = re.compile(r"\.(length|size|keys|min|max|avg|sum)\(\s*\)")


class _Nothing(Exception):
    """Raised inside a strict step that selects nothing."""


class Path:
    """A compiled path: call :meth:`get` with the document that ``root`` names."""

    __slots__ = ("_selectors", "definite", "is_context", "keys", "reference", "text", "variable")

    def __init__(self, text: str, root: str, steps: list[_Step]) -> None:
        self.text = text
        self.is_context = root == "$$"
        self.variable = root[1:] if len(root) > 1 and not self.is_context else None
        self.definite = all(step.definite for step in steps)
        self.reference = all(step.key is not None for step in steps)
        self.keys = tuple(step.key for step in steps if step.key is not None) if self.reference else ()
        self._selectors = [step.select for step in steps]

    def get(self, document: Any) -> Any:
        """The selected value (a list for an indefinite path).

        Raises:
            JsonPathNotFound: a definite path selects nothing.
        """
        if not self.reference:
            return self._search(document)
        node = document
        try:
            for key in self.keys:
                # Python would index a string; JSON has nothing inside of one.
                if node.__class__ is str:
                    raise JsonPathNotFound(self.text)
                node = node[key]
        except (KeyError, IndexError, TypeError):
            raise JsonPathNotFound(self.text) from None
        return node

    def _search(self, document: Any) -> Any:
        nodes: list[Any] = [document]
        strict = self.definite
        try:
            for select in self._selectors:
                nodes = [found for node in nodes for found in select(node, document, strict)]
        except _Nothing:
            raise JsonPathNotFound(self.text) from None
        return nodes[0] if strict else nodes

    def exists(self, document: Any) -> bool:
        """Whether the path selects something."""
        try:
            found = self.get(document)
        except JsonPathNotFound:
            return False
        return self.definite or bool(found)

    def put(self, document: Any, value: Any) -> Any:
        """A copy of ``document`` with ``value`` at this reference path (objects on the way are made).

        Raises:
            JsonPathNotFound: an index outside a list, or a node on the way that is no container.
        """
        return self._put(document, 0, value)

    def _put(self, node: Any, depth: int, value: Any) -> Any:
        if depth == len(self.keys):
            return value
        key = self.keys[depth]
        if isinstance(key, str):
            base = dict(node) if isinstance(node, dict) else None
            if base is None:
                raise JsonPathNotFound(self.text)
            base[key] = self._put(base.get(key, {}), depth + 1, value)
            return base
        if not isinstance(node, list) or not 0 <= key < len(node):
            raise JsonPathNotFound(self.text)
        return [*node[:key], self._put(node[key], depth + 1, value), *node[key + 1 :]]

    def __repr__(self) -> str:
        return f"Path({self.text!r})"


class _Step:
    __slots__ = ("definite", "key", "select")

    def __init__(self, select: Selector, *, definite: bool, key: str | int | None = None) -> None:
        self.select = select
        self.definite = definite
        self.key = key


@lru_cache(maxsize=4096)
def compile_path(text: str) -> Path:
    """Compile a path; compiled paths are cached.

    Raises:
        JsonPathError: with the position of the first character that does not fit.
    """
    try:
        return _Parser(text).parse()
    except RecursionError:
        raise JsonPathError("The filters nest too deeply", text, 0) from None


class _Parser:
    def __init__(self, text: str) -> None:
        self.text = text
        self.end = len(text.rstrip())
        self.at = len(text) - len(text.lstrip())

    def parse(self) -> Path:
        root = _ROOT.match(self.text, self.at)
        if root is None:
            raise self.error("A path must start with $")
        self.at = root.end()
        steps: list[_Step] = []
        while self.at < self.end:
            steps.append(self.step())
        return Path(self.text, root.group(), steps)

    def error(self, message: str) -> JsonPathError:
        return JsonPathError(message, self.text, self.at)

    def step(self) -> _Step:
        if self.text.startswith("..", self.at):
            return self.descent()
        function = _FUNCTION.match(self.text, self.at)
        if function is not None:
            self.at = function.end()
            return _Step(_aggregate(function.group(1)), definite=True)
        if self.text.startswith(".", self.at) and not self.text.startswith(".[", self.at):
            self.at += 1
            return self.child()
        # `$.a.[0]` is not in the grammar, but in published definitions.
        if self.text.startswith(".[", self.at):
            self.at += 1
        if self.text.startswith("[", self.at):
            self.at += 1
            return self.bracket()
        raise self.error("Expected . or [")

    def descent(self) -> _Step:
        self.at += 2
        if self.text.startswith("[", self.at):
            self.at += 1
            inner = self.bracket()
        else:
            inner = self.child()
        select = inner.select

        def descend(node: Any, root: Any, strict: bool) -> Iterator[Any]:
            for item in _descendants(node):
                yield from select(item, root, False)

        return _Step(descend, definite=False)

    def child(self) -> _Step:
        if self.text.startswith("*", self.at):
            self.at += 1
            return _Step(_wildcard, definite=False)
        name = _NAME.match(self.text, self.at)
        if name is None:
            raise self.error("Expected a name")
        self.at = name.end()
        return _named(name.group())

    def bracket(self) -> _Step:
        self.blanks()
        char = self.text[self.at : self.at + 1]
        if char == "*":
            self.at += 1
            self.close()
            return _Step(_wildcard, definite=False)
        if char in ("'", '"'):
            return self.names()
        if char == "?":
            return self.filter()
        if char == "(":
            return self.script()
        return self.numbers()

    def blanks(self) -> None:
        while self.at < self.end and self.text[self.at].isspace():
            self.at += 1

    def close(self) -> None:
        self.blanks()
        if not self.text.startswith("]", self.at):
            raise self.error("Expected ]")
        self.at += 1

    def comma(self) -> bool:
        self.blanks()
        if not self.text.startswith(",", self.at):
            return False
        self.at += 1
        self.blanks()
        return True

    def names(self) -> _Step:
        keys = [self.quoted()]
        while self.comma():
            keys.append(self.quoted())
        self.close()
        if len(keys) == 1:
            return _named(keys[0])
        return _Step(_several(tuple(keys)), definite=True)

    def quoted(self) -> str:
        quote = self.text[self.at : self.at + 1]
        if quote not in ("'", '"'):
            raise self.error("Expected a quoted name")
        out, at = [], self.at + 1
        while at < self.end and self.text[at] != quote:
            at += self.text[at] == "\\" and self.text[at + 1 : at + 2] in (quote, "\\")
            out.append(self.text[at : at + 1])
            at += 1
        if at >= self.end:
            raise self.error("Unterminated name")
        self.at = at + 1
        return "".join(out)

    def script(self) -> _Step:
        script = _SCRIPT.match(self.text, self.at)
        if script is None:
            raise self.error("Unsupported script expression")
        self.at = script.end()
        shift = int(script.group(1) + script.group(2))
        return _Step(_from_length(shift), definite=True)

    def numbers(self) -> _Step:
        piece = _SLICE.match(self.text, self.at)
        if piece is not None:
            self.at = piece.end()
            start, stop, stride = (int(x) if x else None for x in piece.groups())
            if stride == 0:
                raise self.error("A slice cannot have step 0")
            return _Step(_slice(slice(start, stop, stride)), definite=False)
        indexes = [self.integer()]
        while self.comma():
            indexes.append(self.integer())
        self.close()
        if len(indexes) == 1:
            return _indexed(indexes[0])
        return _Step(_indexes(tuple(indexes)), definite=False)

    def integer(self) -> int:
        number = _INTEGER.match(self.text, self.at)
        if number is None:
            raise self.error("Expected a name, an index, a slice, a filter or *")
        self.at = number.end()
        return int(number.group())

    def filter(self) -> _Step:
        parser = FilterParser(self.text, self.at + 1, compile_path)
        test, self.at = parser.parse()
        self.close()

        def select(node: Any, root: Any, strict: bool) -> Iterator[Any]:
            items = node if isinstance(node, list) else [node] if isinstance(node, dict) else []
            if strict and not isinstance(node, (list, dict)):
                raise _Nothing
            return (item for item in items if test(item, root))

        return _Step(select, definite=False)


def _named(name: str) -> _Step:
    def select(node: Any, root: Any, strict: bool) -> list[Any]:
        if isinstance(node, dict) and name in node:
            return [node[name]]
        if strict:
            raise _Nothing
        return []

    return _Step(select, definite=True, key=name)


def _indexed(index: int) -> _Step:
    def select(node: Any, root: Any, strict: bool) -> list[Any]:
        if isinstance(node, list) and -len(node) <= index < len(node):
            return [node[index]]
        if strict:
            raise _Nothing
        return []

    return _Step(select, definite=True, key=index if index >= 0 else None)


def _from_length(shift: int) -> Selector:
    def select(node: Any, root: Any, strict: bool) -> list[Any]:
        if isinstance(node, list) and 0 <= len(node) + shift < len(node):
            return [node[len(node) + shift]]
        if strict:
            raise _Nothing
        return []

    return select


def _several(names: tuple[str, ...]) -> Selector:
    def select(node: Any, root: Any, strict: bool) -> list[Any]:
        if isinstance(node, dict):
            return [{name: node[name] for name in names if name in node}]
        if strict:
            raise _Nothing
        return []

    return select


def _indexes(indexes: tuple[int, ...]) -> Selector:
    def select(node: Any, root: Any, strict: bool) -> list[Any]:
        if not isinstance(node, list):
            if strict:
                raise _Nothing
            return []
        return [node[index] for index in indexes if -len(node) <= index < len(node)]

    return select


def _slice(piece: slice) -> Selector:
    def select(node: Any, root: Any, strict: bool) -> list[Any]:
        if isinstance(node, list):
            return node[piece]
        if strict:
            raise _Nothing
        return []

    return select


def _wildcard(node: Any, root: Any, strict: bool) -> Iterable[Any]:
    if isinstance(node, dict):
        return node.values()
    return node if isinstance(node, list) else []


def _descendants(node: Any) -> Iterator[Any]:
    yield node
    children = node.values() if isinstance(node, dict) else node if isinstance(node, list) else ()
    for child in children:
        yield from _descendants(child)


def _mean(values: list[float]) -> float:
    return sum(values) / len(values)


_AGGREGATES: dict[str, Callable[[list[Any]], Any]] = {"min": min, "max": max, "sum": sum, "avg": _mean}


def _aggregate(name: str) -> Selector:
    def select(node: Any, root: Any, strict: bool) -> list[Any]:
        if name == "keys" and isinstance(node, dict):
            return [list(node)]
        if name in ("length", "size") and isinstance(node, (list, dict, str)):
            return [len(node)]
        if name in _AGGREGATES and isinstance(node, list) and node:
            return [_AGGREGATES[name](node)]
        if strict:
            raise _Nothing
        return []

    return select
