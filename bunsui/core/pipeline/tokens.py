"""Words of a JSONata expression: enough to say which variables it names, and where.

Strings, quoted names, regular expressions and comments are told apart, so that text inside them is
never taken for a variable. Whether the expression is valid is the engine's question.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

__all__ = ["Token", "tokens", "unquoted"]

_TOKEN = re.compile(
    r"""
    (?P<comment>/\*.*?\*/)
  | (?P<string>"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*')
  | (?P<quoted>`[^`]*`)
  | (?P<variable>\$\$|\$\w*)
  | (?P<number>\d+(?:\.\d+)?(?:[eE][-+]?\d+)?)
  | (?P<name>[^\W\d]\w*)
  | (?P<sign>:=|\.\.|!=|<=|>=|~>|\*\*|\?\?|\?:|\S)
    """,
    re.VERBOSE | re.DOTALL,
)
_REGEX = re.compile(r"/(?:\\.|\[(?:\\.|[^\]\\])*\]|[^/\\\[])+/[im]*", re.DOTALL)
_OPERANDS = frozenset({"string", "quoted", "variable", "number", "name"})
_CLOSERS = frozenset({")", "]", "}"})


@dataclass(frozen=True, slots=True)
class Token:
    """One word: its kind (string, quoted, variable, number, name, sign, regex), text and offset."""

    kind: str
    text: str
    at: int


def tokens(text: str) -> list[Token]:
    """The words of an expression, without white space and comments."""
    return list(_scan(text))


def _scan(text: str) -> Iterator[Token]:
    at, operand = 0, False
    while (match := _TOKEN.search(text, at)) is not None:
        kind = match.lastgroup or "sign"
        if match.group() == "/" and not operand and (regex := _REGEX.match(text, match.start())):
            match, kind = regex, "regex"
        at = match.end()
        if kind == "comment":
            continue
        operand = kind in _OPERANDS or match.group() in _CLOSERS
        yield Token(kind, match.group(), match.start())


def unquoted(token: Token) -> str | None:
    """The name that a path step spells (`a`, `"a-b"`, backquoted), None if it is none."""
    if token.kind == "name":
        return token.text
    if token.kind in {"string", "quoted"}:
        return token.text[1:-1]
    return None
