"""Parameters of a pipeline."""

from __future__ import annotations

from enum import StrEnum

from bunsui.core.models.base import JsonValue, Model

__all__ = ["Parameter", "ParameterType"]


class ParameterType(StrEnum):
    """Type of a parameter. `secret` takes a reference, never a value; `date` is YYYY-MM-DD."""

    STRING = "string"
    INTEGER = "integer"
    NUMBER = "number"
    BOOLEAN = "boolean"
    DATE = "date"
    LIST = "list"
    OBJECT = "object"
    SECRET = "secret"  # noqa: S105 - a type's name


class Parameter(Model):
    """One parameter. Without a `default` it must be given.

    `pattern` must match the whole text (Python's syntax); `minimum` and `maximum` bound numbers;
    `enum` lists the values allowed.
    """

    type: ParameterType = ParameterType.STRING
    description: str = ""
    default: JsonValue = None
    pattern: str | None = None
    enum: tuple[JsonValue, ...] | None = None
    minimum: float | None = None
    maximum: float | None = None
