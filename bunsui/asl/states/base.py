"""What all states share: entering, leaving, Retry and Catch."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bunsui.asl.dataflow import Dataflow, assign_of, compile_dataflow
from bunsui.asl.errors import StateFailure
from bunsui.asl.payload import encode
from bunsui.asl.retry import Retrier, compile_retrier
from bunsui.asl.strand import Engine, Strand
from bunsui.asl.template import jsonata_template

Spec = Mapping[str, Any]


class State:
    """A compiled state. ``next`` is None where the state ends its strand; it is linked after compilation."""

    catchable = False
    parameters = "Parameters"

    __slots__ = (
        "catchers",
        "dataflow",
        "entered",
        "exited",
        "kind",
        "language",
        "name",
        "next",
        "retriers",
        "spec",
    )

    def __init__(self, name: str, spec: Spec, language: str) -> None:
        self.name = name
        self.spec = spec
        self.language = language
        self.kind: str = spec["Type"]
        self.entered = f"{self.kind}StateEntered"
        self.exited = f"{self.kind}StateExited"
        self.next: State | None = None
        self.dataflow: Dataflow = self.compile_data()
        self.retriers: list[Retrier] = [compile_retrier(one) for one in spec.get("Retry") or ()]
        self.catchers: list[Catcher] = [Catcher(one, language) for one in spec.get("Catch") or ()]

    def compile_data(self) -> Dataflow:
        """The data fields of this type."""
        return compile_dataflow(
            self.spec, self.language, parameters=self.parameters, catchable=self.catchable
        )

    def link(self, states: Mapping[str, State]) -> None:
        """Replace the names of following states by the states."""
        following = self.spec.get("Next")
        self.next = None if following is None else states[following]
        for catcher in self.catchers:
            catcher.next = states[catcher.target]

    def run(self, execution: Engine, strand: Strand) -> None:
        """Enter the state and go as far as it can go without waiting.

        Raises:
            StateFailure: handled by Retry and Catch of this state.
        """
        raise NotImplementedError

    def again(self, execution: Engine, strand: Strand) -> None:
        """Try once more after a Retry, or on a redrive; without a new StateEntered."""
        raise NotImplementedError

    def succeed(self, execution: Engine, strand: Strand, result: Any) -> None:
        """Leave a state that holds other strands, with what came of them.

        Raises:
            StateFailure: the result is too large, or its data flow fails.
        """
        text = encode(result, self.name)
        execution.record(strand, f"{self.kind}StateSucceeded")
        output, assigned = self.dataflow.output(strand, strand.value, result)
        execution.leave(strand, self.next, output, assigned, text if output is result else None)

    def failed(self, execution: Engine, strand: Strand) -> None:
        """Record that no retry is left, where the type has an event for that."""

    def aborted(self, execution: Engine, strand: Strand) -> None:
        """Record that the state was ended from outside, where the type has an event for that."""

    def redrive(self, execution: Engine, strand: Strand) -> None:
        """Go on after the execution ended in this state."""
        execution.ready(strand)


class Catcher:
    """One entry of Catch."""

    __slots__ = ("_assign", "_output", "dataflow", "errors", "next", "target")

    def __init__(self, spec: Spec, language: str) -> None:
        self.errors = frozenset(spec.get("ErrorEquals", ()))
        self.target: str = spec["Next"]
        self.next: State | None = None
        self.dataflow: Dataflow | None = None
        self._output = self._assign = None
        if language != "JSONata":
            self.dataflow = compile_dataflow(spec, language, parameters="")
        else:
            self._output = jsonata_template(spec["Output"], "Catch/Output") if "Output" in spec else None
            self._assign = jsonata_template(assign_of(spec), "Catch/Assign") if "Assign" in spec else None

    def output(self, strand: Strand, failure: StateFailure) -> tuple[Any, dict[str, Any] | None]:
        """What leaves the state: its output and the variables to assign."""
        caught = {"Error": failure.error, "Cause": failure.cause}
        # A timeout has no cause in its event, and an empty one in what a Catch gets.
        if failure.error == "States.Timeout" and failure.cause is None:
            caught["Cause"] = ""
        if self.dataflow is not None:
            return self.dataflow.output(strand, strand.value, caught)
        states = {"input": strand.value, "errorOutput": caught}
        assigned = None if self._assign is None else self._assign(strand, states)
        return (caught if self._output is None else self._output(strand, states)), assigned
