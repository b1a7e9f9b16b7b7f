"""What came of a run, and assertions on it whose messages show the path that was taken."""

from __future__ import annotations

import json
from collections.abc import Sequence
from copy import deepcopy
from typing import Any, NoReturn

from bunsui.asl import HistoryEvent
from bunsui.asl.history import History
from bunsui.core.simulation import CallRecord, Simulation, Step, picture, trace

_UNSET: Any = object()


class MachineRun:
    """An execution that ended.

    `calls` are the calls of tasks in their order (`call.task.parameters`, `call.reply`), `objects` the texts
    under `bucket/key` after the run.
    """

    def __init__(self, simulation: Simulation) -> None:
        self.execution = simulation.execution
        self.calls: Sequence[CallRecord] = tuple(simulation.calls)
        self.objects = simulation.objects
        self._children = simulation.children

    @property
    def status(self) -> str:
        """SUCCEEDED, FAILED, TIMED_OUT or ABORTED."""
        return self.execution.status

    @property
    def output(self) -> Any:
        """The output of an execution that succeeded; a copy, so that the definition keeps its own values."""
        return deepcopy(self.execution.output)

    @property
    def error(self) -> str | None:
        """The error of an execution that failed."""
        return self.execution.error

    @property
    def cause(self) -> str | None:
        """The cause of that error."""
        return self.execution.cause

    @property
    def duration(self) -> float:
        """Seconds of virtual time."""
        return self.execution.now - self.execution.record_of_start.started_at

    @property
    def history(self) -> Sequence[HistoryEvent]:
        """The events, as GetExecutionHistory tells them."""
        return self.execution.history

    @property
    def histories(self) -> list[Sequence[HistoryEvent]]:
        """The history, and those of the child executions of distributed maps."""
        return [self.history, *(History(list(child.history)) for child in self._children.values())]

    @property
    def steps(self) -> list[Step]:
        """The states that were visited, as a tree."""
        return trace(self.history)

    @property
    def path(self) -> list[str]:
        """The names of the states in the order they were entered, child executions after their parent."""
        return [
            event.details["name"]
            for history in self.histories
            for event in history
            if event.type.endswith("StateEntered")
        ]

    @property
    def picture(self) -> list[str]:
        """The tree of states, one line each."""
        return picture(self.steps, self.execution.record_of_start.started_at)

    def calls_of(self, name: str) -> list[CallRecord]:
        """The calls of a state, or of a resource."""
        return [call for call in self.calls if name in (call.task.state, call.task.resource)]

    # Assertions

    def assert_succeeded(self, output: Any = _UNSET) -> None:
        """The execution succeeded; with this output, if one is given."""
        __tracebackhide__ = True
        if self.status != "SUCCEEDED":
            self._fail(f"the execution should have succeeded, but it is {self._end()}")
        if output is not _UNSET and self.output != output:
            self._fail(f"the output should be\n  {_json(output)}\nbut is\n  {_json(self.output)}")

    def assert_failed(self, error: str | None = None, cause: str | None = None) -> None:
        """The execution failed; with this error, and a cause that contains `cause`, if they are given."""
        __tracebackhide__ = True
        if self.status not in ("FAILED", "TIMED_OUT", "ABORTED"):
            self._fail(f"the execution should have failed, but it is {self._end()}")
        if error is not None and self.error != error:
            self._fail(f"the error should be {error}, but is {self.error}")
        if cause is not None and cause not in (self.cause or ""):
            self._fail(f"the cause should contain {cause!r}, but is {self.cause!r}")

    def assert_path(self, *names: str) -> None:
        """Exactly these states were entered, in this order."""
        __tracebackhide__ = True
        path = self.path
        if path != list(names):
            at = next(
                (at for at, pair in enumerate(zip(path, names, strict=False)) if pair[0] != pair[1]), -1
            )
            at = min(len(path), len(names)) if at < 0 else at
            got = path[at] if at < len(path) else "the end"
            wanted = names[at] if at < len(names) else "the end"
            self._fail(f"state {at + 1} of the path should be {wanted}, but is {got}")

    def assert_visited(self, *names: str) -> None:
        """All of these states were entered."""
        __tracebackhide__ = True
        missing = [name for name in names if name not in self.path]
        if missing:
            self._fail(f"not visited: {', '.join(missing)}")

    def assert_not_visited(self, *names: str) -> None:
        """None of these states was entered."""
        __tracebackhide__ = True
        visited = [name for name in names if name in self.path]
        if visited:
            self._fail(f"visited, but should not be: {', '.join(visited)}")

    def assert_called(self, name: str, *, times: int | None = None, parameters: Any = _UNSET) -> None:
        """A state or resource was called: at least once, or so many times; once with these parameters."""
        __tracebackhide__ = True
        calls = self.calls_of(name)
        if times is not None and len(calls) != times:
            self._fail(f"{name} should be called {times} times, but was {len(calls)} times")
        if times is None and not calls:
            self._fail(f"{name} was not called")
        if parameters is not _UNSET and all(call.task.parameters != parameters for call in calls):
            shown = "\n".join(f"  {_json(call.task.parameters)}" for call in calls)
            self._fail(f"{name} should be called with\n  {_json(parameters)}\nbut was called with\n{shown}")

    def assert_events(self, *types: str) -> None:
        """The history contains events of these types in this order, others between them."""
        __tracebackhide__ = True
        events = iter(event.type for event in self.history)
        missing = next((kind for kind in types if kind not in events), None)
        if missing is not None:
            self._fail(f"the history has no {missing} where it should: {', '.join(types)}")

    def _end(self) -> str:
        reason = f" with {self.error}: {self.cause}" if self.error else ""
        return f"{self.status}{reason}"

    def _fail(self, message: str) -> NoReturn:
        __tracebackhide__ = True
        tree = "\n".join(f"  {line}" for line in self.picture)
        raise AssertionError(f"{message}\nThe execution is {self._end()}, on this path:\n{tree}")


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, sort_keys=True, default=repr)
