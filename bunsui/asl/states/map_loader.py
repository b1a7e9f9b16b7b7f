"""Reading the items of a Map Run: one object, a list of objects, or the contents of all listed objects."""

from __future__ import annotations

from collections import deque
from typing import Any

from bunsui.asl.effects import ReadItems
from bunsui.asl.items import max_items, parse_items
from bunsui.asl.signals import ItemsRead

_GET_OBJECT = "arn:aws:states:::s3:getObject"
_FLATTEN = "LOAD_AND_FLATTEN"


class Loader:
    """Takes the answers to read requests until all items are there.

    Raises:
        UnreadableItems: when it is made, if ``MaxItems`` is no positive number.
    """

    __slots__ = ("_first", "_keys", "_limit", "items", "request")

    def __init__(self, request: ReadItems) -> None:
        self.request: ReadItems | None = request
        self.items: list[Any] = []
        self._first = request
        self._limit = max_items(request.reader_config)
        flattens = request.reader_config.get("Transformation") == _FLATTEN
        self._keys: deque[str] | None = deque() if flattens else None

    def take(self, signal: ItemsRead) -> None:
        """Take an answer; ``request`` is then what is to be read next, or None.

        Raises:
            UnreadableItems: the answer is not what the configuration says.
        """
        listing = signal.items is not None and self._keys is not None
        if listing and self.request is self._first:
            self._keys = deque(str(item["Key"]) for item in signal.items or ())
        else:
            self.items += parse_items(signal.body, signal.items, self._first.reader_config)
        self.request = self._next()

    def _next(self) -> ReadItems | None:
        if not self._keys or len(self.items) >= self._limit:
            del self.items[self._limit :]
            return None
        parameters = {"Bucket": self._first.parameters.get("Bucket"), "Key": self._keys.popleft()}
        return ReadItems(self._first.read_id, _GET_OBJECT, parameters, self._first.reader_config)
