"""Payload templates of both query languages, compiled to closures.

A closure takes the strand and a document: for JSONPath the JSON value that ``$`` means, for JSONata
the fields of ``$states`` besides ``context``. Parts without expressions are shared, never copied.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeGuard

from bunsui.asl import intrinsics, jsonata
from bunsui.asl.errors import JsonataError, JsonPathNotFound, UnsupportedResult
from bunsui.asl.failures import jsonata as jsonata_failure
from bunsui.asl.failures import missing_path, runtime, unexpected_type
from bunsui.asl.jsonpath import Path, compile_path
from bunsui.asl.strand import Strand

Build = Callable[[Strand, Any], Any]


class Constant:
    """A template without expressions."""

    __slots__ = ("value",)

    def __init__(self, value: Any) -> None:
        self.value = value

    def __call__(self, strand: Strand, document: Any) -> Any:
        return self.value


def resolve(strand: Strand, document: Any, path: Path) -> Any:
    """The value of a path: of the document, the context object or a variable.

    Raises:
        JsonPathNotFound: it selects nothing.
    """
    if path.is_context:
        return path.get(strand.context())
    if path.variable is None:
        return path.get(document)
    if path.variable not in strand.variables:
        raise JsonPathNotFound(path.text)
    return path.get(strand.variables[path.variable])


def path_value(text: str, field: str, error: str = "States.Runtime") -> Build:
    """The value of a path that a field names."""
    path = compile_path(text)
    # Nearly all paths are references into the document: these skip the choice of a root.
    if path.reference and not path.is_context and path.variable is None:
        return _reference(path, field, error)

    def build(strand: Strand, document: Any) -> Any:
        try:
            return resolve(strand, document, path)
        except JsonPathNotFound:
            raise missing_path(strand, text, field, document, error) from None

    return build


def _reference(path: Path, field: str, error: str) -> Build:
    get, text = path.get, path.text
    if not path.keys:
        return lambda strand, document: document  # noqa: ARG005 - the signature of a template

    def build(strand: Strand, document: Any) -> Any:
        try:
            return get(document)
        except JsonPathNotFound:
            raise missing_path(strand, text, field, document, error) from None

    return build


def intrinsic_value(text: str, field: str, error: str = "States.Runtime") -> Build:
    """The value of an intrinsic function call."""
    call = intrinsics.parse(text)

    def build(strand: Strand, document: Any) -> Any:
        try:
            return call.evaluate(lambda path: resolve(strand, document, path), strand.execution.chance)
        except intrinsics.IntrinsicFailed as exc:
            reason = f"The function '{exc.call}' had the following error: {exc.reason}"
            raise runtime(strand, reason, "States.IntrinsicFailure") from None
        except JsonPathNotFound as exc:
            raise missing_path(strand, exc.path, field, document, error) from None

    return build


def path_or_intrinsic(text: str, field: str, error: str = "States.Runtime") -> Build:
    """What a field that ends in ``.$`` may hold."""
    stripped = text.strip()
    if stripped.startswith("States."):
        return intrinsic_value(stripped, field, error)
    return path_value(stripped, field, error)


def jsonpath_template(spec: Any, error: str = "States.Runtime") -> Build:
    """A payload template of JSONPath: fields that end in ``.$`` are evaluated.

    Raises:
        SyntaxProblem: a path or a call cannot be parsed.
    """
    if isinstance(spec, dict):
        return _object_template({key: _jsonpath_field(key, value, error) for key, value in spec.items()})
    if isinstance(spec, list):
        return _list_template([jsonpath_template(value, error) for value in spec])
    return Constant(spec)


def _jsonpath_field(key: str, value: Any, error: str) -> Build:
    if key.endswith(".$") and isinstance(value, str):
        return path_or_intrinsic(value, key, error)
    return jsonpath_template(value, error)


def _object_template(fields: dict[str, Build]) -> Build:
    if all(isinstance(build, Constant) for build in fields.values()):
        return Constant({key: build.value for key, build in fields.items() if isinstance(build, Constant)})
    items = [(_plain_name(key, build), build) for key, build in fields.items()]
    if len(items) == 1:
        name, only = items[0]
        return lambda strand, document: {name: only(strand, document)}
    return lambda strand, document: {name: build(strand, document) for name, build in items}


def _plain_name(key: str, build: Build) -> str:
    return key if isinstance(build, Constant) else key.removesuffix(".$")


def _list_template(parts: list[Build]) -> Build:
    if all(isinstance(build, Constant) for build in parts):
        return Constant([build.value for build in parts if isinstance(build, Constant)])
    return lambda strand, document: [build(strand, document) for build in parts]


def is_expression(text: Any) -> TypeGuard[str]:
    """Whether a JSON value is a JSONata expression: a string between ``{%`` and ``%}``."""
    return isinstance(text, str) and text.startswith("{%") and text.endswith("%}") and len(text) >= 4


def jsonata_value(text: str, field: str, expected: str | None = None) -> Build:
    """The value of one expression (with its ``{% %}``); undefined is a failure.

    ``expected`` is the type that the field needs, in JSONata's words.
    """
    body = text[2:-2].strip()
    expression = jsonata.compile(body)
    accept = _TYPES.get(expected or "", ())

    def build(strand: Strand, states: dict[str, Any]) -> Any:
        try:
            host = strand.execution.host() if expression.is_impure else None
            value = expression.evaluate(None, _bindings(expression, strand, states), host)
        except UnsupportedResult:
            raise jsonata_failure(strand, body, field, "returned an unsupported result type.") from None
        except JsonataError as exc:
            reason = f"threw an error during evaluation. {exc}"
            raise jsonata_failure(strand, body, field, reason) from None
        if isinstance(value, jsonata.Undefined):
            raise jsonata_failure(strand, body, field, "returned nothing (undefined).")
        if expected is not None and type(value) not in accept:
            raise unexpected_type(strand, body, field, expected, value)
        return value

    return build


_TYPES: dict[str, tuple[type, ...]] = {
    "array": (list,),
    "boolean": (bool,),
    "number": (int, float),
    "string": (str,),
    "object": (dict,),
}


def _bindings(expression: jsonata.Expression, strand: Strand, states: dict[str, Any]) -> dict[str, Any]:
    variables = strand.variables
    names = expression.variables
    bindings = {name: variables[name] for name in names if name in variables} if names and variables else {}
    if not expression.uses_states:
        return bindings
    wanted = expression.states
    if wanted is None:
        bindings["states"] = {**states, "context": strand.context()}
        return bindings
    values = {name: _part(states[name], members) for name, members in wanted.items() if name in states}
    if "context" in wanted:
        values["context"] = strand.context()
    bindings["states"] = values
    return bindings


def _part(value: Any, members: frozenset[str] | None) -> Any:
    if members is None or not isinstance(value, dict):
        return value
    return {name: value[name] for name in members if name in value}


def jsonata_template(spec: Any, field: str) -> Build:
    """A template of JSONata: every string between ``{%`` and ``%}`` is evaluated.

    Raises:
        JsonataSyntaxError: an expression cannot be parsed.
    """
    if isinstance(spec, dict):
        fields = {key: jsonata_template(value, f"{field}/{key}") for key, value in spec.items()}
        return _jsonata_object(fields)
    if isinstance(spec, list):
        return _list_template([jsonata_template(value, f"{field}[{at}]") for at, value in enumerate(spec)])
    return jsonata_value(spec, field) if is_expression(spec) else Constant(spec)


def _jsonata_object(fields: dict[str, Build]) -> Build:
    if all(isinstance(build, Constant) for build in fields.values()):
        return Constant({key: build.value for key, build in fields.items() if isinstance(build, Constant)})
    items = list(fields.items())
    return lambda strand, document: {name: build(strand, document) for name, build in items}
