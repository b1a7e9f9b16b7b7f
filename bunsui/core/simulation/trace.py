"""From a history to the tree of states that it tells of."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

from bunsui.asl import HistoryEvent

StepStatus = Literal["running", "succeeded", "caught", "failed", "aborted"]

_ENTERED, _EXITED = "StateEntered", "StateExited"
_ITERATION = "MapIteration"
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
    tracer = _Tracer()
    for event in history:
        tracer.take(event)
    return list(tracer.ordered(None))


class _Tracer:
    """Follows the chains of previous events: each stands in a stack of open steps."""

    def __init__(self) -> None:
        self.steps: list[Step] = []
        self._inside: dict[int | None, list[Step]] = {}
        self._stacks: dict[int, tuple[Step, ...]] = {0: ()}

    def ordered(self, parent: int | None) -> Iterator[Step]:
        for step in self._inside.get(parent, ()):
            yield step
            yield from self.ordered(step.event)

    def take(self, event: HistoryEvent) -> None:
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
            self._end(event)
        elif stack:
            _note(event, stack[-1])
        self._stacks[event.id] = stack

    def _enter(self, event: HistoryEvent, stack: tuple[Step, ...], kind: str, name: str) -> tuple[Step, ...]:
        step = Step(name=name, kind=kind, depth=len(stack), event=event.id, entered_at=event.at)
        step.input = event.details.get("input")
        self.steps.append(step)
        self._inside.setdefault(stack[-1].event if stack else None, []).append(step)
        return (*stack, step)

    def _end(self, event: HistoryEvent) -> None:
        """The end of the execution ends what is open; a redrive opens it again where it goes on."""
        if event.type in ("ExecutionStarted", "ExecutionSucceeded", "ExecutionRedriven"):
            return
        for step in self.steps:
            if step.status == "running":
                failed = event.type == "ExecutionFailed" and (step.error is not None or step.kind == "Fail")
                step.status, step.ended_at = ("failed" if failed else "aborted"), event.at
                if step.kind == "Fail":
                    _reason(event, step)


def _leave(event: HistoryEvent, stack: tuple[Step, ...]) -> tuple[Step, ...]:
    name = event.details["name"]
    at = next((at for at in reversed(range(len(stack))) if stack[at].name == name), None)
    if at is None:
        return stack
    step = stack[at]
    step.status = "caught" if step.error is not None and step.status == "failed" else "succeeded"
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
    step.error = event.details.get("error") or timeout or "failed"
    step.cause = event.details.get("cause")
