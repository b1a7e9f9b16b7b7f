"""The data-test expressions of Choice rules in JSONPath: 39 operators, And, Or and Not.

A value of another type than the operator compares makes the test false, never an error.
https://states-language.net/#choice-state
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

from bunsui.asl.clock import parse_nanoseconds
from bunsui.asl.errors import JsonPathNotFound
from bunsui.asl.failures import runtime
from bunsui.asl.jsonpath import Path, compile_path
from bunsui.asl.strand import Strand
from bunsui.asl.template import resolve

Test = Callable[[Strand, Any], bool]
Compare = Callable[[Any, Any], bool]

_PLAIN_KEYS = frozenset({"Variable", "Next", "Comment", "Assign", "Output", "QueryLanguage"})


def is_number(value: Any) -> bool:
    """A JSON number; a boolean is none."""
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def is_timestamp(value: Any) -> bool:
    """A string that is an RFC 3339 date-time with capital T and Z, or an offset."""
    return parse_nanoseconds(value) is not None


def _numbers(compare: Compare) -> Compare:
    return lambda left, right: is_number(left) and is_number(right) and compare(left, right)


def _strings(compare: Compare) -> Compare:
    return lambda left, right: isinstance(left, str) and isinstance(right, str) and compare(left, right)


def _times(compare: Compare) -> Compare:
    def test(left: Any, right: Any) -> bool:
        first, second = parse_nanoseconds(left), parse_nanoseconds(right)
        return first is not None and second is not None and compare(first, second)

    return test


def _booleans(left: Any, right: Any) -> bool:
    return isinstance(left, bool) and isinstance(right, bool) and left is right


@lru_cache(maxsize=1024)
def pattern(text: str) -> re.Pattern[str]:
    r"""StringMatches: ``*`` stands for any characters, ``\*`` for a star, ``\\`` for a backslash."""
    parts = [""]
    for piece in re.findall(r"\\[*\\]|\*|[^*\\]+|\\", text):
        if piece == "*":
            parts.append("")
        else:
            parts[-1] += re.escape(piece[-1] if piece[0] == "\\" else piece)
    first, *middle = parts
    if not middle:
        return re.compile(first)
    # What stands between two stars matches where it comes first, once and for all: no pattern can take
    # more than quadratic time.
    between = "".join(f"(?>.*?{part})" for part in middle[:-1] if part)
    return re.compile(f"{first}{between}.*{middle[-1]}", re.DOTALL)


def _matches(left: Any, right: Any) -> bool:
    if not isinstance(left, str) or not isinstance(right, str):
        return False
    return pattern(right).fullmatch(left) is not None


_ORDERINGS: dict[str, Compare] = {
    "Equals": operator.eq,
    "LessThan": operator.lt,
    "GreaterThan": operator.gt,
    "LessThanEquals": operator.le,
    "GreaterThanEquals": operator.ge,
}
COMPARISONS: dict[str, Compare] = {
    **{f"String{name}": _strings(compare) for name, compare in _ORDERINGS.items()},
    **{f"Numeric{name}": _numbers(compare) for name, compare in _ORDERINGS.items()},
    **{f"Timestamp{name}": _times(compare) for name, compare in _ORDERINGS.items()},
    "BooleanEquals": _booleans,
    "StringMatches": _matches,
}
"""Operators that compare with a literal, or as ``NamePath`` with another value of the input."""

TYPE_TESTS: dict[str, Callable[[Any], bool]] = {
    "IsNull": lambda value: value is None,
    "IsNumeric": is_number,
    "IsString": lambda value: isinstance(value, str),
    "IsBoolean": lambda value: isinstance(value, bool),
    "IsTimestamp": is_timestamp,
}


def compile_test(spec: Mapping[str, Any]) -> Test:
    """Compile a rule or a nested test."""
    if "And" in spec:
        tests = [compile_test(one) for one in spec["And"]]
        return lambda strand, document: all(test(strand, document) for test in tests)
    if "Or" in spec:
        tests = [compile_test(one) for one in spec["Or"]]
        return lambda strand, document: any(test(strand, document) for test in tests)
    if "Not" in spec:
        inner = compile_test(spec["Not"])
        return lambda strand, document: not inner(strand, document)
    return _data_test(spec)


def _data_test(spec: Mapping[str, Any]) -> Test:
    name = next(key for key in spec if key not in _PLAIN_KEYS)
    path, operand = compile_path(spec["Variable"]), spec[name]
    if name == "IsPresent":
        return _presence(path, operand)
    if name in TYPE_TESTS:
        holds = TYPE_TESTS[name]
        return lambda strand, document: holds(_value(strand, document, path)) is operand
    if name in COMPARISONS:
        return _against_literal(path, COMPARISONS[name], operand)
    compare, other = COMPARISONS[name.removesuffix("Path")], compile_path(operand)
    return lambda strand, document: compare(_value(strand, document, path), _value(strand, document, other))


def _against_literal(path: Path, compare: Compare, operand: Any) -> Test:
    return lambda strand, document: compare(_value(strand, document, path), operand)


def _presence(path: Path, wanted: bool) -> Test:  # noqa: FBT001 - IsPresent: true
    def test(strand: Strand, document: Any) -> bool:
        try:
            value = resolve(strand, document, path)
        except JsonPathNotFound:
            return not wanted
        return (path.definite or bool(value)) is wanted

    return test


def _value(strand: Strand, document: Any, path: Path) -> Any:
    try:
        return resolve(strand, document, path)
    except JsonPathNotFound:
        reason = f"Invalid path '{path.text}': The choice state's condition path references an invalid value."
        raise runtime(strand, reason) from None
