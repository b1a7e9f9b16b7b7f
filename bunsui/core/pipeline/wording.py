"""How the model's complaints about a definition are said."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from pydantic_core import ErrorDetails

from bunsui.core.models.pipeline import KINDS
from bunsui.core.models.pipeline.operation import HANDLER_PATTERN
from bunsui.core.models.pipeline.values import ID_PATTERN
from bunsui.core.pipeline.findings import KeyPath, nearest

__all__ = ["message_of", "missing", "near_kind", "near_value", "one_of", "said"]

_TYPES = {
    "int_type": "an integer",
    "float_type": "a number",
    "bool_type": "true or false",
    "string_type": "text",
    "tuple_type": "a list",
    "list_type": "a list",
    "dict_type": "a mapping",
    "model_type": "a mapping",
    "model_attributes_type": "a mapping",
}
_BOUNDS = {"greater_than_equal": "at least", "less_than_equal": "at most", "less_than": "less than"}
_PATTERNS = {
    ID_PATTERN: "must be at most 48 of a-z, 0-9, - and _, and start with a letter",
    HANDLER_PATTERN: "must be package.module:function",
}


def missing(path: KeyPath) -> str:
    """What to say of a key that is not there."""
    return (
        "one of lambda, ecs, step_functions, aws is required" if path[-1] == "operations" else "is required"
    )


def message_of(error: ErrorDetails) -> str:
    """What to say of a value of the wrong type or out of bounds."""
    kind, context = error["type"], error.get("ctx", {})
    if kind in _TYPES:
        return f"must be {_TYPES[kind]}, not {said(error['input'])}"
    if kind == "string_pattern_mismatch":
        return _PATTERNS.get(context["pattern"], f"must match {context['pattern']}")
    if kind in {"greater_than_equal", "less_than_equal", "less_than"}:
        sign = {"greater_than_equal": "at least", "less_than_equal": "at most", "less_than": "less than"}[
            kind
        ]
        return f"must be {sign} {next(iter(context.values())):.15g}, not {said(error['input'])}"
    if kind in {"too_short", "string_too_short"}:
        return "must not be empty"
    return error["msg"][:1].lower() + error["msg"][1:]


def one_of(error: ErrorDetails) -> str:
    """What to say of a word that is not among those allowed."""
    context = error.get("ctx", {})
    expected = context.get("expected") or context.get("expected_tags") or ""
    return f"must be one of {expected.replace(' or ', ', ')}, not {said(error['input'])}"


def near_value(error: ErrorDetails) -> str:
    """The allowed word that is most like the one given."""
    expected = str(error.get("ctx", {}).get("expected", ""))
    return nearest(
        str(error["input"]), [word.strip("' ") for word in expected.replace(" or ", ",").split(",")]
    )


def near_kind(error: ErrorDetails) -> str:
    """The kind of operation that a wrong key most looks like."""
    if error["type"] == "operation" and isinstance(error["input"], Mapping):
        return next(filter(None, (nearest(str(key), KINDS) for key in error["input"])), "")
    return ""


def said(value: object) -> str:
    """A value in a message: its type, and itself where it is short."""
    if value is None:
        return "empty"
    if isinstance(value, (dict, list, tuple)):
        return "a mapping" if isinstance(value, dict) else "a list"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, StrEnum) or not isinstance(value, str):
        return str(value)
    return f"text {value[:40]!r}"
