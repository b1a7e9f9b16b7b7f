"""Filters of the JSONPath dialect: ``[?(@.a == 'x' && @.b > 1)]``.

Words without quotes are strings, as published definitions write them (``@.type==tool_use``).
"""

# ruff: noqa: ARG005 - every operand has the one signature
from __future__ import annotations

import operator
import re
from collections.abc import Callable
from typing import Any, Protocol

from bunsui.asl.errors import JsonPathError, JsonPathNotFound

Operand = Callable[[Any, Any], Any]
"""``(item, root) -> value``, or MISSING."""
Test = Callable[[Any, Any], bool]

_TOKEN = re.compile(
    r"""\s*(?:
    (?P<op>==|!=|<=|>=|=~|<|>|&&|\|\||!|\(|\)|\[|\]|,)
  | (?P<string>'(?:\\.|[^'\\])*'|"(?:\\.|[^"\\])*")
  | (?P<regex>/(?:\\.|[^/\\])+/[a-z]*)
  | (?P<number>-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?(?![\w-]))
  | (?P<path>[@$](?:\.{1,2}[^\s.\[\]()=<>!&|,'"]+|\[(?:[^\[\]'"]|'[^']*'|"[^"]*")*\])*)
  | (?P<word>[^\s()\[\]=<>!&|,'"@$]+)
)""",
    re.VERBOSE,
)


class _Missing:
    """The value of a path that selects nothing."""

    def __repr__(self) -> str:
        return "MISSING"


MISSING = _Missing()


class CompiledPath(Protocol):
    """What this module needs of a path."""

    def get(self, document: Any) -> Any: ...


class FilterParser:
    """Recursive descent over one filter, from its opening parenthesis on."""

    def __init__(self, text: str, at: int, compile_path: Callable[[str], CompiledPath]) -> None:
        self.text = text
        self.at = at
        self.compile_path = compile_path

    def parse(self) -> tuple[Test, int]:
        """The test and the offset after the filter's closing parenthesis."""
        test = self.either()
        return test, self.at

    def peek(self) -> re.Match[str] | None:
        return _TOKEN.match(self.text, self.at)

    def accept(self, *symbols: str) -> str | None:
        token = self.peek()
        if token is None or token.lastgroup not in ("op", "word"):
            return None
        found = token.group(token.lastgroup)
        if found not in symbols:
            return None
        self.at = token.end()
        return found

    def error(self, message: str) -> JsonPathError:
        return JsonPathError(message, self.text, self.at)

    def either(self) -> Test:
        tests = [self.both()]
        while self.accept("||"):
            tests.append(self.both())
        return tests[0] if len(tests) == 1 else lambda item, root: any(t(item, root) for t in tests)

    def both(self) -> Test:
        tests = [self.single()]
        while self.accept("&&"):
            tests.append(self.single())
        return tests[0] if len(tests) == 1 else lambda item, root: all(t(item, root) for t in tests)

    def single(self) -> Test:
        if self.accept("!"):
            inner = self.single()
            return lambda item, root: not inner(item, root)
        if self.accept("("):
            inner = self.either()
            if not self.accept(")"):
                raise self.error("Expected ) in a filter")
            return inner
        return self.comparison()

    def comparison(self) -> Test:
        left = self.operand()
        symbol = self.accept("==", "!=", "<=", ">=", "<", ">", "=~", "in", "nin", "contains", "size", "empty")
        if symbol is None:
            return lambda item, root: left(item, root) is not MISSING
        right = self.operand()
        compare = _COMPARE[symbol]

        def test(item: Any, root: Any) -> bool:
            return bool(compare(left(item, root), right(item, root)))

        return test

    def operand(self) -> Operand:
        token = self.peek()
        if token is None:
            raise self.error("Expected a value in a filter")
        kind, text = token.lastgroup or "", token.group(token.lastgroup or 0)
        if kind == "op" and text != "[":
            raise self.error("Expected a value in a filter")
        self.at = token.end()
        if kind == "op":
            return self.list_operand()
        return self.path_operand(text) if kind == "path" else _constant(_literal(kind, text))

    def list_operand(self) -> Operand:
        items: list[Operand] = []
        while not self.accept("]"):
            items.append(self.operand())
            self.accept(",")
        return lambda item, root: [one(item, root) for one in items]

    def path_operand(self, text: str) -> Operand:
        path = self.compile_path("$" + text[1:])
        of_item = text.startswith("@")

        def value(item: Any, root: Any) -> Any:
            try:
                return path.get(item if of_item else root)
            except JsonPathNotFound:
                return MISSING

        return value


_WORDS: dict[str, Any] = {"true": True, "false": False, "null": None}


def _literal(kind: str, text: str) -> Any:
    if kind == "string":
        return re.sub(r"\\(.)", r"\1", text[1:-1])
    if kind == "number":
        return float(text) if re.search(r"[.eE]", text) else int(text)
    if kind == "regex":
        body, _, flags = text[1:].rpartition("/")
        return re.compile(body, re.IGNORECASE if "i" in flags else 0)
    return _WORDS.get(text, text)


def _constant(value: Any) -> Operand:
    return lambda item, root: value


def _same(left: Any, right: Any) -> bool:
    if isinstance(left, bool) or isinstance(right, bool):
        return left is right
    return bool(left == right)


def _ordered(compare: Callable[[Any, Any], bool]) -> Callable[[Any, Any], bool]:
    def test(left: Any, right: Any) -> bool:
        numbers = all(isinstance(x, (int, float)) and not isinstance(x, bool) for x in (left, right))
        strings = isinstance(left, str) and isinstance(right, str)
        return (numbers or strings) and compare(left, right)

    return test


def _matches(left: Any, right: Any) -> bool:
    return isinstance(left, str) and isinstance(right, re.Pattern) and right.fullmatch(left) is not None


def _inside(left: Any, right: Any) -> bool:
    return isinstance(right, list) and any(_same(left, one) for one in right)


def _contains(left: Any, right: Any) -> bool:
    if isinstance(left, str):
        return isinstance(right, str) and right in left
    return _inside(right, left)


def _sized(left: Any, right: Any) -> bool:
    return isinstance(left, (list, str)) and len(left) == right


def _emptiness(left: Any, right: Any) -> bool:
    return isinstance(left, (list, str)) and (not left) is right


_COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "==": _same,
    "!=": lambda left, right: not _same(left, right),
    "<": _ordered(operator.lt),
    "<=": _ordered(operator.le),
    ">": _ordered(operator.gt),
    ">=": _ordered(operator.ge),
    "=~": _matches,
    "in": _inside,
    "nin": lambda left, right: not _inside(left, right),
    "contains": _contains,
    "size": _sized,
    "empty": _emptiness,
}
