"""Joins: the strands of a Parallel state or an inline Map, and what becomes of them."""

from __future__ import annotations

from typing import Any, ClassVar

from bunsui.asl.errors import StateFailure
from bunsui.asl.states.base import State
from bunsui.asl.strand import Engine, Pending, Phase, Strand


class Join(Pending):
    """The children of one strand. The first that fails ends the others.

    Subclasses start children and record their events.
    """

    failure_names: ClassVar[tuple[str, ...]] = ()

    __slots__ = ("children", "done", "execution", "parent", "results", "started_id", "state", "total")

    def __init__(self, execution: Engine, parent: Strand, state: State, total: int) -> None:
        self.execution = execution
        self.parent = parent
        self.state = state
        self.total = total
        self.done = 0
        self.results: list[Any] = [None] * total
        self.children: dict[int, Strand] = {}
        self.started_id = 0

    def child(self, first: State, index: int, value: Any, text: str) -> Strand:
        """A new child that begins at ``first``."""
        child = Strand(self.execution, first, value, text)
        child.variables = self.parent.variables
        child.join = self
        child.index = index
        child.last_id = self.started_id
        self.children[index] = child
        return child

    def begin(self) -> None:
        """Start the first children; an empty join ends at once."""
        self.parent.phase = Phase.WAITING
        self.parent.pending = self
        self.started_id = self.parent.last_id
        if self.total == 0:
            self._complete()
        else:
            self.fill()

    def fill(self) -> None:
        """Start as many children as may run now."""
        raise NotImplementedError

    def child_event(self, child: Strand, outcome: str) -> None:
        """Record the end of a child, where the state type has an event for that."""

    def child_done(self, child: Strand) -> None:
        """A child reached its end."""
        self.child_event(child, "Succeeded")
        self.results[child.index] = child.value
        del self.children[child.index]
        self.done += 1
        # What follows the join follows the child that ended last.
        self.parent.last_id = child.last_id
        if self.done == self.total:
            self._complete()
        else:
            self.fill()

    def child_failed(self, child: Strand, failure: StateFailure) -> None:
        """A child failed and nothing inside caught it."""
        self.child_event(child, "Failed")
        self.parent.last_id = child.last_id
        self.abort(record=True)
        passed_on = StateFailure(failure.error, failure.cause, aliases=self.failure_names)
        self.execution.fail_state(self.parent, passed_on)

    def _complete(self) -> None:
        state, results = self.state, self.results
        self.execution.resume(
            self.parent, lambda execution, strand: state.succeed(execution, strand, results)
        )

    def strands(self) -> list[Strand]:
        return list(self.children.values())

    def abort(self, *, record: bool) -> None:
        for child in self.children.values():
            if child.phase not in (Phase.RUNNING, Phase.WAITING):
                continue
            self.execution.abort_strand(child, record=record)
            if record:
                self.child_event(child, "Aborted")

    def redrive(self) -> None:
        """Run the children that failed or were aborted from where they stood; results of others stay."""
        self.parent.phase = Phase.WAITING
        for child in list(self.children.values()):
            # A child may fail at once, and end the others and the state with it.
            if self.parent.pending is not self or self.parent.phase is not Phase.WAITING:
                return
            child.attempts = None
            child.retry_count = 0
            child.phase = Phase.RUNNING
            self.execution.redrive(child)
        if self.parent.pending is self and self.parent.phase is Phase.WAITING:
            self.fill()
