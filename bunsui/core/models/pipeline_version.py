"""Registered versions of pipelines."""

from __future__ import annotations

from datetime import datetime

from bunsui.core.models.base import JsonValue, Record


class PipelineVersion(Record):
    """One version of a pipeline: its canonical definition under the hash of it.

    `definition` is the canonical form, which `bunsui.core.models.pipeline.Pipeline` reads. `project` is
    the folder of its handlers; `source` the file it came from. Starting from a file keeps its version;
    `registered` versions are those that can be started by name.
    """

    name: str
    hash: str
    definition: JsonValue
    project: str
    source: str | None = None
    registered: bool = False
    registered_by: str
    registered_at: datetime
