"""Any document as lines: a table of its items, else its fields."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from bunsui.cli.style import Style
from bunsui.cli.table import table
from bunsui.cli.text import clean

Document = Mapping[str, Any]


def fields(document: Document, style: Style, limit: int | None) -> list[str]:
    """`name  value` lines; lists of objects become tables below them."""
    plain = {name: value for name, value in document.items() if name != "schema" and not _rows(value)}
    wide = max(map(len, plain), default=0)
    lines = [f"{style.dim(name.ljust(wide))}  {style.status(word(value))}" for name, value in plain.items()]
    for name, value in document.items():
        if _rows(value):
            lines += ["", style.bold(name), *rows(value, style, limit)]
    return lines


def rows(items: Sequence[Document], style: Style, limit: int | None) -> list[str]:
    """A table over objects; columns are the keys that have a value somewhere."""
    known = dict.fromkeys(name for item in items for name in item)
    names = [name for name in known if any(item.get(name) not in (None, "", [], {}) for item in items)]
    if not names:
        return [word(None)] * len(items)
    return table(names, [[word(item.get(name)) for name in names] for item in items], style, limit=limit)


def word(value: Any) -> str:
    """A value in a cell."""
    if value is None or value in ("", [], {}):
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return ", ".join(word(one) for one in value)
    if isinstance(value, dict):
        return " ".join(f"{key}={word(one)}" for key, one in value.items())
    return clean(str(value))


def _rows(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(one, dict) for one in value)
