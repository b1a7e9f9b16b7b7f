"""Map in distributed mode: child executions in a Map Run."""

from __future__ import annotations

from bunsui.asl.effects import ReadItems
from bunsui.asl.states.map_plan import DistributedPlan
from bunsui.asl.states.map_run import MapRun
from bunsui.asl.strand import Engine, Strand


class DistributedMap(DistributedPlan):
    """A Map state in distributed mode."""

    __slots__ = ()

    def again(self, execution: Engine, strand: Strand) -> None:
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

    def redrive(self, execution: Engine, strand: Strand) -> None:
        if isinstance(strand.pending, MapRun) and strand.pending.has_items:
            strand.pending.redrive()
        else:
            execution.attempt(strand, self.again)
