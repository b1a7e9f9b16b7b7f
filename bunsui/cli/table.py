"""Plain tables: cut to the width on a terminal, whole in a pipe."""

from __future__ import annotations

import shutil
import unicodedata
from collections.abc import Iterable, Sequence

from bunsui.cli.style import Style

GAP = "  "


def width(text: str) -> int:
    """Columns that a text takes on a terminal."""
    return sum(_columns(character) for character in text)


def _columns(character: str) -> int:
    if unicodedata.combining(character):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def fit(text: str, columns: int) -> str:
    """The text in at most so many columns, with an ellipsis where it was cut."""
    if width(text) <= columns:
        return text
    kept = ""
    for character in text:
        if width(kept) + _columns(character) >= columns:
            break
        kept += character
    return kept + "…"


def pad(text: str, columns: int) -> str:
    """The text filled up with spaces."""
    return text + " " * max(0, columns - width(text))


def table(
    header: Sequence[str], rows: Iterable[Sequence[str]], style: Style, *, limit: int | None = None
) -> list[str]:
    """Lines of a table. The last column takes what is left of `limit` columns (None: no limit)."""
    cells = [[_one_line(cell) for cell in row] for row in rows]
    widths = [max(map(width, column)) for column in zip(header, *cells, strict=True)]
    if limit is not None:
        widths[-1] = max(12, min(widths[-1], limit - sum(widths[:-1]) - len(GAP) * (len(widths) - 1)))
    lines = [style.dim(_line([name.upper() for name in header], widths))]
    return lines + [_line(row, widths, style) for row in cells]


def _line(cells: Sequence[str], widths: Sequence[int], style: Style | None = None) -> str:
    fitted = [fit(cell, columns) for cell, columns in zip(cells, widths, strict=True)]
    padded = [pad(cell, columns) for cell, columns in zip(fitted[:-1], widths[:-1], strict=True)]
    words = [*padded, fitted[-1]]
    return GAP.join(style.status(word) for word in words) if style else GAP.join(words)


def _one_line(text: str) -> str:
    return " ".join(text.split())


def terminal_width() -> int:
    """Columns of the terminal."""
    return shutil.get_terminal_size().columns
