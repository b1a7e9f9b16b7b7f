"""One state in the interpreter: an execution that begins in it and is watched until it leaves it."""

from __future__ import annotations

from typing import Any

from bunsui.asl.errors import StateFailure
from bunsui.asl.execution import Execution
from bunsui.asl.items import UnreadableItems, parse_items
from bunsui.asl.machine import Machine
from bunsui.asl.start import ExecutionStart
from bunsui.asl.states.base import State
from bunsui.asl.states.map_distributed import DistributedMap
from bunsui.asl.states.parallel import Parallel
from bunsui.asl.strand import Engine, Node, Strand
from bunsui.asl.test_state.request import Configuration, Mock, Request
from bunsui.asl.test_state.trace import Seen

_EXCEEDED = "The specified tolerated failure threshold was exceeded"


class WatchedExecution(Execution):
    """Starts with the variables, context object and retry count of a request, and ends with its first state.

    ``failure`` is the failure of the state, ``next_state`` where it went on.
    """

    def __init__(self, machine: Machine, start: ExecutionStart, request: Request) -> None:
        super().__init__(machine, start)
        self._request = request
        self.failure: StateFailure | None = None
        self.next_state: str | None = None
        self.variables: dict[str, Any] = request.variables

    def enter(self, strand: Strand) -> None:
        super().enter(strand)
        retries = self._request.configuration.retries
        strand.variables = self._request.variables
        strand.attempts = dict.fromkeys(range(len(strand.state.retriers)), retries)
        strand.retry_count = retries

    def leave(
        self,
        strand: Strand,
        following: Node | None,
        output: Any,
        assigned: dict[str, Any] | None,
        text: str | None = None,
    ) -> None:
        self.next_state = following.name if following is not None else None
        super().leave(strand, None, output, assigned, text)
        self.variables = strand.variables

    def fail_state(self, strand: Strand, failure: StateFailure) -> None:
        self.failure = self.failure or failure
        super().fail_state(strand, failure)

    def context(self, strand: Strand) -> dict[str, Any]:
        given = self._request.context
        return super().context(strand) if given is None else given


class MockedParallel(Parallel):
    """A Parallel state whose branches are not run: the mock gives their results."""

    __slots__ = ("mock", "seen")

    def __init__(self, state: State, mock: Mock, seen: Seen) -> None:
        super().__init__(state.name, state.spec, state.language, [])
        self.mock = mock
        self.seen = seen

    def again(self, execution: Engine, strand: Strand) -> None:
        self.dataflow.arguments(strand, strand.value)
        _settle(execution, strand, self, self.mock)


class MockedMap(DistributedMap):
    """A Map state of either mode whose iterations are not run."""

    __slots__ = ("configuration", "mock", "seen")

    def __init__(
        self, state: State, machine: Machine, mock: Mock, configuration: Configuration, seen: Seen
    ) -> None:
        super().__init__(state.name, state.spec, state.language, machine)
        self.mock = mock
        self.configuration = configuration
        self.seen = seen

    def again(self, execution: Engine, strand: Strand) -> None:
        value = self.dataflow.arguments(strand, strand.value)
        items = self._given_items(strand, value)
        self.seen["afterItemsPath"] = items
        self.seen["maxConcurrency"] = self.concurrency(strand, value)
        tolerance = self.tolerated.evaluate(strand, self.document(value))
        if tolerance.count is not None:
            self.seen["toleratedFailureCount"] = tolerance.count
        if tolerance.percentage is not None:
            self.seen["toleratedFailurePercentage"] = tolerance.percentage
        if self.selects:
            self.seen["afterItemSelector"] = [
                self.select(strand, value, at, item) for at, item in enumerate(items)
            ]
        if not self.mock.fails and tolerance.exceeded(self.configuration.failed_iterations, len(items)):
            raise StateFailure("States.ExceedToleratedFailureThreshold", _EXCEEDED)
        _settle(execution, strand, self, self.mock)

    @property
    def selects(self) -> bool:
        """Whether the inputs of the iterations differ from the items."""
        return "ItemSelector" in self.spec or "Parameters" in self.spec

    def _given_items(self, strand: Strand, value: Any) -> list[Any]:
        if self.reader is None:
            return self.items(strand, value)
        config = self.reader.request(strand, self.document(value)).reader_config
        data = self.configuration.reader_data
        try:
            return [] if data is None else parse_items(data, None, config)
        except UnreadableItems as error:
            raise StateFailure("States.ItemReaderFailed", str(error)) from None


def _settle(execution: Engine, strand: Strand, state: State, mock: Mock) -> None:
    """End the state as its mock says."""
    if mock.fails:
        raise StateFailure(mock.error, mock.cause)
    output, assigned = state.dataflow.output(strand, strand.value, mock.result)
    execution.leave(strand, state.next, output, assigned)
