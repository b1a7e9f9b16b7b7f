"""Which parameters and jobs an expression reads, found without evaluating it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from bunsui.core.models.base import JsonValue
from bunsui.core.pipeline.tokens import Token, tokens, unquoted

__all__ = ["Reference", "References", "expressions_in", "is_expression", "references", "scan", "unwrap"]

ROOTS = frozenset({"params", "jobs"})


@dataclass(frozen=True, slots=True)
class Reference:
    """A variable in an expression. `name` is the literal member of `$params` or `$jobs`, if one is spelled.

    `at` is the offset of the variable, `name_at` that of the member, in the expression's text.
    """

    variable: str
    name: str | None
    at: int
    name_at: int


@dataclass(frozen=True, slots=True)
class References:
    """What the expressions of a template read.

    `dynamic` holds "params" or "jobs" where they are used otherwise than by a literal name, so that
    any member may be meant; `variables` all free variables.
    """

    params: frozenset[str]
    jobs: frozenset[str]
    dynamic: frozenset[str]
    variables: frozenset[str]


def is_expression(value: object) -> bool:
    """Whether a value is a string `{% … %}`, as in the Amazon States Language."""
    return isinstance(value, str) and len(value) >= 4 and value.startswith("{%") and value.endswith("%}")


def unwrap(text: str) -> str:
    """The expression between `{%` and `%}`."""
    return text[2:-2]


def expressions_in(template: JsonValue) -> Iterator[str]:
    """The expressions of a template, unwrapped."""
    if isinstance(template, str):
        if is_expression(template):
            yield unwrap(template)
    elif isinstance(template, dict):
        for value in template.values():
            yield from expressions_in(value)
    elif isinstance(template, list):
        for value in template:
            yield from expressions_in(value)


def scan(text: str) -> list[Reference]:
    """The free variables of an expression, in order; those that it binds itself are left out."""
    words = tokens(text)
    bound = _bound(words)
    return [
        _reference(words, index)
        for index, word in enumerate(words)
        if word.kind == "variable" and word.text not in {"$", "$$"} and word.text[1:] not in bound
    ]


def references(templates: Iterable[JsonValue]) -> References:
    """What the expressions of the templates read."""
    found = [ref for template in templates for text in expressions_in(template) for ref in scan(text)]
    return References(
        params=_named(found, "params"),
        jobs=_named(found, "jobs"),
        dynamic=frozenset(ref.variable for ref in found if ref.variable in ROOTS and ref.name is None),
        variables=frozenset(ref.variable for ref in found),
    )


def _named(found: list[Reference], variable: str) -> frozenset[str]:
    return frozenset(ref.name for ref in found if ref.variable == variable and ref.name is not None)


def _reference(words: list[Token], index: int) -> Reference:
    word = words[index]
    step = words[index + 2] if index + 2 < len(words) and words[index + 1].text == "." else None
    name = unquoted(step) if step is not None and word.text[1:] in ROOTS else None
    return Reference(
        word.text[1:], name, word.at, step.at if step is not None and name is not None else word.at
    )


def _bound(words: list[Token]) -> frozenset[str]:
    """Variables that the expression binds: `$x := …`, `function($x)`, `@$x`, `#$x`."""
    assigned = {
        word.text[1:]
        for index, word in enumerate(words)
        if word.kind == "variable" and (_next(words, index) == ":=" or _previous(words, index) in {"@", "#"})
    }
    return frozenset(assigned | _arguments(words))


def _arguments(words: list[Token]) -> set[str]:
    names: set[str] = set()
    inside = False
    for index, word in enumerate(words):
        if word.text == "(" and _previous(words, index) in {"function", "λ"}:
            inside = True
        elif word.text == ")":
            inside = False
        elif inside and word.kind == "variable":
            names.add(word.text[1:])
    return names


def _next(words: list[Token], index: int) -> str:
    return words[index + 1].text if index + 1 < len(words) else ""


def _previous(words: list[Token], index: int) -> str:
    return words[index - 1].text if index else ""
