"""A definition as read from a file: its JSON value, and where every part of it stands."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from bunsui.core.models.base import JsonValue
from bunsui.core.pipeline.findings import Finding, KeyPath, Problem, spelled
from bunsui.core.pipeline.nodes import ComposeError, Node, compose
from bunsui.core.pipeline.scalars import ScalarError, scalar
from bunsui.errors import ConfigError, NotFound

__all__ = ["Document", "Positions", "parse_document", "read_data", "read_document"]

MAX_BYTES = 4 * 1024 * 1024
MAX_NODES = 50_000
_SHOWN = 5
_COLLECTIONS = {None, "!", "tag:yaml.org,2002:map", "tag:yaml.org,2002:seq"}
_BREAK = re.compile(r"\r\n|[\r\n\x85\u2028\u2029]")


@dataclass(frozen=True, slots=True)
class Positions:
    """Finds the line and column of what a key path names. Without a root nothing has a place."""

    root: Node | None = None
    lines: tuple[str, ...] = ()

    def place(self, problem: Problem) -> tuple[int, int]:
        """Line and column, from 1; (0, 0) where there is no text."""
        key, value = self._walk(problem.path)
        if value is None:
            return (0, 0)
        if problem.offset is not None and value.kind == "scalar":
            return self._inside(value, problem.offset)
        node = key if problem.on_key and key is not None else value
        return (node.line, node.column)

    def _walk(self, path: KeyPath) -> tuple[Node | None, Node | None]:
        """The key and value at the path, or at the longest part of it that is there."""
        key, node = None, self.root
        for part in path:
            found = _child(node, part) if node is not None else None
            if found is None:
                break
            key, node = found
        return key, node

    def _inside(self, node: Node, offset: int) -> tuple[int, int]:
        """Where the character at `offset` of a scalar's value stands in the text."""
        source = list(self._source(node))
        index = -1
        for char in node.text[: offset + 1]:
            step = next((i for i in range(index + 1, len(source)) if _same(source[i][0], char)), None)
            if step is None:
                break
            index = step
        return source[index][1] if source and index >= 0 else (node.line, node.column)

    def _source(self, node: Node) -> Iterator[tuple[str, tuple[int, int]]]:
        """The characters that spell a scalar, with their places."""
        for number in range(node.line, min(node.end_line, len(self.lines)) + 1):
            text = self.lines[number - 1]
            first = node.column if number == node.line else 1
            last = node.end_column - 1 if number == node.end_line else len(text)
            yield from ((text[column - 1], (number, column)) for column in range(first, last + 1))
            yield "\n", (number, len(text) + 1)


def _same(source: str, char: str) -> bool:
    return source == char or (source == "\n" and char == " ")


def _child(node: Node, part: str | int) -> tuple[Node | None, Node] | None:
    if isinstance(part, int):
        return (None, node.items[part]) if node.kind == "list" and part < len(node.items) else None
    return node.get(part)


@dataclass(frozen=True, slots=True)
class Document:
    """A document: its value, the places of its parts and what is wrong with its text.

    Where a part is wrong `value` holds what could be read of it, so that one pass finds everything.
    """

    file: str
    value: JsonValue
    positions: Positions
    problems: tuple[Problem, ...] = ()

    def findings(self, problems: list[Problem]) -> list[Finding]:
        """Problems with their places, in the order of the text, each once."""
        unread = [self._finding(problem) for problem in self.problems]
        places = {(one.line, one.column) for one in unread}
        others = (self._finding(problem) for problem in problems)
        # What could not be read is None in the value: what others say of that is beside the point.
        found = unread + [one for one in others if not one.line or (one.line, one.column) not in places]
        once = {(one.line, one.column, one.line or one.key, one.message): one for one in reversed(found)}
        return sorted(once.values(), key=lambda one: (one.line, one.column, one.key))

    def _finding(self, problem: Problem) -> Finding:
        line, column = problem.at or self.positions.place(problem)
        return Finding(
            file=self.file,
            line=line,
            column=column,
            key=spelled(problem.path),
            message=problem.message,
            suggestion=problem.suggestion,
            severity=problem.severity,
        )


def read_document(path: Path) -> Document:
    """The document in a file, YAML or JSON. Raises NotFound when it cannot be read."""
    try:
        data = path.read_bytes()
    except (OSError, ValueError) as exc:
        why = getattr(exc, "strerror", None) or str(exc)
        message = f"{path} cannot be read: {why}"
        raise NotFound(message, next_steps=("check the path and its permissions",)) from None
    if len(data) > MAX_BYTES:
        return _unreadable(str(path), f"larger than {MAX_BYTES // 1024**2} MiB")
    try:
        return parse_document(data.decode("utf-8-sig"), str(path))
    except UnicodeDecodeError as exc:
        line = data.count(b"\n", 0, exc.start) + 1
        return _unreadable(str(path), "this is no UTF-8 text", line)


def read_data(path: Path, what: str) -> JsonValue:
    """The value of a file that is no pipeline, read like one, so that `yes` and dates stay text here too.

    Raises ConfigError with `what` it was to be, and every place that has no value.
    """
    try:
        document = read_document(path)
    except NotFound as exc:
        raise ConfigError(f"{what}: {exc.message}", next_steps=exc.next_steps) from exc
    if found := document.findings([]):
        places = "; ".join(map(str, found[:_SHOWN]))
        raise ConfigError(f"{what} {path} cannot be read: {places}", next_steps=["correct the places named"])
    return document.value


def parse_document(text: str, file: str = "") -> Document:
    """The document in a text. Nothing is raised: what is wrong is among its `problems`."""
    try:
        root = compose(text)
    except ComposeError as exc:
        return _unreadable(file, exc.message, *_within(text, exc.line, exc.column))
    if root is None:
        return _unreadable(file, "the document is empty")
    reader = _Reader()
    value = reader.read(root, ())
    return Document(file, value, Positions(root, tuple(_BREAK.split(text))), tuple(reader.problems))


def _within(text: str, line: int, column: int) -> tuple[int, int]:
    """A place in the text: the parser may complain of a line behind the last one."""
    lines = _BREAK.split(text)
    return (line, column) if line <= len(lines) else (len(lines), len(lines[-1]) + 1)


def _unreadable(file: str, message: str, line: int = 1, column: int = 1) -> Document:
    return Document(file, None, Positions(), (Problem(path=(), message=message, at=(line, column)),))


class _Reader:
    """Turns nodes into a JSON value and notes what has none."""

    def __init__(self) -> None:
        self.problems: list[Problem] = []
        self._seen = 0

    def read(self, node: Node, path: KeyPath) -> JsonValue:
        self._seen += 1
        if self._seen > MAX_NODES:
            self._full(node)
            return None
        if node.kind == "scalar":
            return self._scalar(node, path)
        if node.tag not in _COLLECTIONS:
            self._wrong(node, path, f"the tag {node.tag} has no meaning here")
        if node.kind == "list":
            return [self.read(item, (*path, index)) for index, item in enumerate(node.items)]
        return self._map(node, path)

    def _map(self, node: Node, path: KeyPath) -> JsonValue:
        found: dict[str, JsonValue] = {}
        for key, value in node.pairs:
            if (name := self._key(key, path)) is None:
                continue
            if name in found:
                self._wrong(key, (*path, name), "this key is here twice")
            else:
                found[name] = self.read(value, (*path, name))
        return found

    def _key(self, key: Node, path: KeyPath) -> str | None:
        if key.kind != "scalar":
            self._wrong(key, path, "a key must be text, not a list or mapping")
            return None
        name = self._scalar(key, path)
        if name == "<<":
            self._wrong(key, path, "merge keys are no part of YAML 1.2: repeat the keys, or use `defaults`")
        elif isinstance(name, str):
            return name
        else:
            self._wrong(key, path, f"a key must be text: quote it, as '{key.text}'")
        return None

    def _scalar(self, node: Node, path: KeyPath) -> JsonValue:
        try:
            return scalar(node.text, node.tag, plain=node.plain)
        except ScalarError as exc:
            self._wrong(node, path, str(exc))
            return None

    def _full(self, node: Node) -> None:
        if self._seen == MAX_NODES + 1:
            self._wrong(node, (), f"more than {MAX_NODES:,} values, aliases expanded")

    def _wrong(self, node: Node, path: KeyPath, message: str) -> None:
        self.problems.append(Problem(path=path, message=message, at=(node.line, node.column)))
