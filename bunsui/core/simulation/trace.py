"""From a history to the tree of states that it tells of."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

from bunsui.asl import HistoryEvent

StepStatus = Literal["running", "succeeded", "caught", "failed", "aborted"]

_ENTERED, _EXITED = "StateEntered", "StateExited"
_ITERATION = "MapIteration"
_NO_END = {"ExecutionStarted", "ExecutionSucceeded", "ExecutionRedriven"}
_HOLDERS_FAILED = {"MapStateFailed", "ParallelStateFailed"}
_ENDS: dict[str, StepStatus] = {"Succeeded": "succeeded", "Failed": "failed", "Aborted": "aborted"}


@dataclass(slots=True, kw_only=True)
class Step:
    """One visit of a state, or one iteration of a Map state (`kind` Iteration, named `[3]`).

    Times are in epoch seconds, `input` and `output` JSON text, `event` the id of the event that began it.
    `tries` counts the calls of a Task; `error` is the last one, also where it was retried or caught.
    """

    name: str
    kind: str
    depth: int
    event: int
    entered_at: float
    status: StepStatus = "running"
    ended_at: float | None = None
    tries: int = 0
    input: str | None = None
    output: str | None = None
    error: str | None = None
    cause: str | None = None


def trace(history: Iterable[HistoryEvent]) -> list[Step]:
    """All steps in the order they began, each followed at once by those inside of it."""
    tracer = Tracer()
    for event in history:
        tracer.take(event)
    return tracer.tree


class Tracer:
    """Makes the tree event by event: each event follows another, and stands in its stack of open steps."""

    def __init__(self) -> None:
        self.steps: list[Step] = []
        self._inside: dict[int | None, list[Step]] = {}
        self._stacks: dict[int, tuple[Step, ...]] = {0: ()}

    def moved(self, event: HistoryEvent) -> Step | None:
        """The step that an event, taken before, began or ended."""
        if event.type.endswith(_ENTERED):
            return self._stacks[event.id][-1]
        if event.type.endswith(_EXITED):
            name, stack = event.details["name"], self._stacks.get(event.previous_id, ())
            return next((step for step in reversed(stack) if step.name == name), None)
        return None

    @property
    def tree(self) -> list[Step]:
        """All steps as they are now, each followed by those inside of it."""
        return list(self._ordered(None))

    def _ordered(self, parent: int | None) -> Iterator[Step]:
        for step in self._inside.get(parent, ()):
            yield step
            yield from self._ordered(step.event)

    def take(self, event: HistoryEvent) -> None:
        """Add an event; they come in the order of the history."""
        stack = self._stacks.get(event.previous_id, ())
        if event.type.endswith(_ENTERED):
            stack = self._enter(event, stack, event.type.removesuffix(_ENTERED), event.details["name"])
        elif event.type == f"{_ITERATION}Started":
            stack = self._enter(event, stack, "Iteration", f"[{event.details.get('index', 0)}]")
        elif event.type.endswith(_EXITED):
            stack = _leave(event, stack)
        elif event.type.startswith(_ITERATION):
            stack = _end_iteration(event, stack)
        elif event.type in _HOLDERS_FAILED:
            stack = _end_holder(event, stack)
        elif event.type.startswith("Execution"):
            self._end(event, stack)
        elif stack:
            _note(event, stack[-1])
        self._stacks[event.id] = stack

    def _enter(self, event: HistoryEvent, stack: tuple[Step, ...], kind: str, name: str) -> tuple[Step, ...]:
        step = Step(name=name, kind=kind, depth=len(stack), event=event.id, entered_at=event.at)
        step.input = event.details.get("input")
        self.steps.append(step)
        self._inside.setdefault(stack[-1].event if stack else None, []).append(step)
        return (*stack, step)

    def _end(self, event: HistoryEvent, stack: tuple[Step, ...]) -> None:
        """The end of the execution ends what is open: with a failure where it came from."""
        if event.type in _NO_END:
            return
        failed = stack if event.type == "ExecutionFailed" else ()
        if failed and failed[-1].error is None:
            _reason(event, failed[-1])
        for step in self.steps:
            if step.status == "running":
                step.status = "failed" if any(step is one for one in failed) else "aborted"
                step.ended_at = event.at


def _leave(event: HistoryEvent, stack: tuple[Step, ...]) -> tuple[Step, ...]:
    name = event.details["name"]
    at = next((at for at in reversed(range(len(stack))) if stack[at].name == name), None)
    if at is None:
        return stack
    step = stack[at]
    step.status = "caught" if step.status == "failed" else "succeeded"
    step.ended_at, step.output = event.at, event.details.get("output")
    return stack[:at]


def _end_iteration(event: HistoryEvent, stack: tuple[Step, ...]) -> tuple[Step, ...]:
    at = next((at for at in reversed(range(len(stack))) if stack[at].kind == "Iteration"), None)
    if at is None:
        return stack
    stack[at].status = _ENDS.get(event.type.removeprefix(_ITERATION), "running")
    stack[at].ended_at = event.at
    return stack[:at]


def _end_holder(event: HistoryEvent, stack: tuple[Step, ...]) -> tuple[Step, ...]:
    """The event follows that of an inner state: it means the innermost Map or Parallel that is still open."""
    kind = event.type.removesuffix("StateFailed")
    open_ones = (at for at, step in enumerate(stack) if step.kind == kind and step.status == "running")
    at = max(open_ones, default=None)
    if at is None:
        return stack
    _note(event, stack[at])
    return stack[: at + 1]


def _note(event: HistoryEvent, step: Step) -> None:
    if event.type.endswith("Scheduled"):
        step.tries += 1
        step.status = "running"
    elif event.type.endswith(("Failed", "TimedOut")):
        step.status = "failed"
        _reason(event, step)
    elif event.type.endswith("Succeeded"):
        step.status = "running"


def _reason(event: HistoryEvent, step: Step) -> None:
    timeout = "States.Timeout" if event.type.endswith("TimedOut") else None
    step.error = event.details.get("error") or timeout
    step.cause = event.details.get("cause")
