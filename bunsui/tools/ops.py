"""Tools about the installation itself."""

from __future__ import annotations

from collections import Counter
from typing import Annotated, Literal

from pydantic import Field

from bunsui.core.models.base import Model
from bunsui.core.models.plan import Effect
from bunsui.core.ports.health import Check, Grade
from bunsui.errors import StoreError
from bunsui.tools.context import ToolContext
from bunsui.tools.fields import Positional
from bunsui.tools.text import line
from bunsui.tools.tool import Input, Output, Tool


class DoctorInput(Input):
    """What to look at."""

    project: Annotated[
        str,
        Field(description="Folder of the pipelines and handlers.", max_length=4_096),
        Positional("FOLDER"),
    ] = "."


class CheckLine(Model):
    """One check that was really made."""

    name: str
    grade: Grade
    message: str
    fix: str


class Diagnosis(Output):
    """All checks, the worst first. `ok`: none failed."""

    schema_name: Literal["bunsui.doctor/1"] = Field("bunsui.doctor/1", alias="schema")
    ok: bool
    checks: tuple[CheckLine, ...]

    @property
    def headline(self) -> str:
        count = Counter(check.grade for check in self.checks)
        return ", ".join(f"{count[grade]} {grade}" for grade in Grade if count[grade])


_WORST_FIRST = {Grade.FAILED: 0, Grade.WARNING: 1, Grade.OK: 2}


async def _doctor(context: ToolContext, input: DoctorInput) -> Diagnosis:
    checks = [*await context.ports.health.checks(input.project), *await _held(context)]
    ordered = sorted(checks, key=lambda check: _WORST_FIRST[check.grade])
    ok = all(check.grade is not Grade.FAILED for check in checks)
    return Diagnosis(ok=ok, checks=tuple(map(_line, ordered)))


async def _held(context: ToolContext) -> list[Check]:
    """Maintenance, in which all works and nothing begins. That a database cannot be read is told already."""
    try:
        found = await context.ports.store.limits.maintenance(context.profile.name)
    except StoreError:
        return []
    if found is None or not found.on:
        return []
    message = f"since {found.at:%Y-%m-%d %H:%M} UTC, by {line(found.by, 60)}: nothing begins in this profile"
    return [Check(name="maintenance", grade=Grade.WARNING, message=message, fix="bunsui ops maintenance off")]


def _line(check: Check) -> CheckLine:
    return CheckLine(name=check.name, grade=check.grade, message=line(check.message), fix=check.fix)


DOCTOR = Tool(
    name="ops_doctor",
    title="Check the installation",
    summary="Check that bunsui can work here.",
    description="Really tries what bunsui needs: data directory, database, worker, Python, disk space, the "
    "project's environment. Use it first when something outside a pipeline seems broken.",
    effect=Effect.READ,
    input=DoctorInput,
    output=Diagnosis,
    handler=_doctor,
)
