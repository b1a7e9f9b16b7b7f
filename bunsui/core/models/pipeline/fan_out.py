"""Mapping a job over items."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from pydantic import Field, Strict

from bunsui.core.models.base import JsonValue, Model
from bunsui.core.models.pipeline.values import Count, Fraction

__all__ = ["MapMode", "MapSpec"]


class MapMode(StrEnum):
    """Inline in the history of the run, or as child executions."""

    INLINE = "inline"
    DISTRIBUTED = "distributed"


class MapSpec(Model):
    """Runs the operations of a job once per item.

    `items` (template) gives a list; `key` (expression over `$item`) the identity of an item, by
    default its hash. `batch` items go into one call. Tolerated failures count items.
    """

    items: JsonValue
    key: str | None = None
    max_concurrency: Count | None = None
    batch: Count | None = None
    tolerated_failure_percentage: Fraction | None = None
    tolerated_failure_count: Annotated[int, Strict(), Field(ge=0)] | None = None
    mode: MapMode = MapMode.INLINE
