"""Whether a mocked result looks like what the API really answers (``fieldValidationMode``).

The shapes of API answers are not part of the language; a `ShapeSource` gives them where there is one.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any, Protocol

from bunsui.asl.test_state.request import TestStateError


class Shape(Protocol):
    """The shape of a value: ``kind`` is structure, list, map, string, number, boolean or any."""

    @property
    def kind(self) -> str: ...
    @property
    def values(self) -> Collection[str]:
        """The allowed values of a string; empty where any will do."""
        ...

    @property
    def required(self) -> Collection[str]: ...
    @property
    def members(self) -> Mapping[str, Shape]: ...
    @property
    def item(self) -> Shape | None:
        """The shape of the items of a list or the values of a map."""
        ...


ShapeSource = Callable[[str, str], Shape | None]
"""``(service, action) -> shape of the answer``, named as in ARNs: ``("aws-sdk:s3", "getObject")``."""

_WORDS: dict[str, tuple[str, tuple[type, ...]]] = {
    "structure": ("an object", (dict,)),
    "map": ("an object", (dict,)),
    "list": ("an array", (list,)),
    "string": ("a string", (str,)),
    "number": ("a number", (int, float)),
    "boolean": ("a boolean", (bool,)),
}


def check_result(value: Any, shape: Shape, mode: str) -> None:
    """Check a mocked result.

    Raises:
        TestStateError: a field is missing (mode STRICT only) or not of its type (STRICT and PRESENT).
    """
    if mode != "NONE":
        _check("", value, shape, strict=mode == "STRICT")


def _check(name: str, value: Any, shape: Shape, *, strict: bool) -> None:
    if value is None or shape.kind == "any":
        return
    words, types = _WORDS[shape.kind]
    if type(value) not in types:
        raise _problem(name, f"must be {words}")
    if shape.values and value not in shape.values:
        raise _problem(name, "is not an expected value")
    if isinstance(value, dict) and shape.kind == "structure":
        _structure(name, value, shape, strict=strict)
    elif shape.item is not None:
        for item in value.values() if isinstance(value, dict) else value:
            _check(name, item, shape.item, strict=strict)


def _structure(name: str, value: dict[str, Any], shape: Shape, *, strict: bool) -> None:
    prefix = f"{name}." if name else ""
    for field in shape.required if strict else ():
        if field not in value:
            raise _problem(prefix + field, "is required")
    for field, member in shape.members.items():
        if field in value:
            _check(prefix + field, value[field], member, strict=strict)


def _problem(name: str, what: str) -> TestStateError:
    field = f"Field '{name}'" if name else "The result"
    return TestStateError(f"Mock result schema validation error: {field} {what}")
