"""Map in distributed mode: child executions in a Map Run."""

from __future__ import annotations

from dataclasses import replace

from bunsui.asl.states.map_plan import DistributedPlan
from bunsui.asl.states.map_run import MapRun
from bunsui.asl.strand import Engine, Strand


class DistributedMap(DistributedPlan):
    """A Map state in distributed mode."""

    __slots__ = ()

    def again(self, execution: Engine, strand: Strand) -> None:
        value = self.dataflow.arguments(strand, strand.value)
        document = self.document(value)
        request = None if self.reader is None else self.reader.request(strand, document)
        items = [] if self.reader is not None else self.items(strand, value)
        limit = _larger(self.concurrency(strand, value), execution.concurrency.pop(self.name, None))
        tolerance = self.tolerated.evaluate(strand, document)
        execution.record(strand, "MapStateStarted", {"length": len(items)})
        run = MapRun(execution, strand, self, value, limit, tolerance)
        run.begin()
        if request is None:
            run.use(items)
        else:
            run.read(replace(request, read_id=run.id))

    def redrive(self, execution: Engine, strand: Strand) -> None:
        if isinstance(strand.pending, MapRun) and strand.pending.has_items:
            strand.pending.redrive()
        else:
            execution.attempt(strand, self.again)


def _larger(own: int, told: int | None) -> int:
    """The larger limit of a Map's own and one that came before the Map began; 0 is the largest."""
    return own if told is None else 0 if 0 in (own, told) else max(own, told)
