"""Collects findings while rules look at a definition, and gives them their places at the end."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

from bunsui.asl.validation.diagnostics import Code, Diagnostic, Diagnostics, Severity
from bunsui.asl.validation.model import JSONATA, JSONPATH
from bunsui.asl.validation.source import Path, Source

_PLACEHOLDER = re.compile(r"\$\{[^{}]+\}|\{\{[^{}]+\}\}|%[A-Z][A-Z0-9_]*%")
"""A value that a build tool fills in: ``${Name}`` (CloudFormation), ``{{ name }}``, ``%NAME%``."""


@dataclass(frozen=True, slots=True)
class Finding:
    """A finding before its line is known; ``at_key`` points at the field's name, not its value."""

    severity: Severity
    code: Code
    message: str
    path: Path
    at_key: bool = False
    offset: int = 0


class Findings:
    """The findings so far. An error found twice at one place is kept once."""

    def __init__(self) -> None:
        self._found: dict[tuple[Path, str], Finding] = {}

    def add(self, finding: Finding) -> None:
        self._found.setdefault((finding.path, finding.message), finding)

    def diagnostics(self, source: Source) -> Diagnostics:
        """Findings in source order, each with location, line and column."""
        placed = [_place(finding, source) for finding in self._found.values()]
        if source.text is not None:
            placed.sort(key=lambda found: (found.line or 0, found.column or 0))
        return Diagnostics(tuple(placed))


def _place(finding: Finding, source: Source) -> Diagnostic:
    line, column = source.locate(finding.path, key=finding.at_key, offset=finding.offset)
    return Diagnostic(finding.severity, finding.code, finding.message, pointer(finding.path), line, column)


def pointer(path: Iterable[str | int]) -> str:
    """RFC 6901, but that the whole document is ``/`` as on AWS."""
    return "/" + "/".join(str(part).replace("~", "~0").replace("/", "~1") for part in path)


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """The end of a message about an unknown name: the nearest known one, if any is near."""
    close = get_close_matches(name, list(known), n=1)
    return f"; did you mean '{close[0]}'?" if close else ""


@dataclass(frozen=True, slots=True)
class Site:
    """A value under check: where it stands, which query language holds there, where findings go."""

    value: Any
    path: Path
    findings: Findings
    language: str = JSONPATH

    @property
    def jsonata(self) -> bool:
        return self.language == JSONATA

    def child(self, key: str | int) -> Site:
        """The site of a member or item of this value."""
        return Site(self.value[key], (*self.path, key), self.findings, self.language)

    def at(self, path: Path) -> Site:
        """A place elsewhere in the definition, for findings only."""
        return Site(None, path, self.findings)

    def error(
        self,
        message: str,
        code: Code = Code.SCHEMA,
        *,
        key: str | int | None = None,
        at_key: bool = False,
        offset: int = 0,
    ) -> None:
        """Report what refuses the definition; ``key`` names a member that need not exist."""
        path = self.path if key is None else (*self.path, key)
        if key is None and isinstance(self.value, str) and _PLACEHOLDER.fullmatch(self.value):
            self.warn("The placeholder must be replaced before Step Functions can use it", Code.PLACEHOLDER)
        else:
            self.findings.add(Finding(Severity.ERROR, code, message, path, at_key, offset))

    def warn(self, message: str, code: Code, *, key: str | int | None = None, at_key: bool = False) -> None:
        """Report what works, but hardly as it was meant."""
        path = self.path if key is None else (*self.path, key)
        self.findings.add(Finding(Severity.WARNING, code, message, path, at_key))
