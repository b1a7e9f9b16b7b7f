"""Payload templates (JSONPath) and the objects of JSONata states, whose strings are expressions."""

from __future__ import annotations

import re
from collections.abc import Mapping

from bunsui.asl.validation import expressions
from bunsui.asl.validation.diagnostics import Code
from bunsui.asl.validation.findings import Site

_VARIABLE_NAME = re.compile(r"[^\W\d]\w*")
_MAX_VARIABLE_NAME = 80


def payload(site: Site) -> None:
    """Parameters, ResultSelector, ItemSelector, BatchInput: fields that end with ``.$`` are evaluated."""
    if not isinstance(site.value, (Mapping, list)):
        site.warn("Step Functions documents an object here", Code.SCHEMA)
    _template(site)


def _template(site: Site) -> None:
    value = site.value
    if isinstance(value, Mapping):
        for key in value:
            _member(site, key)
    elif isinstance(value, list):
        for index, item in enumerate(value):
            if isinstance(item, (Mapping, list, str)):
                _template(site.child(index))
    elif isinstance(value, str):
        expressions.literal(site)


def _member(site: Site, key: str) -> None:
    if key.endswith(".$"):
        expressions.path_or_call(site.child(key))
    elif isinstance(site.value[key], (Mapping, list, str)):
        _template(site.child(key))


def value(site: Site) -> None:
    """Arguments, Output and the like: any JSON value whose strings may be expressions."""
    content = site.value
    if isinstance(content, str):
        expressions.expression(site)
    elif isinstance(content, Mapping):
        for key, item in content.items():
            if key.endswith(".$"):
                site.warn(
                    "'.$' has no meaning in a JSONata state", Code.LITERAL_EXPRESSION, key=key, at_key=True
                )
            if isinstance(item, (Mapping, list, str)):
                value(site.child(key))
    elif isinstance(content, list):
        for index, item in enumerate(content):
            if isinstance(item, (Mapping, list, str)):
                value(site.child(index))


def selector(site: Site) -> None:
    """ItemSelector and BatchInput, which both query languages have."""
    if site.jsonata:
        value(site)
    else:
        payload(site)


def assign(site: Site) -> None:
    """Assign: an object from variable names to values."""
    if not isinstance(site.value, Mapping):
        if not (site.jsonata and expressions.is_expression(site.value)):
            return site.error("Expected an object from variable names to values")
        return expressions.expression(site)
    for key in site.value:
        _variable_name(site, key)
    return selector(site)


def _variable_name(site: Site, key: str) -> None:
    name = key if site.jsonata else key.removesuffix(".$")
    if _VARIABLE_NAME.fullmatch(name) is None or len(name) > _MAX_VARIABLE_NAME:
        site.error(
            f"A variable's name has at most {_MAX_VARIABLE_NAME} letters, digits and _, the first no digit",
            key=key,
            at_key=True,
        )
    elif name == "states":
        site.error("The variable name 'states' is reserved", key=key, at_key=True)


def static_result(site: Site) -> None:
    """Result of a Pass state: any value, never evaluated."""
    if isinstance(site.value, Mapping) and any(key.endswith(".$") for key in site.value):
        site.warn("Result is taken as it is: use Parameters to evaluate paths", Code.STATIC_RESULT)


def message(site: Site) -> None:
    """Error and Cause of a Fail state."""
    if not isinstance(site.value, str):
        return site.error("Expected a string")
    if site.jsonata:
        return expressions.expression(site)
    if site.value.startswith(("$.", "$$.", "States.Format(")):
        site.warn(f"Taken as text: to use a path, name the field '{site.path[-1]}Path'", Code.NO_PATH)
    return None
