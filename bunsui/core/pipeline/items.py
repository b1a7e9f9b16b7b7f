"""The items of a map job: their identities, and what each is called with."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from bunsui.core.json_text import EXACT, holds_inexact
from bunsui.core.models.base import JsonValue, canonical_json, digest
from bunsui.core.models.pipeline import AwsOperation, EcsOperation, Job, LambdaOperation, MapSpec, Operation
from bunsui.core.pipeline.expressions import Bindings, evaluate, for_items
from bunsui.errors import RunFailed

__all__ = ["KEY_CHARACTERS", "Item", "call_template", "called_with", "items_of"]

KEY_CHARACTERS = 200
_HASH_CHARACTERS = 16


@dataclass(frozen=True, slots=True)
class Item:
    """An item; `inputs` has what each operation is called with."""

    key: str
    value: JsonValue
    inputs: list[JsonValue]


def items_of(name: str, job: Job, mapped: MapSpec, bindings: Bindings) -> list[Item]:
    """The items in their order.

    Raises RunFailed when an expression fails, `items` gives no list, or a key is no text or there twice.
    """
    values = evaluate(mapped.items, bindings)
    if not isinstance(values, list):
        raise _wrong(name, f"map.items gives {_kind(values)}, not a list")
    templates = [(one, for_items(call_template(one), bindings)) for one in job.operations]
    keys = _keys(name, mapped, values, bindings)
    return [
        Item(key, value, [called_with(operation, template(value)) for operation, template in templates])
        for key, value in zip(keys, values, strict=True)
    ]


def call_template(operation: Operation) -> JsonValue:
    """The templates of an operation that decide what it is called with."""
    if isinstance(operation, EcsOperation):
        return {
            "command": list(operation.command),
            "env": dict(operation.env),
            "input": operation.input,
        }
    if isinstance(operation, AwsOperation):
        return dict(operation.arguments)
    return {} if operation.input is None else operation.input


def called_with(operation: Operation, value: JsonValue) -> JsonValue:
    """What an operation is called with, from what its templates give.

    Raises RunFailed for a number that the machine would change on its way to a service; functions and
    containers are given theirs past it.
    """
    by_machine = not isinstance(operation, LambdaOperation | EcsOperation)
    if by_machine and holds_inexact(value, canonical_json(value)):
        raise RunFailed(
            f"The arguments hold a whole number beyond {EXACT:,}, which the state machine would change.",
            next_steps=("give it as text: {% $string(…) %}",),
            details={"error": "States.QueryEvaluationError"},
        )
    return {} if value is None else value


def _keys(name: str, mapped: MapSpec, values: list[JsonValue], bindings: Bindings) -> list[str]:
    if mapped.key is None:
        return list(_hashes(values))
    key_of = for_items(mapped.key, bindings)
    keys = [_key(name, key_of(value)) for value in values]
    seen: set[str] = set()
    for key in keys:
        if key in seen:
            raise _wrong(name, f"two items have the key {key!r}: map.key must tell them apart")
        seen.add(key)
    return keys


def _hashes(values: list[JsonValue]) -> Iterator[str]:
    """The hash of each item; equal items are told apart by a count."""
    seen: dict[str, int] = {}
    for value in values:
        key = digest(value)[:_HASH_CHARACTERS]
        count = seen[key] = seen.get(key, 0) + 1
        yield key if count == 1 else f"{key}-{count}"


def _key(name: str, value: JsonValue) -> str:
    key = str(value) if isinstance(value, (str, int)) and not isinstance(value, bool) else ""
    if not key or len(key) > KEY_CHARACTERS or not key.isprintable():
        what = f"map.key gives {_kind(value)} for an item"
        raise _wrong(name, f"{what}; a key is a text of 1 to {KEY_CHARACTERS} printable characters")
    return key


def _kind(value: JsonValue) -> str:
    if isinstance(value, str):
        return f"the text {value[:40]!r}"
    names = {dict: "an object", list: "a list", bool: "a boolean", type(None): "null"}
    return names.get(type(value), f"the number {value}")


def _wrong(name: str, why: str) -> RunFailed:
    return RunFailed(
        f"Job {name}: {why}.",
        next_steps=("correct `map` in the definition, then rerun the session",),
        details={"error": "Bunsui.InvalidItems", "job": name},
    )
