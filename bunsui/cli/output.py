"""How a result is printed: data on standard output, narration on standard error."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import orjson

from bunsui.cli.style import Style
from bunsui.core.models.base import JsonValue
from bunsui.errors import UsageError

FORMATS = ("table", "json", "jsonl", "yaml")


@dataclass(frozen=True, slots=True, kw_only=True)
class Output:
    """Where and how one command prints."""

    format: str
    style: Style
    quiet: bool = False

    @property
    def for_people(self) -> bool:
        """Whether a view is printed instead of a document."""
        return self.format == "table"

    def say(self, text: str = "") -> None:
        """Narrate, unless quiet."""
        if not self.quiet:
            print(text, file=sys.stderr, flush=True)

    def lines(self, lines: Iterable[str]) -> None:
        """Print a view."""
        for line in lines:
            print(line)

    def document(self, document: Mapping[str, JsonValue]) -> None:
        """Print one document in the chosen machine format."""
        print(_render(document, self.format))


def choose(format: str | None, *, json: bool) -> str:
    """The format from `--output` and `--json`. Raises UsageError."""
    if json and format not in (None, "json"):
        raise UsageError(f"--json and --output {format} contradict each other")
    chosen = "json" if json else format or "table"
    if chosen not in FORMATS:
        raise UsageError(f"option --output: must be one of {', '.join(FORMATS)}, not '{chosen}'")
    return chosen


def _render(document: Mapping[str, JsonValue], format: str) -> str:
    if format == "yaml":
        import yaml

        return yaml.safe_dump(dict(document), sort_keys=False, allow_unicode=True).rstrip("\n")
    if format == "jsonl":
        return "\n".join(orjson.dumps(row).decode() for row in _rows(document))
    return orjson.dumps(document, option=orjson.OPT_INDENT_2).decode()


def _rows(document: Mapping[str, JsonValue]) -> list[JsonValue]:
    """The rows of a list document (it says whether it is `complete`), else the document as one row."""
    lists = [value for value in document.values() if isinstance(value, list)]
    return lists[0] if "complete" in document and len(lists) == 1 else [dict(document)]
