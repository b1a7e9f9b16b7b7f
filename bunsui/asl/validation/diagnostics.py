"""What validation answers: findings with severity, code, message and place."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, overload


class Severity(StrEnum):
    """As in ValidateStateMachineDefinition: an error refuses the definition, a warning does not."""

    ERROR = "ERROR"
    WARNING = "WARNING"


class Code(StrEnum):
    """Codes of AWS where AWS has one, else ours; `docs/validation.md` explains them."""

    SCHEMA = "SCHEMA_VALIDATION_FAILED"
    JSON = "INVALID_JSON_DESCRIPTION"
    TARGET = "MISSING_TRANSITION_TARGET"
    DUPLICATE_STATE = "DUPLICATE_STATE_NAME"
    NO_DOLLAR = "NO_DOLLAR"
    NO_PATH = "NO_PATH"
    STATIC_RESULT = "PASS_RESULT_IS_STATIC"
    RESOURCE = "UNKNOWN_RESOURCE"
    PARAMETER = "UNKNOWN_PARAMETER"
    PLACEHOLDER = "PLACEHOLDER"
    VARIABLE = "UNKNOWN_VARIABLE"
    ERROR_NAME = "UNKNOWN_ERROR_NAME"
    NO_WAY_OUT = "NO_WAY_OUT"
    LITERAL_EXPRESSION = "LITERAL_EXPRESSION"
    NOT_DISTRIBUTED = "NOT_DISTRIBUTED"
    LIMIT = "LIMIT_EXCEEDED"
    NO_TERMINAL = "MISSING_TERMINAL_STATE"


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """One finding. ``location`` is a JSON pointer (``/`` is the whole); line and column count from 1."""

    severity: Severity
    code: str
    message: str
    location: str
    line: int | None = None
    column: int | None = None

    def to_json(self) -> dict[str, Any]:
        """The shape of ValidateStateMachineDefinition, with line and column where they are known."""
        found: dict[str, Any] = {
            "severity": str(self.severity),
            "code": self.code,
            "message": self.message,
            "location": self.location,
        }
        if self.line is not None:
            found |= {"line": self.line, "column": self.column}
        return found

    def __str__(self) -> str:
        place = f"{self.line}:{self.column}: " if self.line is not None else ""
        return f"{place}{self.severity.lower()} {self.code}: {self.message} at {self.location}"


@dataclass(frozen=True, slots=True)
class Diagnostics(Sequence[Diagnostic]):
    """All findings of one definition, in the order of the source."""

    items: tuple[Diagnostic, ...] = ()

    @property
    def ok(self) -> bool:
        """Whether the definition may be created: there is no error (warnings do not count)."""
        return not self.errors

    @property
    def errors(self) -> list[Diagnostic]:
        return [found for found in self.items if found.severity is Severity.ERROR]

    @property
    def warnings(self) -> list[Diagnostic]:
        return [found for found in self.items if found.severity is Severity.WARNING]

    def refusal(self) -> str:
        """The message of the InvalidDefinition error that AWS gives for these findings."""
        found = ", ".join(f"{one.code}: {one.message} at {one.location}" for one in self.errors)
        return f"Invalid State Machine Definition: '{found}'"

    def to_json(self, limit: int | None = None) -> dict[str, Any]:
        """The response of ValidateStateMachineDefinition; ``limit`` is its ``maxResults``."""
        shown = self.items if limit is None else self.items[:limit]
        return {
            "result": "OK" if self.ok else "FAIL",
            "diagnostics": [found.to_json() for found in shown],
            "truncated": len(shown) < len(self.items),
        }

    @overload
    def __getitem__(self, index: int) -> Diagnostic: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Diagnostic]: ...
    def __getitem__(self, index: int | slice) -> Diagnostic | Sequence[Diagnostic]:
        return self.items[index]

    def __len__(self) -> int:
        return len(self.items)

    def __iter__(self) -> Iterator[Diagnostic]:
        return iter(self.items)
