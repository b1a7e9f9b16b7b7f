"""What carries out state machines."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from bunsui.core.models.base import JsonValue
from bunsui.core.models.payload import Failure


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineStart:
    """An execution to start. `name` makes it idempotent: the same name and input again is no new start.

    `context` says which session, run and attempt it belongs to, for runners and reconcile.
    """

    name: str
    definition: JsonValue
    input: JsonValue
    session_id: str
    run_id: str
    attempt: int


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineExecution:
    """State of an execution. `status` is one of AWS's: RUNNING, SUCCEEDED, FAILED, TIMED_OUT, ABORTED."""

    name: str
    status: str
    failure: Failure | None = None


class Engine(Protocol):
    """Runs state machines durably; survives its callers."""

    async def start(self, start: EngineStart) -> None:
        """Start, durably and idempotently by name. Raises Conflict for the same name with another input."""
        ...

    async def stop(self, name: str, failure: Failure) -> None:
        """Ask for an abort; running operations are ended. An ended execution is left alone."""
        ...

    async def describe(self, name: str) -> EngineExecution | None:
        """State of an execution, None if there is none."""
        ...

    async def task_succeeded(self, token: str, output: JsonValue) -> None:
        """Answer a callback token. Raises Conflict when the token has expired or was answered."""
        ...

    async def task_failed(self, token: str, failure: Failure) -> None:
        """Answer a callback token with an error. Raises Conflict as `task_succeeded`."""
        ...

    async def update_map_run(self, name: str, state: str, max_concurrency: int) -> None:
        """Let the distributed Map of a state make so many calls at once from now on.

        A Map that has more calls under way begins no other until it has fewer. An engine that can keeps
        the number for a Map that has not begun, which then takes it where it is larger than its own.
        Raises Conflict where there is no such Map, or not yet.
        """
        ...

    async def revive(self) -> None:
        """Make sure that what is unfinished is being carried on, where that is a process of ours.

        Cheap, safe to call often: whoever waits for a session calls it now and then.
        """
        ...
