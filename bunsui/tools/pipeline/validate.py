"""The tool that validates definitions offline."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from bunsui.core.models.plan import Effect
from bunsui.tools.context import Progress, ToolContext
from bunsui.tools.fields import Flag, Positional
from bunsui.tools.pipeline.checks import FileCheck, check_file
from bunsui.tools.pipeline.files import definitions
from bunsui.tools.pipeline.source import check_reference
from bunsui.tools.tool import Input, Output, Tool


class ValidateInput(Input):
    """What to check, and for which backend."""

    paths: Annotated[list[str], Positional("PATH")] = Field(
        description="Files, or folders whose pipelines and state machines are all checked.",
        min_length=1,
        max_length=200,
    )
    target: Annotated[Literal["local", "aws"] | None, Flag("for")] = Field(
        default=None, description="Backend whose limits and rules are added; default the profile's."
    )
    type: Literal["STANDARD", "EXPRESS"] = Field(
        default="STANDARD", description="Type of workflow that state machines are checked for."
    )
    limit: int = Field(default=200, description="Most findings to return.", ge=1, le=5_000)


class Validated(Output):
    """Every definition with its findings, the invalid ones first. `valid`: no error anywhere."""

    schema_name: Literal["bunsui.validation/1"] = Field("bunsui.validation/1", alias="schema")
    valid: bool
    target: Literal["local", "aws"]
    errors: int
    warnings: int
    files: tuple[FileCheck, ...]
    complete: bool

    @property
    def headline(self) -> str:
        bad = sum(not file.valid for file in self.files)
        found = f"{self.errors} error(s), {self.warnings} warning(s)"
        return f"{bad} of {len(self.files)} definition(s) invalid: {found}" if bad else f"valid: {found}"


async def _validate(context: ToolContext, input: ValidateInput) -> Validated:
    target = input.target or context.ports.backend
    files: list[str] = []
    for path in input.paths:
        check_reference(context, path)
        files += definitions(path)
    checks: list[FileCheck] = []
    for file in dict.fromkeys(files):
        # In this thread: a compiled JSONata expression belongs to the thread that made it.
        checks.append(check_file(file, target, input.type))
        await context.emit(Progress(message=f"{file} checked", done=len(checks), total=len(files)))
    return _document(sorted(checks, key=lambda check: check.valid), target, input.limit)


def _document(checks: list[FileCheck], target: Literal["local", "aws"], limit: int) -> Validated:
    severities = [finding.severity for check in checks for finding in check.findings]
    shown, left = list[FileCheck](), limit
    for check in checks:
        shown.append(check.model_copy(update={"findings": check.findings[:left]}))
        left -= len(shown[-1].findings)
    return Validated(
        valid=all(check.valid for check in checks),
        target=target,
        errors=severities.count("error"),
        warnings=severities.count("warning"),
        files=tuple(shown),
        complete=len(severities) <= limit,
    )


VALIDATE = Tool(
    name="pipeline_validate",
    title="Validate definitions",
    summary="Check definitions offline.",
    description="Checks pipelines and Amazon States Language definitions without running anything: every "
    "finding of every file in one pass, with line, column, key and the nearest valid key.",
    effect=Effect.READ,
    input=ValidateInput,
    output=Validated,
    handler=_validate,
)
