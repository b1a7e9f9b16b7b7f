"""Map in distributed mode: child executions in a Map Run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bunsui.asl.effects import ReadItems
from bunsui.asl.states.base import Spec
from bunsui.asl.states.map_inline import Map
from bunsui.asl.states.map_run import MapRun
from bunsui.asl.states.reader import Batcher, Reader, Tolerated
from bunsui.asl.states.writer import Writer
from bunsui.asl.strand import Strand

if TYPE_CHECKING:
    from bunsui.asl.execution import Execution
    from bunsui.asl.machine import Machine


class DistributedMap(Map):
    """A Map state whose iterations are executions of ``machine``."""

    __slots__ = ("batcher", "label", "machine", "reader", "tolerated", "writer")

    def __init__(self, name: str, spec: Spec, language: str, machine: Machine) -> None:
        super().__init__(name, spec, language, None)
        self.machine = machine
        self.label: str | None = spec.get("Label")
        self.reader = Reader(spec["ItemReader"], language) if "ItemReader" in spec else None
        self.batcher = Batcher(spec["ItemBatcher"], language) if "ItemBatcher" in spec else None
        self.writer = Writer(spec["ResultWriter"], language) if "ResultWriter" in spec else None
        self.tolerated = Tolerated(spec, language)

    def again(self, execution: Execution, strand: Strand) -> None:
        value = self.dataflow.arguments(strand, strand.value)
        items = None if self.reader is not None else self.items(strand, value)
        limit = self.concurrency(strand, value)
        tolerance = self.tolerated.evaluate(strand, self.document(value))
        execution.record(strand, "MapStateStarted", {"length": len(items or ())})
        run = MapRun(execution, strand, self, value, limit, tolerance)
        run.begin()
        if self.reader is None:
            run.use(items or [])
            return
        parameters, config = self.reader.request(strand, self.document(value))
        run.read(ReadItems(run.id, self.reader.resource, parameters, config))

    def redrive(self, execution: Execution, strand: Strand) -> None:
        if isinstance(strand.pending, MapRun) and strand.pending.has_items:
            strand.pending.redrive()
        else:
            execution.attempt(strand, self.again)
