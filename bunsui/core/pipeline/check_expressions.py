"""Check the expressions of a definition: their syntax, and the names they use."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from bunsui.asl import jsonata
from bunsui.core.json_text import EXACT
from bunsui.core.models.base import JsonValue
from bunsui.core.pipeline.findings import KeyPath, Problem, nearest
from bunsui.core.pipeline.references import Reference, is_expression, scan, unwrap
from bunsui.core.pipeline.slots import Slot, jobs_of, slots
from bunsui.core.pipeline.tokens import tokens

__all__ = ["check_expressions", "implied_needs"]

_INSIDE = re.compile(r"\{%(.*?)%\}", re.DOTALL)
_FUNCTIONS = frozenset(
    """abs append assert average base64decode base64encode boolean ceil clone contains count decodeUrl
    decodeUrlComponent distinct each encodeUrl encodeUrlComponent error exists filter floor formatBase
    formatInteger formatNumber fromMillis hash join keys length lookup lowercase map match max merge millis
    min not now number pad parse parseInteger partition power random range reduce replace reverse round
    shuffle sift single sort split spread sqrt string substring substringAfter substringBefore sum toMillis
    trim type uppercase uuid zip""".split()
)

_ELSEWHERE = {
    "item": "is bound in the operations and the key of a mapped job only",
    "token": "is bound in the arguments of `aws` operations only",
    "states": "belongs to state machines; here are $params, $jobs, $session and $item",
}


@dataclass(frozen=True, slots=True)
class _Found:
    """An expression: where its text stands, and how far into the value there."""

    slot: Slot
    path: KeyPath
    text: str
    offset: int


def check_expressions(document: JsonValue) -> list[Problem]:
    """Syntax errors, misplaced expressions, unknown variables, parameters and jobs."""
    params = _names(document, "params")
    jobs = _names(document, "jobs")
    return [
        problem for slot in slots(document) for problem in (*_misplaced(slot), *_wrong(slot, params, jobs))
    ]


def implied_needs(document: JsonValue) -> dict[str, set[str]]:
    """For every job the jobs that its expressions name."""
    needs: dict[str, set[str]] = {name: set() for name in jobs_of(document)}
    for slot in slots(document):
        if slot.job is not None:
            refs = (ref for found in _expressions(slot) for ref in scan(found.text))
            needs[slot.job] |= {ref.name for ref in refs if ref.variable == "jobs" and ref.name is not None}
    return needs


def _names(document: JsonValue, group: str) -> frozenset[str] | None:
    """The names of a group, None where nothing can be said of them."""
    found = document.get(group, {}) if isinstance(document, dict) else None
    return frozenset(found) if isinstance(found, dict) else None


def _strings(path: KeyPath, value: JsonValue) -> Iterator[tuple[KeyPath, str]]:
    if isinstance(value, str):
        yield path, value
    elif isinstance(value, dict):
        for key, inner in value.items():
            yield from _strings((*path, key), inner)
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _strings((*path, index), inner)


def _expressions(slot: Slot) -> Iterator[_Found]:
    if slot.mode == "none":
        return
    for path, text in _strings(slot.path, slot.value):
        if slot.mode == "text":
            yield from (
                _Found(slot, path, match.group(1), match.start(1)) for match in _INSIDE.finditer(text)
            )
        elif is_expression(text):
            yield _Found(slot, path, unwrap(text), 2)


def _misplaced(slot: Slot) -> Iterator[Problem]:
    for path, text in _strings(slot.path, slot.value):
        if slot.mode == "expression" and not is_expression(text):
            yield Problem(path=path, message="must be an expression {% … %}")
        elif slot.mode == "none" and "{%" in text:
            yield Problem(path=path, message="no expression is evaluated here")
        elif slot.mode == "template" and "{%" in text and not is_expression(text):
            yield Problem(path=path, message=_PART)
    if slot.mode == "expression" and not isinstance(slot.value, str):
        yield Problem(path=slot.path, message="must be an expression {% … %}")


_TOO_LARGE = f"the number is beyond {EXACT:,}, up to which expressions keep whole numbers: make it text"
_PART = "an expression must be the whole text: write '{% \"a\" & $params.b %}'"


def _wrong(slot: Slot, params: frozenset[str] | None, jobs: frozenset[str] | None) -> Iterator[Problem]:
    for found in _expressions(slot):
        try:
            jsonata.compile(found.text)
        except jsonata.JsonataSyntaxError as exc:
            message = f"this is no JSONata: {exc.message}"
            yield Problem(path=found.path, message=message, offset=found.offset + exc.position)
            continue
        yield from _numbers(found)
        for reference in scan(found.text):
            yield from _unknown(found, reference, params, jobs)


def _numbers(found: _Found) -> Iterator[Problem]:
    for word in tokens(found.text):
        whole = word.kind == "number" and word.text.isdigit()
        if whole and float(word.text) >= EXACT and word.text.lstrip("0") != str(EXACT):
            yield Problem(path=found.path, message=_TOO_LARGE, offset=found.offset + word.at)


def _unknown(
    found: _Found, ref: Reference, params: frozenset[str] | None, jobs: frozenset[str] | None
) -> Iterator[Problem]:
    known = {"params": params, "jobs": jobs}.get(ref.variable)
    if ref.variable not in found.slot.variables | _FUNCTIONS:
        why = _ELSEWHERE.get(ref.variable, "is not bound here")
        yield _problem(found, ref.at, f"${ref.variable} {why}", _like(ref, found.slot.variables))
    elif ref.name is not None and known is not None and ref.name not in known:
        noun = ref.variable.removesuffix("s")
        where = nearest(ref.name, known)
        yield _problem(
            found, ref.name_at, f"there is no {noun.replace('param', 'parameter')} {ref.name!r}", where
        )


def _like(ref: Reference, variables: Iterable[str]) -> str:
    near = nearest(ref.variable, [*variables, *_FUNCTIONS]) if ref.variable not in _ELSEWHERE else ""
    return f"${near}" if near else ""


def _problem(found: _Found, at: int, message: str, suggestion: str) -> Problem:
    return Problem(path=found.path, message=message, suggestion=suggestion, offset=found.offset + at)
