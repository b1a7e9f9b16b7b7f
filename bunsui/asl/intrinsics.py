"""The 18 intrinsic functions of JSONPath states: ``States.Format('{}', $.name)``.

:func:`parse` gives a tree of calls, paths and literals; :meth:`Call.evaluate` runs it.
Functions: https://docs.aws.amazon.com/step-functions/latest/dg/intrinsic-functions.html
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from bunsui.asl.chance import Chance
from bunsui.asl.errors import IntrinsicError, JsonPathError
from bunsui.asl.intrinsic_functions import FUNCTIONS, BadArguments
from bunsui.asl.jsonpath import Path, compile_path

__all__ = ["MAX_DEPTH", "Call", "IntrinsicError", "IntrinsicFailed", "Literal", "parse"]

MAX_DEPTH = 10
"""Calls may be nested this deep."""

_CALL = re.compile(r"(States\.[A-Za-z0-9]+)\s*\(")
_NUMBER = re.compile(r"-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?(?=\s*[,)])")
_WORD = re.compile(r"(true|false|null)(?=\s*[,)])")
_WORDS = {"true": True, "false": False, "null": None}
_ESCAPE = re.compile(r"\\(['{}\\])")


class IntrinsicFailed(Exception):
    """A function got arguments it does not take; ``call`` is the text of the failing call."""

    def __init__(self, call: str, reason: str) -> None:
        super().__init__(f"{call}: {reason}")
        self.call = call
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Literal:
    """A constant argument. ``raw`` is a string's text with its escapes, as templates need it."""

    value: Any
    raw: str | None = None


@dataclass(frozen=True, slots=True)
class Call:
    """One call: the function's name (``States.Format``), its arguments and its own text."""

    name: str
    arguments: tuple[Call | Path | Literal, ...]
    text: str

    def paths(self) -> list[Path]:
        """All paths among the arguments, also of nested calls."""
        found: list[Path] = []
        for argument in self.arguments:
            if isinstance(argument, Call):
                found += argument.paths()
            elif isinstance(argument, Path):
                found.append(argument)
        return found

    def evaluate(self, resolve: Callable[[Path], Any], chance: Chance) -> Any:
        """The value; ``resolve`` gives the value of a path.

        Raises:
            IntrinsicFailed: the arguments do not fit the function.
        """
        function = FUNCTIONS[self.name].run
        values = [self._value(argument, resolve, chance) for argument in self.arguments]
        try:
            return function(values, chance)
        except BadArguments as exc:
            raise IntrinsicFailed(self.text, str(exc)) from None

    def _value(self, argument: Call | Path | Literal, resolve: Callable[[Path], Any], chance: Chance) -> Any:
        if isinstance(argument, Path):
            return resolve(argument)
        if isinstance(argument, Call):
            return argument.evaluate(resolve, chance)
        is_template = self.name == "States.Format" and argument.raw is not None
        return argument.raw if is_template and argument is self.arguments[0] else argument.value


def parse(text: str) -> Call:
    """Parse a call that makes up the whole text (blanks around it are allowed).

    Raises:
        IntrinsicError: with the offset of what does not fit; also for an unknown function, a wrong
            number of arguments, and calls nested deeper than :data:`MAX_DEPTH`.
    """
    parser = _Parser(text)
    call = parser.call(1)
    parser.blanks()
    if parser.at < len(text):
        raise parser.error("Unexpected text after the call")
    return call


class _Parser:
    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.blanks()

    def error(self, message: str, at: int | None = None) -> IntrinsicError:
        return IntrinsicError(message, self.text, self.at if at is None else at)

    def blanks(self) -> None:
        while self.at < len(self.text) and self.text[self.at].isspace():
            self.at += 1

    def call(self, depth: int) -> Call:
        start = self.at
        head = _CALL.match(self.text, start)
        if head is None:
            raise self.error("Expected a call of an intrinsic function")
        name = head.group(1)
        if name not in FUNCTIONS:
            raise self.error(f"Unknown intrinsic function {name}")
        if depth > MAX_DEPTH:
            raise self.error(f"Intrinsic functions may be nested {MAX_DEPTH} deep")
        self.at = head.end()
        arguments = self.arguments(depth)
        low, high = FUNCTIONS[name].arity
        if not low <= len(arguments) <= high:
            raise self.error(f"{name} does not take {len(arguments)} arguments", start)
        return Call(name, tuple(arguments), self.text[start : self.at])

    def arguments(self, depth: int) -> list[Call | Path | Literal]:
        out: list[Call | Path | Literal] = []
        self.blanks()
        if self.text.startswith(")", self.at):
            self.at += 1
            return out
        while True:
            self.blanks()
            out.append(self.argument(depth))
            self.blanks()
            end = self.text[self.at : self.at + 1]
            if end not in (",", ")") or not end:
                raise self.error("Expected , or )")
            self.at += 1
            if end == ")":
                return out

    def argument(self, depth: int) -> Call | Path | Literal:
        char = self.text[self.at : self.at + 1]
        if char == "'":
            return self.string()
        if char == "$":
            return self.path()
        number = _NUMBER.match(self.text, self.at)
        if number is not None:
            self.at = number.end()
            digits = number.group()
            return Literal(float(digits) if re.search(r"[.eE]", digits) else int(digits))
        word = _WORD.match(self.text, self.at)
        if word is not None:
            self.at = word.end()
            return Literal(_WORDS[word.group(1)])
        return self.call(depth + 1)

    def string(self) -> Literal:
        at = self.at + 1
        while at < len(self.text) and self.text[at] != "'":
            at += 2 if self.text[at] == "\\" else 1
        if at >= len(self.text):
            raise self.error("Unterminated string")
        raw = self.text[self.at + 1 : at]
        self.at = at + 1
        return Literal(_ESCAPE.sub(r"\1", raw), raw)

    def path(self) -> Path:
        start, end = self.at, self.path_end()
        try:
            path = compile_path(self.text[start:end])
        except JsonPathError as exc:
            raise self.error(exc.message, start + exc.position) from None
        self.at = end
        return path

    def path_end(self) -> int:
        depth, quote, at = 0, "", self.at
        while at < len(self.text):
            char = self.text[at]
            if quote:
                quote = "" if char == quote else quote
            elif char in "'\"" and depth:
                quote = char
            elif char in "[(":
                depth += 1
            elif char in "])" and depth:
                depth -= 1
            elif char in ",)" and not depth:
                break
            at += 1
        return at
