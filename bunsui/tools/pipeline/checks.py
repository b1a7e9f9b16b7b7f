"""What is wrong with one definition, a pipeline or a state machine."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any, Literal

from bunsui.asl.validation import Diagnostic, Diagnostics, validate
from bunsui.core.models.base import Model
from bunsui.core.pipeline import Document, Finding, check_backend, load_document, load_pipeline, read_document
from bunsui.errors import DefinitionInvalid, NotFound
from bunsui.tools.text import line

Target = Literal["local", "aws"]
Workflow = Literal["STANDARD", "EXPRESS"]
_STATE_MACHINE = {"States", "StartAt"}


class FindingLine(Model):
    """One finding. Lines and columns count from 1; 0: no place is known. `key` is the way to the value."""

    severity: Literal["error", "warning"]
    line: int
    column: int
    key: str
    message: str
    suggestion: str


class FileCheck(Model):
    """A definition and its findings, errors first. `name` is that of the pipeline."""

    file: str
    kind: Literal["pipeline", "state_machine"]
    name: str | None
    valid: bool
    findings: tuple[FindingLine, ...]


def check_file(path: str, target: Target, type: Workflow = "STANDARD") -> FileCheck:
    """Check a definition as `target` would take it; `type` counts for state machines."""
    if ".py:" in path:
        return _pipeline(path, None, target)
    try:
        document = read_document(Path(path))
    except NotFound as error:
        return _checked(path, "pipeline", None, [FindingLine(**_PLAIN, message=error.message)])
    if isinstance(document.value, dict) and _STATE_MACHINE & document.value.keys():
        return _state_machine(path, type)
    return _pipeline(path, document, target)


_PLACED = ("severity", "line", "column", "key", "message", "suggestion")
_PLAIN: dict[str, Any] = {"severity": "error", "line": 0, "column": 0, "key": "", "suggestion": ""}


def _pipeline(path: str, document: Document | None, target: Target) -> FileCheck:
    try:
        loaded = load_pipeline(path) if document is None else load_document(document)
    except DefinitionInvalid as error:
        return _checked(path, "pipeline", None, _refused(error))
    findings = [*loaded.warnings, *check_backend(loaded.pipeline, target, loaded.document)]
    return _checked(path, "pipeline", loaded.pipeline.name, map(_finding, dict.fromkeys(findings)))


def _refused(error: DefinitionInvalid) -> list[FindingLine]:
    found = error.details.get("findings")
    if not isinstance(found, list):
        return [FindingLine(**_PLAIN, message=error.message)]
    lines = [one for one in found if isinstance(one, dict)]
    return [FindingLine.model_validate({name: one[name] for name in _PLACED}) for one in lines]


def _finding(finding: Finding) -> FindingLine:
    return FindingLine(
        severity="error" if finding.severity == "error" else "warning",
        line=finding.line,
        column=finding.column,
        key=finding.key,
        message=line(finding.message),
        suggestion=finding.suggestion,
    )


def _state_machine(path: str, type: Workflow) -> FileCheck:
    found: Diagnostics = validate(Path(path).read_text(encoding="utf-8-sig"), type=type)
    return _checked(path, "state_machine", None, map(_diagnostic, found))


def _diagnostic(found: Diagnostic) -> FindingLine:
    return FindingLine(
        severity="error" if found.severity == "ERROR" else "warning",
        line=found.line or 0,
        column=found.column or 0,
        key=found.location,
        message=f"{found.code}: {line(found.message)}",
        suggestion="",
    )


def _checked(
    file: str, kind: Literal["pipeline", "state_machine"], name: str | None, findings: Iterable[FindingLine]
) -> FileCheck:
    ordered = sorted(findings, key=lambda one: (one.severity, one.line, one.column))
    valid = not any(one.severity == "error" for one in ordered)
    return FileCheck(file=file, kind=kind, name=name, valid=valid, findings=tuple(ordered))
