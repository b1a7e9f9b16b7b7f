"""Evaluate the templates of a pipeline: JSONata between `{% %}`, with the engine's own library."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from bunsui.asl import jsonata
from bunsui.core.json_text import EXACT
from bunsui.core.models.base import JsonValue
from bunsui.core.pipeline.exact import Differs, StandIns, stand_ins
from bunsui.core.pipeline.machine import TASK_TOKEN
from bunsui.core.pipeline.references import References, is_expression, references, unwrap
from bunsui.errors import RunFailed

__all__ = ["Bindings", "Template", "evaluate", "for_items", "render"]

_INSIDE = re.compile(r"\{%.*?%\}", re.DOTALL)
_UNSET: Any = object()
_NOT_KEPT = f"it reads a whole number beyond {EXACT:,}, which expressions hand on but do not calculate with"

Template = Callable[[JsonValue], JsonValue]
"""A template prepared for many items: gives its value for one."""


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


def for_items(template: JsonValue, bindings: Bindings) -> Template:
    """The template as a function of `$item`. What does not read the item is evaluated once, here.

    Raises RunFailed as `evaluate`; so does the function.
    """
    if isinstance(template, str) and is_expression(template):
        return _for_items(unwrap(template), bindings.variables())
    if isinstance(template, dict):
        named = {key: for_items(value, bindings) for key, value in template.items()}
        return lambda item: {key: value_of(item) for key, value_of in named.items()}
    if isinstance(template, list):
        listed = [for_items(value, bindings) for value in template]
        return lambda item: [value_of(item) for value_of in listed]
    return lambda _: template


def _for_items(text: str, variables: dict[str, Any]) -> Template:
    if "item" not in _reach(text).variables:
        value = _value(text, variables)
        return lambda _: value
    near = {name: value for name, value in variables.items() if name in _reach(text).variables}
    return lambda item: _value(text, {**near, "item": item})


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
    reached = _reached(text, variables)
    exact = stand_ins(reached)
    return _evaluated(text, reached) if exact is None else _handed_on(text, reached, exact)


def _evaluated(text: str, variables: dict[str, Any]) -> JsonValue:
    try:
        value = jsonata.compile(text).evaluate(None, variables)
    except (jsonata.JsonataError, jsonata.JsonataSyntaxError) as exc:
        raise _failed(text, str(exc)) from None
    if value is jsonata.UNDEFINED:
        raise _failed(text, "the expression returned nothing (undefined)")
    result: JsonValue = value
    return result


def _handed_on(text: str, variables: dict[str, Any], exact: StandIns) -> JsonValue:
    """The value of an expression that reads numbers which it must not calculate with."""
    try:
        if exact.named_in(text):
            raise Differs
        value = jsonata.compile(text).evaluate(None, exact.texts(variables))
        other = jsonata.compile(text).evaluate(None, exact.doubles(variables))
        if value is jsonata.UNDEFINED and other is jsonata.UNDEFINED:
            raise _failed(text, "the expression returned nothing (undefined)")
        return exact.exact(value, other)
    except Differs:
        raise _failed(text, _NOT_KEPT) from None
    except (jsonata.JsonataError, jsonata.JsonataSyntaxError) as exc:
        raise _failed(text, f"{exact.shown(str(exc))}; {_NOT_KEPT}") from None


def _reached(text: str, variables: dict[str, Any]) -> dict[str, Any]:
    """What the expression can read: the library copies whatever it is given."""
    named = jsonata.compile(text).variables
    found = {name: value for name, value in variables.items() if name in named}
    reach = _reach(text)
    if "jobs" in found and "jobs" not in reach.dynamic:
        found["jobs"] = {job: found["jobs"][job] for job in reach.jobs if job in found["jobs"]}
    return found


@lru_cache(maxsize=8192)
def _reach(text: str) -> References:
    return references([f"{{%{text}%}}"])


def _spoken(value: JsonValue) -> str:
    return value if isinstance(value, str) else str(value)


def _failed(text: str, why: str) -> RunFailed:
    return RunFailed(
        f"The expression {{% {text.strip()} %}} failed: {why}",
        next_steps=("correct the expression, or give it a value where the input has none",),
        details={"error": "States.QueryEvaluationError", "expression": text.strip()},
    )
