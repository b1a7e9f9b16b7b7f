"""ItemReader, ItemBatcher and tolerated failures: the parts of a distributed Map's definition."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bunsui.asl.dataflow import as_number, number_field
from bunsui.asl.effects import ReadItems
from bunsui.asl.failures import runtime, text_of
from bunsui.asl.strand import Strand
from bunsui.asl.template import Build, jsonata_template, jsonpath_template

Spec = Mapping[str, Any]


def template(spec: Any, field: str, language: str) -> Build:
    """A template in either query language."""
    return jsonata_template(spec, field) if language == "JSONata" else jsonpath_template(spec)


def object_of(strand: Strand, value: Any, field: str) -> dict[str, Any]:
    """The arguments of a reader or writer.

    Raises:
        StateFailure: they are no object.
    """
    if isinstance(value, dict):
        return value
    raise runtime(strand, f"The arguments of {field} must be an object but were {text_of(value)}")


class Reader:
    """ItemReader."""

    __slots__ = ("_config", "_max_items", "_parameters", "resource")

    def __init__(self, spec: Spec, language: str) -> None:
        config = spec.get("ReaderConfig", {})
        self.resource: str = spec["Resource"]
        parameters = spec.get("Arguments" if language == "JSONata" else "Parameters", {})
        self._parameters = template(parameters, "ItemReader/Arguments", language)
        self._max_items = number_field(config, "MaxItems", language)
        rest = {key: value for key, value in config.items() if key not in ("MaxItems", "MaxItemsPath")}
        self._config = template(rest, "ItemReader/ReaderConfig", language)

    def request(self, strand: Strand, document: Any) -> ReadItems:
        """The request, still without an id; ``MaxItems`` is part of its configuration."""
        parameters = object_of(strand, self._parameters(strand, document), "ItemReader")
        config = dict(self._config(strand, document))
        if self._max_items is not None:
            config["MaxItems"] = self._max_items(strand, document)
        return ReadItems("", self.resource, parameters, config)


@dataclass(frozen=True, slots=True)
class Batching:
    """Evaluated ItemBatcher: at most so many items and bytes for one child."""

    max_items: int | None
    max_bytes: int | None
    batch_input: Any


class Batcher:
    """ItemBatcher."""

    __slots__ = ("_bytes", "_input", "_items")

    def __init__(self, spec: Spec, language: str) -> None:
        self._items = number_field(spec, "MaxItemsPerBatch", language)
        self._bytes = number_field(spec, "MaxInputBytesPerBatch", language)
        given = spec.get("BatchInput")
        self._input = None if given is None else template(given, "ItemBatcher/BatchInput", language)

    def evaluate(self, strand: Strand, document: Any) -> Batching:
        """The limits and the input that every batch gets."""
        return Batching(
            _positive(strand, document, self._items, "MaxItemsPerBatch"),
            _positive(strand, document, self._bytes, "MaxInputBytesPerBatch"),
            None if self._input is None else self._input(strand, document),
        )


def _positive(strand: Strand, document: Any, build: Build | None, field: str) -> int | None:
    if build is None:
        return None
    given = build(strand, document)
    value = as_number(given)
    if value is None or value <= 0:
        raise runtime(strand, f"field {field} must be positive but was {text_of(given)}")
    return int(value)


@dataclass(frozen=True, slots=True)
class Tolerance:
    """How many items may fail; None where that bound is not given."""

    count: int | None
    percentage: float | None

    def exceeded(self, failed: int, total: int) -> bool:
        """Whether so many failed items of so many are too many."""
        if self.count is None and self.percentage is None:
            return failed > 0
        too_many = self.count is not None and failed > self.count
        share = 100 * failed / total if total else 0.0
        return too_many or (self.percentage is not None and share > self.percentage)


class Tolerated:
    """ToleratedFailureCount and ToleratedFailurePercentage, or their paths."""

    __slots__ = ("_count", "_percentage")

    def __init__(self, spec: Spec, language: str) -> None:
        self._count = number_field(spec, "ToleratedFailureCount", language)
        self._percentage = number_field(spec, "ToleratedFailurePercentage", language)

    def evaluate(self, strand: Strand, document: Any) -> Tolerance:
        """The bounds of one run."""
        count = self._number(strand, document, self._count, "ToleratedFailureCount")
        percentage = self._number(strand, document, self._percentage, "ToleratedFailurePercentage")
        if percentage is not None and percentage > 100:
            reason = f"ToleratedFailurePercentage must be between 0 and 100 but was {percentage}"
            raise runtime(strand, reason)
        return Tolerance(None if count is None else int(count), percentage)

    def _number(self, strand: Strand, document: Any, build: Build | None, field: str) -> float | None:
        if build is None:
            return None
        given = build(strand, document)
        value = as_number(given)
        if value is None or value < 0:
            raise runtime(strand, f"{field} must not be negative but was {text_of(given)}")
        return value
