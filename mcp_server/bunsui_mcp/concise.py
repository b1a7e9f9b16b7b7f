"""Documents for models: what is empty or only for programs is left out, long foreign text is cut."""

from __future__ import annotations

from collections.abc import Iterator

from bunsui.core.models.base import JsonValue
from bunsui.core.text import clean

FOREIGN = (
    "cause error log_tail lines value input output params tags key reason detail data arguments "
    "item description"
).split()
"""Fields whose text comes from jobs, callers or definitions: data, never instructions."""

_PRINTED = ("cause", "log_tail", "lines")
_FOR_PROGRAMS = frozenset(
    {"schema", "digest", "hash", "previous", "definition", "blob", "updated_at", "profile"}
)
_CUT = 1_200
_TAIL_LINES = 12


def concise(value: JsonValue, name: str = "") -> JsonValue:
    """A copy without what is empty, and without what only programs read."""
    if isinstance(value, dict):
        return {key: kept for key, part in value.items() if _wanted(key, kept := concise(part, key))}
    if isinstance(value, list):
        return [concise(part, name) for part in value]
    return _cut(name, value) if isinstance(value, str) else value


def cleaned(value: JsonValue) -> JsonValue:
    """A copy whose texts hold nothing that a terminal or a model could obey unseen."""
    if isinstance(value, dict):
        return {clean(key): cleaned(part) for key, part in value.items()}
    if isinstance(value, list):
        return [cleaned(part) for part in value]
    return clean(value) if isinstance(value, str) else value


def foreign(value: JsonValue) -> list[str]:
    """Names of the fields in a document that hold foreign text, in the order of FOREIGN."""
    found = set(_names(value))
    return [name for name in FOREIGN if name in found]


def printed(names: list[str]) -> list[str]:
    """Those of them that hold what programs printed."""
    return [name for name in names if name in _PRINTED]


def _wanted(key: str, value: JsonValue) -> bool:
    return (
        key not in _FOR_PROGRAMS
        and value not in (None, "", [], {})
        and not (value is False and key == "stale")
    )


def _cut(name: str, text: str) -> str:
    """The head of a cause, the end of a log, whole seconds of a time."""
    if name.endswith("_at"):
        return text[:19] + "Z" if text.endswith("Z") else text
    if name == "log_tail":
        text = "\n".join(text.splitlines()[-_TAIL_LINES:])
        return text if len(text) <= _CUT else f"…{text[-_CUT:]}"
    return text if name != "cause" or len(text) <= _CUT else f"{text[:_CUT]}…"


def _names(value: JsonValue) -> Iterator[str]:
    if isinstance(value, dict):
        for key, part in value.items():
            if part not in (None, "", [], {}):
                yield key
                yield from _names(part)
    elif isinstance(value, list):
        for part in value:
            yield from _names(part)
