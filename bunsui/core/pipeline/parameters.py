"""Values given for the parameters of a pipeline, checked and typed."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from typing import Any

import orjson

from bunsui.core.json_text import EXACT, InexactJson, kept_exactly, numbers_in, read_json
from bunsui.core.models.base import JsonValue
from bunsui.core.models.pipeline import Parameter, ParameterType, Pipeline
from bunsui.core.pipeline.findings import nearest
from bunsui.errors import UsageError

__all__ = ["SECRET_REFERENCE", "check_params", "misfit"]

SECRET_REFERENCE = re.compile(r"env:[A-Za-z_]\w*|keyring:[^/\s]+/\S+|ssm:\S+|secretsmanager:\S+", re.ASCII)
_TYPES: Mapping[ParameterType, tuple[type, ...]] = {
    ParameterType.STRING: (str,),
    ParameterType.INTEGER: (int,),
    ParameterType.NUMBER: (int, float),
    ParameterType.BOOLEAN: (bool,),
    ParameterType.DATE: (str,),
    ParameterType.LIST: (list,),
    ParameterType.OBJECT: (dict,),
    ParameterType.SECRET: (str,),
}
_WRITTEN: Mapping[ParameterType, str] = {
    ParameterType.STRING: "quote it",
    ParameterType.INTEGER: "write for instance 5",
    ParameterType.NUMBER: "write for instance 1.5",
    ParameterType.BOOLEAN: "write true or false",
    ParameterType.DATE: "write for instance 2026-01-31",
    ParameterType.LIST: 'write for instance ["a", "b"]',
    ParameterType.OBJECT: 'write for instance {"a": 1}',
    ParameterType.SECRET: "write for instance env:NAME",
}
_TEXTUAL = frozenset({ParameterType.STRING, ParameterType.DATE, ParameterType.SECRET})


def check_params(pipeline: Pipeline, given: Mapping[str, JsonValue]) -> dict[str, JsonValue]:
    """The value of every parameter, defaults filled in, in definition order.

    Text given for a type other than text is read as JSON (`5`, `true`, `[1, 2]`). Secrets stay references.
    Raises UsageError with every problem: unknown names, missing ones, values that do not fit.
    """
    values: dict[str, JsonValue] = {}
    problems = [_unknown(name, pipeline) for name in given if name not in pipeline.params]
    for name, parameter in pipeline.params.items():
        try:
            values[name] = value = _typed(given[name], parameter) if name in given else parameter.default
            why = "is missing" if value is None else misfit(value, parameter)
        except InexactJson as exc:
            why = f"cannot be taken as it is written: {exc}"
        if why:
            problems.append(f"parameter {name} {why}")
    if problems:
        raise _refused(pipeline, problems)
    return values


def misfit(value: JsonValue, parameter: Parameter) -> str:
    """Why a value does not fit its parameter, an empty string if it does. Never repeats a secret."""
    fits = isinstance(value, _TYPES[parameter.type])
    if not fits or (isinstance(value, bool) and parameter.type is not ParameterType.BOOLEAN):
        return f"must be of type {parameter.type}, not {_name_of(value)}: {_WRITTEN[parameter.type]}"
    if not all(map(kept_exactly, numbers_in(value))):
        return f"must hold finite numbers, and whole ones of at most {EXACT:,}: give larger ones as text"
    if parameter.type is ParameterType.SECRET:
        return "" if SECRET_REFERENCE.fullmatch(str(value)) else _NO_REFERENCE
    if parameter.type is ParameterType.DATE and not _is_date(str(value)):
        return f"must be a date YYYY-MM-DD, not {value!r}"
    return _outside(value, parameter)


_NO_REFERENCE = "must be a reference: env:NAME, keyring:SERVICE/NAME, ssm:NAME or secretsmanager:ID"


def _outside(value: Any, parameter: Parameter) -> str:
    if parameter.pattern and isinstance(value, str) and not re.fullmatch(parameter.pattern, value):
        return f"must match {parameter.pattern}, not {value!r}"
    if parameter.enum is not None and value not in parameter.enum:
        return f"must be one of {', '.join(str(one) for one in parameter.enum)}, not {value!r}"
    if parameter.minimum is not None and isinstance(value, (int, float)) and value < parameter.minimum:
        return f"must be at least {_plainly(parameter.minimum)}, not {value}"
    if parameter.maximum is not None and isinstance(value, (int, float)) and value > parameter.maximum:
        return f"must be at most {_plainly(parameter.maximum)}, not {value}"
    return ""


def _plainly(bound: float) -> str:
    return str(int(bound)) if bound.is_integer() else str(bound)


def _typed(value: JsonValue, parameter: Parameter) -> JsonValue:
    if not isinstance(value, str) or parameter.type in _TEXTUAL:
        return value
    try:
        return read_json(value)
    except orjson.JSONDecodeError:
        return value


def _is_date(text: str) -> bool:
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False


def _name_of(value: JsonValue) -> str:
    names = {str: "text", bool: "boolean", int: "integer", float: "number", list: "list", dict: "object"}
    return names.get(type(value), "null")


def _unknown(name: str, pipeline: Pipeline) -> str:
    near = nearest(name, pipeline.params)
    known = f"did you mean {near}?" if near else f"there are: {', '.join(pipeline.params) or 'none'}"
    return f"parameter {name} is unknown ({known})"


def _refused(pipeline: Pipeline, problems: list[str]) -> UsageError:
    return UsageError(
        f"pipeline {pipeline.name}: " + "; ".join(problems),
        next_steps=("give parameters as --param NAME=VALUE",),
        details={"problems": list(problems)},
    )
