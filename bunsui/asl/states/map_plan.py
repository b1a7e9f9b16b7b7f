"""The definition of a distributed Map, compiled."""

from __future__ import annotations

from bunsui.asl.states.base import Spec
from bunsui.asl.states.map_inline import Map
from bunsui.asl.states.reader import Batcher, Reader, Tolerated
from bunsui.asl.states.writer import Writer
from bunsui.asl.strand import Program


class DistributedPlan(Map):
    """A Map state whose iterations are executions of ``machine``."""

    __slots__ = ("batcher", "label", "machine", "reader", "tolerated", "writer")

    def __init__(self, name: str, spec: Spec, language: str, machine: Program) -> None:
        super().__init__(name, spec, language)
        self.machine = machine
        self.label: str | None = spec.get("Label")
        self.reader = Reader(spec["ItemReader"], language) if "ItemReader" in spec else None
        self.batcher = Batcher(spec["ItemBatcher"], language) if "ItemBatcher" in spec else None
        self.writer = Writer(spec["ResultWriter"], language) if "ResultWriter" in spec else None
        self.tolerated = Tolerated(spec, language)
