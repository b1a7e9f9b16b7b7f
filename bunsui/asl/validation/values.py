"""Checks of single values, from which the field tables are put together.

A check takes a `Site` and reports what it finds there.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from bunsui.asl.validation import expressions
from bunsui.asl.validation.findings import Site

Check = Callable[[Site], None]

_TIMESTAMP = re.compile(r"\d{4}-\d\d-\d\dT(\d\d:\d\d:\d\d)(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)")


def anything(site: Site) -> None:
    """Any JSON value."""


def string(site: Site) -> None:
    """Text."""
    if not isinstance(site.value, str):
        site.error("Expected a string")


def boolean(site: Site) -> None:
    """True or false."""
    if not isinstance(site.value, bool):
        site.error("Expected true or false")


def mapping(site: Site) -> None:
    """An object, whose members are checked elsewhere."""
    if not isinstance(site.value, Mapping):
        site.error("Expected an object")


def one_of(*allowed: str) -> Check:
    """One of some words."""

    def check(site: Site) -> None:
        if site.value not in allowed:
            site.error(f"The field '{site.path[-1]}' should have one of these values: [{', '.join(allowed)}]")

    return check


def integer(low: int, high: int = 99_999_999) -> Check:
    """A whole number from ``low`` to ``high``."""

    def check(site: Site) -> None:
        if not isinstance(site.value, int) or isinstance(site.value, bool) or not low <= site.value <= high:
            site.error(f"Expected an integer from {low} to {high}")

    return check


def number(low: float, high: float | None = None) -> Check:
    """A number of at least ``low`` and at most ``high``."""

    def check(site: Site) -> None:
        fits = isinstance(site.value, (int, float)) and not isinstance(site.value, bool)
        if not fits or not low <= site.value <= (float("inf") if high is None else high):
            site.error(
                f"Expected a number of at least {low:g}" + ("" if high is None else f", at most {high:g}")
            )

    return check


def timestamp(site: Site) -> None:
    """RFC 3339 with an upper-case T and a zone, as the language asks."""
    if not isinstance(site.value, str) or not is_timestamp(site.value):
        site.error("Expected an RFC 3339 timestamp such as 2016-03-14T01:59:00Z")


def is_timestamp(text: str) -> bool:
    """Whether a text is an RFC 3339 timestamp of a real date and time."""
    match = _TIMESTAMP.fullmatch(text)
    if match is None:
        return False
    try:
        datetime.strptime(f"{text[:10]} {match[1]}", "%Y-%m-%d %H:%M:%S")  # noqa: DTZ007 - only checked
    except ValueError:
        return match[1].endswith(":60")
    return True


def nullable(check: Check) -> Check:
    """The check, or null."""

    def checked(site: Site) -> None:
        if site.value is not None:
            check(site)

    return checked


def evaluable(check: Check) -> Check:
    """The check, or in a JSONata state an expression in its place."""

    def checked(site: Site) -> None:
        if site.jsonata and expressions.is_expression(site.value):
            expressions.expression(site)
        else:
            check(site)

    return checked


def non_empty(check: Check, what: str) -> Check:
    """A list with at least one item, each of which passes the check."""

    def checked(site: Site) -> None:
        list_of(check, what)(site)
        if site.value == []:
            site.error("Value cannot be empty")

    return checked


def list_of(check: Check, what: str) -> Check:
    """A list, each item of which passes the check."""

    def checked(site: Site) -> None:
        if not isinstance(site.value, list):
            site.error(f"Expected a list of {what}")
            return
        for index in range(len(site.value)):
            check(site.child(index))

    return checked


def text(site: Site) -> None:
    """A string that a JSONata state may compute."""
    if not isinstance(site.value, str):
        site.error("Expected a string")
    elif site.jsonata:
        expressions.expression(site)


def member(value: Any, key: str) -> Any:
    """A member of what may not be an object."""
    return value.get(key) if isinstance(value, Mapping) else None
