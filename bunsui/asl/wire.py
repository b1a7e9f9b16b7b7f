"""Effects and signals as JSON objects: ``{"type": "TaskSucceeded", ...}`` and back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import MISSING, fields
from typing import Any, ClassVar, Self


class Wire:
    """Base of the frozen dataclasses that cross the border of the engine."""

    __slots__ = ()
    _types: ClassVar[dict[str, type[Wire]]] = {}

    def __init_subclass__(cls) -> None:
        """Register a kind under its name, for its family; the families are the direct subclasses."""
        if Wire in cls.__bases__:
            cls._types = {}
        else:
            cls._types[cls.__name__] = cls

    def to_json(self) -> dict[str, Any]:
        """A JSON object; fields that hold their default are left out."""
        out: dict[str, Any] = {"type": type(self).__name__}
        for field in fields(self):  # type: ignore[arg-type]
            value = getattr(self, field.name)
            if field.default is MISSING or value != field.default:
                out[field.name] = value
        return out

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """The inverse of :meth:`to_json`, called on the family (``Signal.from_json``)."""
        values = dict(data)
        kind = cls._types[values.pop("type")]
        return kind(**values)  # type: ignore[return-value]
