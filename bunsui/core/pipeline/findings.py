"""What is wrong with a definition, and where."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass

from bunsui.errors import DefinitionInvalid, JsonValue

__all__ = ["Finding", "KeyPath", "Problem", "invalid", "nearest", "spelled"]

KeyPath = tuple[str | int, ...]
"""Way from the document to a value: `("jobs", "fetch", "needs", 0)`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One thing that is wrong, before its place is known.

    `path` names the value, or with `on_key` its key; `offset` counts into the value's text; `at` is
    the place where it is known already.
    """

    path: KeyPath
    message: str
    suggestion: str = ""
    severity: str = "error"
    on_key: bool = False
    offset: int | None = None
    at: tuple[int, int] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that is wrong. `line` and `column` count from 1; 0 where there is no text.

    `key` is the way to the value, `jobs.fetch.needs[0]`; `suggestion` the nearest valid key or name.
    """

    file: str = ""
    line: int = 0
    column: int = 0
    key: str = ""
    message: str
    suggestion: str = ""
    severity: str = "error"

    def __str__(self) -> str:
        place = (
            f"{self.file or 'pipeline'}:{self.line}:{self.column}" if self.line else self.file or "pipeline"
        )
        hint = f" (did you mean {self.suggestion}?)" if self.suggestion else ""
        return f"{place}: {self.key + ': ' if self.key else ''}{self.message}{hint}"

    def to_json(self) -> dict[str, JsonValue]:
        """As it stands in `details["findings"]`."""
        return asdict(self)


def spelled(path: KeyPath) -> str:
    """A key path as people write it."""
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path).lstrip(".")


def nearest(word: str, known: Iterable[str]) -> str:
    """The known word that is most like it, or an empty string."""
    return next(iter(difflib.get_close_matches(word, list(known), n=1, cutoff=0.6)), "")


def invalid(findings: Sequence[Finding]) -> DefinitionInvalid:
    """The one error that carries all findings, most of them in the message too."""
    errors = [finding for finding in findings if finding.severity == "error"]
    shown = [str(finding) for finding in errors[:20]]
    more = [f"… and {len(errors) - 20} more"] if len(errors) > 20 else []
    return DefinitionInvalid(
        "\n".join([*shown, *more]),
        next_steps=("correct the places named", "check again with: bunsui pipeline validate PATH"),
        details={"findings": [finding.to_json() for finding in findings]},
    )
