"""Nodes of a YAML document with the place of every key and value.

Composed from the parser's events on a stack of our own, so that neither deep nesting nor aliases can
exhaust memory or the interpreter's stack.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import yaml

__all__ = ["ComposeError", "Node", "compose"]

MAX_DEPTH = 40
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class ComposeError(ValueError):
    """Text that is no YAML document; `line` and `column` count from 1."""

    def __init__(self, message: str, line: int = 1, column: int = 1) -> None:
        super().__init__(message)
        self.message = message
        self.line = line
        self.column = column


@dataclass(eq=False, slots=True)
class Node:
    """A scalar, list or map. `line`, `column`, `end_line`, `end_column` count from 1.

    `pairs` are the entries of a map as written, duplicates included; `items` those of a list.
    """

    kind: str
    line: int
    column: int
    text: str = ""
    tag: str | None = None
    plain: bool = False
    end_line: int = 0
    end_column: int = 0
    items: list[Node] = field(default_factory=list)
    pairs: list[tuple[Node, Node]] = field(default_factory=list)
    key: Node | None = None

    def add(self, child: Node) -> None:
        """Take the next child of a collection."""
        if self.kind == "list":
            self.items.append(child)
        elif self.key is None:
            self.key = child
        else:
            self.pairs.append((self.key, child))
            self.key = None

    def get(self, name: str) -> tuple[Node, Node] | None:
        """The first entry of a map with that key."""
        return next((pair for pair in self.pairs if pair[0].kind == "scalar" and pair[0].text == name), None)


def compose(text: str) -> Node | None:
    """The root of the only document, None for an empty one. Raises ComposeError."""
    try:
        return _compose(yaml.parse(text, Loader=_LOADER))
    except yaml.MarkedYAMLError as exc:
        why = " ".join(part for part in (exc.context, exc.problem) if part)
        place = _place(exc.problem_mark or exc.context_mark)
        raise ComposeError(f"this is no YAML: {why}", *place) from None
    except (yaml.YAMLError, UnicodeError) as exc:
        raise ComposeError(f"this is no YAML: {str(exc).splitlines()[0]}") from None


def _compose(events: Iterator[yaml.Event]) -> Node | None:
    stack: list[Node] = [Node("list", 1, 1)]
    anchors: dict[str, Node] = {}
    for event in events:
        if isinstance(event, yaml.CollectionEndEvent):
            stack.pop()
        elif isinstance(event, yaml.NodeEvent):
            node = _alias(event, anchors, stack) if isinstance(event, yaml.AliasEvent) else _node(event)
            stack[-1].add(node)
            _anchor(event, node, anchors)
            if isinstance(event, yaml.CollectionStartEvent):
                _push(stack, node)
    roots = stack[0].items
    if len(roots) > 1:
        raise ComposeError("one document is expected, here begins another", roots[1].line, roots[1].column)
    return roots[0] if roots else None


def _push(stack: list[Node], node: Node) -> None:
    if len(stack) > MAX_DEPTH:
        raise ComposeError(f"nested deeper than {MAX_DEPTH} levels", node.line, node.column)
    stack.append(node)


def _anchor(event: yaml.NodeEvent, node: Node, anchors: dict[str, Node]) -> None:
    if event.anchor is not None and not isinstance(event, yaml.AliasEvent):
        anchors[event.anchor] = node


def _alias(event: yaml.AliasEvent, anchors: dict[str, Node], stack: list[Node]) -> Node:
    node = anchors.get(event.anchor or "")
    line, column = _place(event.start_mark)
    if node is None:
        raise ComposeError(f"the alias *{event.anchor} has no anchor before it", line, column)
    if any(node is above for above in stack):
        raise ComposeError(f"the alias *{event.anchor} stands inside its own anchor", line, column)
    return node


def _node(event: yaml.NodeEvent) -> Node:
    line, column = _place(event.start_mark)
    end_line, end_column = _place(event.end_mark)
    node = Node(_kind(event), line, column, end_line=end_line, end_column=end_column)
    node.tag = getattr(event, "tag", None)
    if isinstance(event, yaml.ScalarEvent):
        node.text = event.value
        node.plain = bool(event.implicit[0]) and event.style in {None, ""}
    return node


def _kind(event: yaml.NodeEvent) -> str:
    if isinstance(event, yaml.MappingStartEvent):
        return "map"
    return "list" if isinstance(event, yaml.SequenceStartEvent) else "scalar"


def _place(mark: Any) -> tuple[int, int]:
    """Line and column of a mark of either parser, from 1."""
    return (mark.line + 1, mark.column + 1) if mark else (1, 1)
