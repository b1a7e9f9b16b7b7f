"""Map in inline mode, and what both modes of Map share: items, selectors, concurrency."""

from __future__ import annotations

from typing import Any

from bunsui.asl.dataflow import Dataflow, as_number, compile_dataflow, number_field
from bunsui.asl.errors import StateFailure
from bunsui.asl.failures import runtime, text_of, unexpected_type
from bunsui.asl.limits import INLINE_CONCURRENCY
from bunsui.asl.payload import encode
from bunsui.asl.states.base import Spec, State
from bunsui.asl.states.join import Join
from bunsui.asl.states.parallel import redrive_join
from bunsui.asl.strand import Engine, Strand
from bunsui.asl.template import (
    Build,
    is_expression,
    jsonata_template,
    jsonata_value,
    jsonpath_template,
    path_or_intrinsic,
)


class Map(State):
    """A Map state in inline mode; ``first`` is its processor's first state, set by the compiler."""

    catchable = True
    parameters = "-"

    __slots__ = ("_concurrency", "_items", "_selector", "first")

    first: State

    def __init__(self, name: str, spec: Spec, language: str) -> None:
        super().__init__(name, spec, language)
        self._items = self._compile_items()
        self._selector = self._compile_selector()
        self._concurrency = number_field(spec, "MaxConcurrency", language)

    def compile_data(self) -> Dataflow:
        return compile_dataflow(self.spec, self.language, parameters="-", catchable=True)

    def _compile_items(self) -> Build | None:
        if self.language != "JSONata":
            path = self.spec.get("ItemsPath")
            return None if path is None else path_or_intrinsic(path, "ItemsPath")
        items = self.spec.get("Items")
        if is_expression(items):
            return jsonata_value(items, "Items")
        return None if items is None else jsonata_template(items, "Items")

    def _compile_selector(self) -> Build | None:
        if "ItemSelector" in self.spec:
            if self.language == "JSONata":
                return jsonata_template(self.spec["ItemSelector"], "ItemSelector")
            return jsonpath_template(self.spec["ItemSelector"], "States.ParameterPathFailure")
        parameters = self.spec.get("Parameters")
        if parameters is None or self.language == "JSONata":
            return None
        return jsonpath_template(parameters, "States.ParameterPathFailure")

    def run(self, execution: Engine, strand: Strand) -> None:
        execution.enter(strand)
        self.again(execution, strand)

    def again(self, execution: Engine, strand: Strand) -> None:
        value = self.dataflow.arguments(strand, strand.value)
        items = self.items(strand, value)
        limit = self.concurrency(strand, value) or INLINE_CONCURRENCY
        execution.record(strand, "MapStateStarted", {"length": len(items)})
        Iterations(execution, strand, self, value, items, limit).begin()

    def document(self, value: Any) -> Any:
        """What templates of this state are evaluated against."""
        return {"input": value} if self.language == "JSONata" else value

    def items(self, strand: Strand, value: Any) -> list[Any]:
        """The array to map over."""
        items = value if self._items is None else self._items(strand, self.document(value))
        if isinstance(items, list):
            return items
        raise self._not_iterable(strand, items)

    def _not_iterable(self, strand: Strand, items: Any) -> Exception:
        if self.language == "JSONata" and is_expression(self.spec.get("Items")):
            return unexpected_type(strand, self.spec["Items"][2:-2].strip(), "Items", "array", items)
        path = self.spec.get("ItemsPath", "$")
        reason = f'Reference path "{path}" must point to array.'
        return runtime(strand, reason)

    def concurrency(self, strand: Strand, value: Any) -> int:
        """MaxConcurrency; 0 where there is no limit."""
        if self._concurrency is None:
            return 0
        given = self._concurrency(strand, self.document(value))
        limit = as_number(given)
        if limit is None or limit < 0:
            raise runtime(strand, f"MaxConcurrency must be a non-negative integer but was {text_of(given)}")
        return int(limit)

    def select(self, strand: Strand, value: Any, index: int, item: Any) -> Any:
        """The input of one iteration."""
        if self._selector is None:
            return item
        outer, strand.item = strand.item, (index, item)
        try:
            return self._selector(strand, self.document(value))
        finally:
            strand.item = outer

    def failed(self, execution: Engine, strand: Strand) -> None:
        execution.record(strand, "MapStateFailed")

    def aborted(self, execution: Engine, strand: Strand) -> None:
        execution.record(strand, "MapStateAborted")

    def redrive(self, execution: Engine, strand: Strand) -> None:
        redrive_join(self, execution, strand)


class Iterations(Join):
    """The iterations of one inline Map: at most ``limit`` at once, the next one starts when one ends."""

    __slots__ = ("_items", "_limit", "_map", "_next", "_value")

    def __init__(
        self, execution: Engine, parent: Strand, state: Map, value: Any, items: list[Any], limit: int
    ) -> None:
        super().__init__(execution, parent, state, len(items))
        self._map = state
        self._value = value
        self._items = items
        self._limit = limit
        self._next = 0

    def fill(self) -> None:
        try:
            self._start_some()
        except StateFailure as failure:
            self.abort(record=True)
            self.execution.fail_state(self.parent, failure)

    def _start_some(self) -> None:
        while self._next < self.total and len(self.children) < self._limit:
            index, self._next = self._next, self._next + 1
            self._start(index)

    def _start(self, index: int) -> None:
        state, item = self._map, self._items[index]
        value = state.select(self.parent, self._value, index, item)
        child = self.child(state.first, index, value, encode(value, state.name))
        child.item = (index, item)
        self.child_event(child, "Started")
        self.execution.ready(child)

    def child_event(self, child: Strand, outcome: str) -> None:
        details = {"name": self.state.name, "index": child.index}
        self.execution.record(child, f"MapIteration{outcome}", details)
