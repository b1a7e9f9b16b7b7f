"""A strand: one line of states that runs through a machine, a branch or an iteration."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from bunsui.asl.execution import Execution
    from bunsui.asl.states.base import State
    from bunsui.asl.states.join import Join


class Phase(Enum):
    """Where a strand stands."""

    RUNNING = "running"
    WAITING = "waiting"
    DONE = "done"
    FAILED = "failed"
    ABORTED = "aborted"


class Strand:
    """Position, value and variables of one line of execution.

    ``value`` is the input of the state that it is in, ``text`` the same as JSON. ``variables`` is never
    changed in place, so that branches can share it. ``pending`` is what the state waits for.
    """

    __slots__ = (
        "attempts",
        "entered_at",
        "entered_id",
        "execution",
        "index",
        "item",
        "join",
        "last_id",
        "pending",
        "phase",
        "retry_count",
        "state",
        "text",
        "token",
        "value",
        "variables",
    )

    def __init__(
        self,
        execution: Execution,
        state: State,
        value: Any,
        text: str,
        *,
        variables: dict[str, Any],
        join: Join | None = None,
        index: int = 0,
        item: tuple[int, Any] | None = None,
        last_id: int = 0,
    ) -> None:
        self.execution = execution
        self.state = state
        self.value = value
        self.text = text
        self.variables = variables
        self.join = join
        self.index = index
        self.item = item
        self.last_id = last_id
        self.entered_id = 0
        self.entered_at = 0.0
        self.attempts: dict[int, int] | None = None
        self.retry_count = 0
        self.token: str | None = None
        self.pending: Pending | None = None
        self.phase = Phase.RUNNING

    def context(self) -> dict[str, Any]:
        """The context object (``$$``, ``$states.context``)."""
        return self.execution.context(self)


class Pending:
    """What a waiting strand waits for."""

    __slots__ = ()

    def abort(self) -> None:
        """Give up: cancel timers, tasks and children."""
        raise NotImplementedError
