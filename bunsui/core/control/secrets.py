"""Secrets in what jobs are called with: a placeholder stands for each until the call is made."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from functools import partial

from bunsui.core.models.base import JsonValue
from bunsui.core.session.bindings import placeholder
from bunsui.core.session.definitions import Definition
from bunsui.errors import PermissionDenied

__all__ = ["check_command", "placeholder", "references_of", "substitute"]

_PLACEHOLDER = re.compile(r"\{\{bunsui-secret:([^{}]+)\}\}")


def references_of(definition: Definition, params: dict[str, JsonValue]) -> frozenset[str]:
    """The references that the parameters of a run hold: the only secrets its jobs may see."""
    return frozenset(str(params[name]) for name in definition.secrets if name in params)


def check_command(words: Collection[str]) -> None:
    """Raise PermissionDenied for a secret in a command: whoever lists the processes of a machine reads it."""
    if any(_PLACEHOLDER.search(word) for word in words):
        raise PermissionDenied(
            "A secret cannot stand in a command, where everybody on the machine can read it.",
            next_steps=["Hand it over in env or input."],
        )


def substitute(value: JsonValue, allowed: Collection[str], resolve: Callable[[str], str]) -> JsonValue:
    """The value with every placeholder replaced, for the call itself: never to be stored or logged.

    Raises PermissionDenied for a reference that is not of this run: data cannot ask for secrets.
    """
    if isinstance(value, str):
        return _PLACEHOLDER.sub(partial(_resolved, allowed, resolve), value)
    if isinstance(value, list):
        return [substitute(one, allowed, resolve) for one in value]
    if isinstance(value, dict):
        return {key: substitute(one, allowed, resolve) for key, one in value.items()}
    return value


def _resolved(allowed: Collection[str], resolve: Callable[[str], str], found: re.Match[str]) -> str:
    reference = found.group(1)
    if reference not in allowed:
        raise PermissionDenied(
            "A value asks for a secret that is no parameter of this run.",
            next_steps=["Declare a parameter of type secret for it."],
        )
    return resolve(reference)
