"""The history of an execution: append-only, compact in memory, AWS's shapes on request.

An event is kept as a tuple. State events, which make up most of a history, are
``(type, at, previous, name, payload, assigned)``; all others are ``(type, at, previous, details)``.
Payloads are JSON text, shared by all events that show the same value.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, overload

from bunsui.asl.exact import dump_exact, load_exact

Raw = tuple[Any, ...]

_TRUNCATABLE = {"input": "inputDetails", "output": "outputDetails"}


@dataclass(frozen=True, slots=True)
class HistoryEvent:
    """One event; ``details`` holds the fields of AWS's ``...EventDetails`` without ``inputDetails``."""

    id: int
    type: str
    at: float
    previous_id: int
    details: dict[str, Any]

    def to_aws(self) -> dict[str, Any]:
        """The event as GetExecutionHistory gives it; the timestamp in epoch seconds."""
        out: dict[str, Any] = {
            "timestamp": self.at,
            "type": self.type,
            "id": self.id,
            "previousEventId": self.previous_id,
        }
        key = details_key(self.type)
        if key and self.details:
            out[key] = _with_truncation(self.details)
        return out


def details_key(event_type: str) -> str | None:
    """The name of the member that holds the details of an event of this type."""
    if event_type.endswith("StateEntered"):
        return "stateEnteredEventDetails"
    if event_type.endswith("StateExited"):
        return "stateExitedEventDetails"
    return event_type[0].lower() + event_type[1:] + "EventDetails"


def _with_truncation(details: dict[str, Any]) -> dict[str, Any]:
    out = dict(details)
    for name, extra in _TRUNCATABLE.items():
        if name in out:
            out[extra] = {"truncated": False}
    if "assignedVariables" in out:
        out["assignedVariablesDetails"] = {"truncated": False}
    return out


def _event(event_id: int, raw: Raw) -> HistoryEvent:
    kind, at, previous = raw[:3]
    # Four fields: any event but those that enter and leave states.
    if len(raw) == 4:
        return HistoryEvent(event_id, kind, at, previous, dict(raw[3]))
    name, payload, assigned = raw[3:]
    details: dict[str, Any] = {"name": name}
    if payload is not None:
        details["input" if kind.endswith("Entered") else "output"] = payload
    if assigned:
        details["assignedVariables"] = dict(assigned)
    return HistoryEvent(event_id, kind, at, previous, details)


class History(Sequence[HistoryEvent]):
    """A sequence of events; the event at index ``i`` has the id ``i + 1``."""

    __slots__ = ("raw",)

    def __init__(self, raw: list[Raw] | None = None) -> None:
        self.raw: list[Raw] = [] if raw is None else raw

    def __len__(self) -> int:
        return len(self.raw)

    @overload
    def __getitem__(self, index: int) -> HistoryEvent: ...
    @overload
    def __getitem__(self, index: slice) -> list[HistoryEvent]: ...
    def __getitem__(self, index: int | slice) -> HistoryEvent | list[HistoryEvent]:
        if isinstance(index, slice):
            return [self[at] for at in range(*index.indices(len(self.raw)))]
        at = index if index >= 0 else len(self.raw) + index
        return _event(at + 1, self.raw[at])

    def __iter__(self) -> Iterator[HistoryEvent]:
        return (_event(at, raw) for at, raw in enumerate(self.raw, 1))

    def types(self) -> list[str]:
        """The types of all events, in order."""
        return [raw[0] for raw in self.raw]

    def encode(self, start: int = 0) -> bytes:
        """The events from index ``start`` on as compact bytes, for a store."""
        return dump_exact(self.raw[start:])

    @staticmethod
    def decode(*chunks: bytes) -> History:
        """The history whose chunks :meth:`encode` gave, in order."""
        return History([tuple(raw) for chunk in chunks for raw in load_exact(chunk)])
