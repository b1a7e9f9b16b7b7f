"""Checks of expressions: JSONPath, intrinsic function calls and JSONata.

Sources: "Using JSONPath", "Intrinsic functions" and "Transforming data with JSONata" of the Step
Functions developer guide.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from bunsui.asl import intrinsics, jsonata, jsonpath
from bunsui.asl.errors import IntrinsicError, JsonataSyntaxError, JsonPathError
from bunsui.asl.validation.diagnostics import Code
from bunsui.asl.validation.findings import Site

_BAD_ESCAPE = re.compile(r"\\(?:[^'{}\\nrtbfu/]|$)")
_CALL = re.compile(r"States\s*\.")
TEXT_FUNCTIONS = frozenset(
    f"States.{name}"
    for name in ("Format", "JsonToString", "ArrayGetItem", "Base64Encode", "Base64Decode", "Hash", "UUID")
)
"""Functions that can give text, the only ones allowed in ErrorPath and CausePath (Fail state)."""


def path(site: Site) -> None:
    """A JSONPath: of the input, of the context object or of a variable."""
    if not isinstance(site.value, str):
        return site.error("Expected a string with a JSONPath")
    problem = _path_problem(site.value)
    if problem is not None:
        site.error(f"Value is not a valid JSONPath: {problem.message}", offset=problem.position)
    return None


def reference_path(site: Site) -> None:
    """A JSONPath of names and indexes that selects one place in the input (ResultPath, ItemsPath ...)."""
    if not isinstance(site.value, str):
        return site.error("Expected a string with a Reference Path")
    problem = _path_problem(site.value)
    if problem is not None:
        return site.error(f"Value is not a Reference Path: {problem.message}", offset=problem.position)
    if not jsonpath.compile_path(site.value).reference:
        site.error("Value is not a Reference Path: only names and indexes are allowed")
    return None


def result_path(site: Site) -> None:
    """Where a result is put: a reference path into the state's input."""
    before = isinstance(site.value, str) and _path_problem(site.value) is None
    if before and site.value.strip().startswith("$") and _outside_input(site.value):
        return site.error("Value is not a Reference Path: it must be a place in the state's input")
    return reference_path(site)


def _outside_input(text: str) -> bool:
    compiled = jsonpath.compile_path(text)
    return compiled.is_context or compiled.variable is not None


def path_or_call(site: Site) -> None:
    """What a payload template's ``name.$`` may hold."""
    name = site.path[-1]
    wanted = f"The value for the field '{name}' must be a valid JSONPath or a valid intrinsic function call"
    if not isinstance(site.value, str):
        return site.error(wanted)
    problem = _path_problem(site.value) if site.value.startswith("$") else _call_problem(site.value)
    if problem is not None:
        site.error(f"{wanted}: {problem.message}", offset=problem.position)
    return None


def text_path(site: Site) -> None:
    """ErrorPath and CausePath: a path, or a call of a function that gives text."""
    if not isinstance(site.value, str) or site.value.startswith("$"):
        return path(site)
    problem = _call_problem(site.value)
    if problem is not None:
        return site.error(
            f"Value must be a valid JSONPath or an intrinsic function that returns text: {problem.message}",
            offset=problem.position,
        )
    function = intrinsics.parse(site.value).name
    if function not in TEXT_FUNCTIONS:
        site.error(f"The intrinsic function {function} does not return a string")
    return None


def _path_problem(text: str) -> JsonPathError | None:
    if text[:1].isspace():
        return JsonPathError("A path must start with $", text, 0)
    try:
        jsonpath.compile_path(text)
    except JsonPathError as error:
        return error
    return None


def _call_problem(text: str) -> IntrinsicError | None:
    if text[:1].isspace() or not _CALL.match(text):
        return IntrinsicError("A path starts with $, a call with States.", text, 0)
    try:
        call = intrinsics.parse(text)
    except IntrinsicError as error:
        return error
    for raw in _literals(call):
        escape = _BAD_ESCAPE.search(raw)
        if escape is not None:
            at = text.find(raw) + escape.start()
            return IntrinsicError(f"Illegal escape {escape.group()} in a string", text, at)
    return None


def _literals(call: intrinsics.Call) -> Iterator[str]:
    for argument in call.arguments:
        if isinstance(argument, intrinsics.Call):
            yield from _literals(argument)
        elif isinstance(argument, intrinsics.Literal) and argument.raw is not None:
            yield argument.raw


def is_expression(value: object) -> bool:
    """Whether a value is a string that a JSONata state evaluates: ``{% ... %}`` and nothing around it."""
    return isinstance(value, str) and value.startswith("{%") and value.endswith("%}") and len(value) >= 4


def expression(site: Site) -> None:
    """A string in a JSONata state: evaluated when in ``{% %}``, else taken as it is."""
    text: str = site.value
    if is_expression(text):
        _parse_jsonata(site, text)
    elif text.strip().startswith("{%") or text.strip().endswith("%}"):
        site.warn("Taken as text: an expression starts with '{%' and ends with '%}'", Code.LITERAL_EXPRESSION)
    elif _looks_like_path(text):
        site.warn("Taken as text: JSONPath is not evaluated in a JSONata state", Code.LITERAL_EXPRESSION)


def _parse_jsonata(site: Site, text: str) -> None:
    try:
        jsonata.compile(text[2:-2])
    except JsonataSyntaxError as error:
        code = f" ({error.code})" if error.code else ""
        site.error(f"Invalid JSONata expression: {error.message}{code}", offset=error.position + 2)


def literal(site: Site) -> None:
    """A string of a JSONPath state that is taken as it is; warns where it looks like an expression."""
    text: str = site.value
    if _looks_like_path(text):
        site.warn(
            "Taken as text: to evaluate it, end the field's name with '.$'",
            Code.NO_DOLLAR,
        )
    elif is_expression(text):
        site.warn("Taken as text: JSONata is not evaluated in a JSONPath state", Code.LITERAL_EXPRESSION)


_PATH_LIKE = re.compile(r"\$\$?(?:\.[A-Za-z_]|\[['\"0-9*])|\$$|States\.[A-Z]\w+\(.*\)\s*$", re.DOTALL)


def _looks_like_path(text: str) -> bool:
    return _PATH_LIKE.match(text) is not None
