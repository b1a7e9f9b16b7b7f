"""The start record: all that an execution knows of the world besides its signals."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Self

from bunsui.asl.limits import STEP_BUDGET


@dataclass(frozen=True, slots=True)
class ExecutionStart:
    """Names and input of an execution; ``started_at`` in epoch seconds.

    The same start record and signals give the same effects, history and result: ``seed`` is the only
    source of randomness, and ``budget`` the number of transitions of one step. ``wait_scale`` shortens waits
    and the delays of retries, for tests in real time: 0 takes them out. Timeouts stay as they are.
    """

    arn: str
    name: str
    input: Any
    started_at: float
    state_machine_arn: str = ""
    state_machine_name: str = ""
    role_arn: str = ""
    seed: str = ""
    region: str = "us-east-1"
    budget: int = STEP_BUDGET
    max_events: int | None = None
    wait_scale: float = 1.0
    state_machine_version_arn: str | None = None
    state_machine_alias_arn: str | None = None

    def to_json(self) -> dict[str, Any]:
        """A JSON object."""
        return asdict(self)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """The inverse of :meth:`to_json`."""
        return cls(**data)
