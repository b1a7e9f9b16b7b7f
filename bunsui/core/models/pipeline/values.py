"""Kinds of values that pipeline definitions share: ids, counts, durations."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import BeforeValidator, Field, Strict, StringConstraints, WithJsonSchema
from pydantic_core import PydanticCustomError

__all__ = ["ID_PATTERN", "Count", "Fraction", "Id", "Seconds", "Text", "seconds"]

ID_PATTERN = r"^[a-z][a-z0-9_-]{0,47}$"
_DURATION = re.compile(r"(\d+(?:\.\d+)?)\s*(s|m|h|d)", re.ASCII)
_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}
_LONGEST = 99_999_999
_DURATION_PATTERN = r"^([0-9]+(\.[0-9]+)?[smhd])+$"


def seconds(value: object) -> object:
    """Whole seconds from `90`, `5s`, `15m`, `1h30m`, `2d`; other types pass through to the type check.

    Raises PydanticCustomError for text that is no duration, for one that no state machine can wait, and
    for a part of a second.
    """
    if not isinstance(value, str):
        return value
    parts = _DURATION.findall(value)
    if not parts or _DURATION.sub("", value).strip():
        raise PydanticCustomError("duration", "is not a duration such as 5s, 15m, 24h or 1h30m")
    total = sum(float(number) * _UNITS[unit] for number, unit in parts)
    if total > _LONGEST:
        raise PydanticCustomError("duration", f"must be at most {_LONGEST:,} seconds")
    if total != int(total):
        raise PydanticCustomError("duration", "must be whole seconds, as in the Amazon States Language")
    return int(total)


Id = Annotated[str, StringConstraints(pattern=ID_PATTERN)]
"""Name of a pipeline or job: lower case, at most 48 characters, starts with a letter."""

Text = Annotated[str, StringConstraints(min_length=1)]

Count = Annotated[int, Strict(), Field(ge=1)]

Fraction = Annotated[float, Strict(), Field(ge=0, le=100)]
"""A percentage."""

Seconds = Annotated[
    int,
    Strict(),
    Field(ge=1, le=_LONGEST),
    BeforeValidator(seconds),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "integer", "minimum": 1, "maximum": _LONGEST},
                {"type": "string", "pattern": _DURATION_PATTERN},
            ],
            "description": "Whole seconds, or a duration such as 5s, 15m, 24h",
        }
    ),
]
"""A duration. Definitions write `15m`; the model holds whole seconds."""
