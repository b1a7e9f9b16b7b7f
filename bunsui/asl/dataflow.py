"""How data flows through a state: the same five steps for both query languages.

``arguments`` makes what the state works on from its input; ``output`` and ``assign`` make what leaves it
from its input and its result. The order and meaning of the JSONPath fields:
https://docs.aws.amazon.com/step-functions/latest/dg/concepts-input-output-filtering.html
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from bunsui.asl.errors import JsonPathNotFound
from bunsui.asl.failures import runtime, text_of
from bunsui.asl.jsonpath import Path, compile_path
from bunsui.asl.strand import Strand
from bunsui.asl.template import (
    Build,
    Constant,
    jsonata_template,
    jsonata_value,
    jsonpath_template,
    path_or_intrinsic,
    resolve,
)

Spec = Mapping[str, Any]


class Dataflow:
    """The data fields of one state."""

    __slots__ = ()

    def arguments(self, strand: Strand, value: Any) -> Any:
        """What the state works on."""
        raise NotImplementedError

    def output(self, strand: Strand, value: Any, result: Any) -> tuple[Any, dict[str, Any] | None]:
        """Output and assigned variables, from the state's input and its result."""
        raise NotImplementedError


class Plain(Dataflow):
    """A JSONPath state without any data field: input, arguments, result and output are one."""

    __slots__ = ()

    def arguments(self, strand: Strand, value: Any) -> Any:
        return value

    def output(self, strand: Strand, value: Any, result: Any) -> tuple[Any, dict[str, Any] | None]:
        return result, None


def assign_of(spec: Spec) -> Spec:
    """The variables that a state, rule or catcher assigns.

    Raises:
        TypeError: they are no object.
    """
    if isinstance(spec["Assign"], dict):
        return spec["Assign"]
    raise TypeError("Assign is not an object")


class JsonPathDataflow(Dataflow):
    """InputPath, Parameters, ResultSelector, ResultPath, OutputPath and Assign."""

    __slots__ = ("_assign", "_input", "_output", "_parameters", "_result_path", "_selector")

    def __init__(self, spec: Spec, parameters: str, *, catchable: bool) -> None:
        error = "States.ParameterPathFailure" if catchable else "States.Runtime"
        self._input = _filter(spec, "InputPath")
        self._parameters = jsonpath_template(spec[parameters], error) if parameters in spec else None
        selector = spec.get("ResultSelector")
        self._selector = None if selector is None else jsonpath_template(selector, error)
        self._result_path = ResultPath(spec["ResultPath"]) if "ResultPath" in spec else None
        self._output = _filter(spec, "OutputPath")
        self._assign = jsonpath_template(assign_of(spec)) if "Assign" in spec else None

    def arguments(self, strand: Strand, value: Any) -> Any:
        if self._input is not None:
            value = self._input(strand, value)
        return value if self._parameters is None else self._parameters(strand, value)

    def output(self, strand: Strand, value: Any, result: Any) -> tuple[Any, dict[str, Any] | None]:
        if self._selector is not None:
            result = self._selector(strand, result)
        assigned = None if self._assign is None else self._assign(strand, result)
        out = result if self._result_path is None else self._result_path.apply(strand, value, result)
        return (out if self._output is None else self._output(strand, out)), assigned


class JsonataDataflow(Dataflow):
    """Arguments, Output and Assign."""

    __slots__ = ("_arguments", "_assign", "_output")

    def __init__(self, spec: Spec, *, arguments: str = "Arguments") -> None:
        self._arguments = jsonata_template(spec[arguments], arguments) if arguments in spec else None
        self._output = jsonata_template(spec["Output"], "Output") if "Output" in spec else None
        self._assign = jsonata_template(assign_of(spec), "Assign") if "Assign" in spec else None

    def arguments(self, strand: Strand, value: Any) -> Any:
        return value if self._arguments is None else self._arguments(strand, {"input": value})

    def output(self, strand: Strand, value: Any, result: Any) -> tuple[Any, dict[str, Any] | None]:
        states = {"input": value, "result": result}
        assigned = None if self._assign is None else self._assign(strand, states)
        return (result if self._output is None else self._output(strand, states)), assigned


_DATA_FIELDS = ("InputPath", "ResultSelector", "ResultPath", "OutputPath", "Assign", "Output")


def compile_dataflow(
    spec: Spec, language: str, *, parameters: str = "Parameters", catchable: bool = False
) -> Dataflow:
    """The data fields of a state (or of a Choice rule or Catch entry) in its query language."""
    if language == "JSONata":
        names = (*_DATA_FIELDS, "Arguments")
        return JsonataDataflow(spec) if any(name in spec for name in names) else Plain()
    if parameters in spec or any(name in spec for name in _DATA_FIELDS):
        return JsonPathDataflow(spec, parameters, catchable=catchable)
    return Plain()


def _filter(spec: Spec, field: str) -> Build | None:
    """InputPath or OutputPath; None where it changes nothing."""
    if field not in spec or spec[field] == "$":
        return None
    if spec[field] is None:
        return Constant({})
    path = compile_path(spec[field])

    def build(strand: Strand, document: Any) -> Any:
        try:
            return resolve(strand, document, path)
        except JsonPathNotFound:
            raise runtime(strand, f"Invalid path '{path.text}' : {no_results(path)}") from None

    return build


def no_results(path: Path) -> str:
    """The words for a path that selects nothing."""
    return f"No results for path: {normal_form(path)}"


def normal_form(path: Path) -> str:
    """A path in bracket form: ``$['a'][0]``."""
    if not path.reference:
        return path.text
    return "$" + "".join(f"['{key}']" if isinstance(key, str) else f"[{key}]" for key in path.keys)


class ResultPath:
    """Where the result goes in the input: everywhere (``$``), nowhere (null) or at a reference path."""

    __slots__ = ("path",)

    def __init__(self, text: str | None) -> None:
        self.path = None if text is None else compile_path(text)

    def apply(self, strand: Strand, value: Any, result: Any) -> Any:
        """The state's output before OutputPath.

        Raises:
            StateFailure: ``States.ResultPathMatchFailure``.
        """
        if self.path is None:
            return value
        if not self.path.keys:
            return result
        try:
            return self.path.put(value, result)
        except JsonPathNotFound:
            reason = f"Unable to apply ReferencePath {self.path.text} to input {text_of(value)}"
            raise runtime(strand, reason, "States.ResultPathMatchFailure") from None


_DIGITS = re.compile(r"-?[0-9]{1,18}")


def as_number(value: Any) -> float | None:
    """A number, or the number that a string of digits holds; None for anything else."""
    # Paths may give digits as text: the service takes "1" for MaxConcurrencyPath.
    if isinstance(value, str) and _DIGITS.fullmatch(value):
        return int(value)
    return None if isinstance(value, bool) or not isinstance(value, (int, float)) else value


def number_field(spec: Spec, name: str, language: str) -> Build | None:
    """A number that a state gives as it is, by ``NamePath`` or as an expression; None where it is absent."""
    from_path = spec.get(name + "Path")
    if from_path is not None and language != "JSONata":
        return path_or_intrinsic(from_path, name + "Path")
    value = spec.get(name)
    if isinstance(value, str) and language == "JSONata":
        return jsonata_value(value, name, "number")
    return None if value is None else Constant(value)
