"""Where the children of a Map Run get their inputs from: items, one by one or in batches."""

from __future__ import annotations

from typing import Any

from bunsui.asl.limits import MAX_PAYLOAD
from bunsui.asl.payload import dump
from bunsui.asl.states.map_plan import DistributedPlan
from bunsui.asl.states.reader import Batching
from bunsui.asl.strand import Strand


class Source:
    """Items and how far they are used; inputs are made one at a time, when a child starts."""

    __slots__ = ("_batching", "_items", "_plan", "_strand", "_value", "position")

    def __init__(self, plan: DistributedPlan, strand: Strand, value: Any, items: list[Any]) -> None:
        self._plan = plan
        self._strand = strand
        self._value = value
        self._items = items
        self._batching: Batching | None = None
        if plan.batcher is not None:
            self._batching = plan.batcher.evaluate(strand, plan.document(value))
        self.position = 0

    def __len__(self) -> int:
        return len(self._items)

    @property
    def is_empty(self) -> bool:
        """Whether every item has gone to a child."""
        return self.position >= len(self._items)

    def next_input(self) -> tuple[Any, int]:
        """The input of the next child and the number of its items.

        Raises:
            StateFailure: the ItemSelector cannot be evaluated.
        """
        if self._batching is None:
            return self._take(), 1
        batch = self._batch(self._batching)
        return self._input(batch, self._batching), len(batch)

    @staticmethod
    def _input(batch: list[Any], batching: Batching) -> dict[str, Any]:
        value: dict[str, Any] = {"Items": batch}
        if batching.batch_input is not None:
            value["BatchInput"] = batching.batch_input
        return value

    def _take(self) -> Any:
        at = self.position
        item = self._plan.select(self._strand, self._value, at, self._items[at])
        self.position += 1
        return item

    def _batch(self, batching: Batching) -> list[Any]:
        batch: list[Any] = []
        size = 0 if batching.batch_input is None else len(dump(batching.batch_input))
        # Room for the items: no execution takes a larger input, whatever the batcher says.
        room = MAX_PAYLOAD - len(dump(self._input([], batching))) + size + 1
        if batching.max_bytes is not None:
            room = min(room, batching.max_bytes)
        while not self.is_empty and len(batch) != batching.max_items:
            item = self._take()
            size += len(dump(item)) + 1
            if batch and size > room:
                self.position -= 1
                break
            batch.append(item)
        return batch
