"""Where operations read their input, leave their output and keep their progress."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from bunsui.core.models.base import JsonValue


@dataclass(frozen=True, slots=True, kw_only=True)
class Slot:
    """One operation of one job or item in one attempt."""

    session_id: str
    run_id: str
    attempt: int
    job: str
    item: str = ""
    operation: int = 0


class Exchange(Protocol):
    """Files (locally) or S3 objects behind `BUNSUI_INPUT` and `BUNSUI_OUTPUT`."""

    async def put_input(self, slot: Slot, value: JsonValue) -> str:
        """Store the input and return its location for `BUNSUI_INPUT`."""
        ...

    def output_location(self, slot: Slot) -> str:
        """The location for `BUNSUI_OUTPUT`."""
        ...

    async def get_output(self, slot: Slot) -> JsonValue:
        """What the operation wrote; None if it wrote nothing. Raises DefinitionInvalid if it is no JSON."""
        ...

    def checkpoints(self, session_id: str, key: str) -> str:
        """Where the work with that key keeps its progress: `BUNSUI_CHECKPOINTS`. It need not exist yet."""
        ...

    async def forget_checkpoints(self, session_id: str, key: str) -> None:
        """Remove the progress of work that is done; nothing happens where there is none."""
        ...
