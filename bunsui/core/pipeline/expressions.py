"""Evaluate the templates of a pipeline: JSONata between `{% %}`, with the engine's own library."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from bunsui.asl import jsonata
from bunsui.core.models.base import JsonValue
from bunsui.core.pipeline.machine import TASK_TOKEN
from bunsui.core.pipeline.references import is_expression, unwrap
from bunsui.errors import RunFailed

__all__ = ["Bindings", "evaluate", "render"]

_INSIDE = re.compile(r"\{%.*?%\}", re.DOTALL)
_UNSET: Any = object()


@dataclass(frozen=True, slots=True)
class Bindings:
    """Values of the variables. `item` is left out where a job is not mapped."""

    params: dict[str, JsonValue] = field(default_factory=dict)
    jobs: dict[str, JsonValue] = field(default_factory=dict)
    session: dict[str, JsonValue] = field(default_factory=dict)
    item: JsonValue = _UNSET

    def variables(self) -> dict[str, Any]:
        """By name, as JSONata takes them."""
        values = {"params": self.params, "jobs": self.jobs, "session": self.session, "token": TASK_TOKEN}
        return values if self.item is _UNSET else {**values, "item": self.item}


def evaluate(template: JsonValue, bindings: Bindings) -> JsonValue:
    """The template with every expression in it replaced by its value.

    Raises RunFailed with `details["error"]` `States.QueryEvaluationError` when an expression fails or
    selects nothing, as the Amazon States Language does.
    """
    return _walk(template, lambda text: _value(text, bindings.variables()))


def render(text: str, bindings: Bindings) -> str:
    """A text for people with `{% … %}` anywhere in it. Raises RunFailed as `evaluate`."""
    variables = bindings.variables()
    return _INSIDE.sub(lambda match: _spoken(_value(unwrap(match.group()), variables)), text)


def _walk(template: JsonValue, value_of: Callable[[str], JsonValue]) -> JsonValue:
    if isinstance(template, str):
        return value_of(unwrap(template)) if is_expression(template) else template
    if isinstance(template, dict):
        return {key: _walk(value, value_of) for key, value in template.items()}
    if isinstance(template, list):
        return [_walk(value, value_of) for value in template]
    return template


def _value(text: str, variables: dict[str, Any]) -> JsonValue:
    try:
        value = jsonata.compile(text).evaluate(None, variables)
    except (jsonata.JsonataError, jsonata.JsonataSyntaxError) as exc:
        raise _failed(text, str(exc)) from None
    if value is jsonata.UNDEFINED:
        raise _failed(text, "the expression returned nothing (undefined)")
    result: JsonValue = value
    return result


def _spoken(value: JsonValue) -> str:
    return value if isinstance(value, str) else str(value)


def _failed(text: str, why: str) -> RunFailed:
    return RunFailed(
        f"The expression {{% {text.strip()} %}} failed: {why}",
        next_steps=("correct the expression, or give it a value where the input has none",),
        details={"error": "States.QueryEvaluationError", "expression": text.strip()},
    )
