"""Parallel: all branches at once; its result is the array of their outputs."""

from __future__ import annotations

from typing import Any

from bunsui.asl.payload import encode
from bunsui.asl.states.base import Spec, State
from bunsui.asl.states.join import Join
from bunsui.asl.strand import Engine, Strand


class Parallel(State):
    """A Parallel state; ``branches`` are the first states, linked when the machine is compiled."""

    catchable = True

    __slots__ = ("branches",)

    def __init__(self, name: str, spec: Spec, language: str, branches: list[State]) -> None:
        super().__init__(name, spec, language)
        self.branches = branches

    def run(self, execution: Engine, strand: Strand) -> None:
        execution.enter(strand)
        self.again(execution, strand)

    def again(self, execution: Engine, strand: Strand) -> None:
        arguments = self.dataflow.arguments(strand, strand.value)
        execution.record(strand, "ParallelStateStarted")
        Branches(execution, strand, self, arguments).begin()

    def failed(self, execution: Engine, strand: Strand) -> None:
        execution.record(strand, "ParallelStateFailed")

    def aborted(self, execution: Engine, strand: Strand) -> None:
        execution.record(strand, "ParallelStateAborted")

    def redrive(self, execution: Engine, strand: Strand) -> None:
        redrive_join(self, execution, strand)


def redrive_join(state: State, execution: Engine, strand: Strand) -> None:
    """Redrive the children that there are, or begin anew where there are none."""
    if isinstance(strand.pending, Join) and strand.pending.children:
        strand.pending.redrive()
    else:
        execution.attempt(strand, state.again)


class Branches(Join):
    """The branches of one Parallel. Its Catch may name the error of the branch, or States.BranchFailed."""

    failure_names = ("States.BranchFailed",)

    __slots__ = ("_arguments", "_states", "_text")

    def __init__(self, execution: Engine, parent: Strand, state: Parallel, arguments: Any) -> None:
        super().__init__(execution, parent, state, len(state.branches))
        self._states = state.branches
        self._arguments = arguments
        self._text = parent.text if arguments is parent.value else encode(arguments, state.name)

    def fill(self) -> None:
        if self.children or self.done:
            return
        parent = self.parent
        for index, first in enumerate(self._states):
            child = self.child(first, index, self._arguments, self._text)
            child.item = parent.item
            self.execution.ready(child)
