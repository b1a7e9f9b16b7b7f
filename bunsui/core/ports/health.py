"""What a backend can say about its own health."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol


class Grade(StrEnum):
    """How a check came out."""

    OK = "ok"
    WARNING = "warning"
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One thing that was really tried. `fix` says what to do where it is not ok."""

    name: str
    grade: Grade
    message: str
    fix: str = ""


class Health(Protocol):
    """What a backend tries: its data directory, database, worker, Python, disk, the project's environment."""

    async def checks(self, project: str) -> list[Check]:
        """All checks, with `project` as the folder of handlers. Never raises for what a check found."""
        ...
