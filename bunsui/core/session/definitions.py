"""Definitions as they were kept, read back once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bunsui.core.models.pipeline import ParameterType, Pipeline
from bunsui.core.models.pipeline_version import PipelineVersion
from bunsui.core.pipeline.dag import Dag
from bunsui.core.ports.store import PipelineRecords
from bunsui.errors import StoreCorrupt

_REMEMBERED = 64


@dataclass(frozen=True, slots=True)
class Definition:
    """A pipeline of a known version with its DAG."""

    hash: str
    pipeline: Pipeline
    dag: Dag

    @property
    def secrets(self) -> frozenset[str]:
        """Names of the parameters that hold references to secrets."""
        params = self.pipeline.params.items()
        return frozenset(name for name, param in params if param.type is ParameterType.SECRET)


def definition_of(version: PipelineVersion) -> Definition:
    """Read a kept version. Raises StoreCorrupt when it is no pipeline any more."""
    kept: Any = version.definition
    try:
        pipeline = Pipeline.model_validate(kept)
    except ValueError as exc:
        raise StoreCorrupt(
            f"The kept definition {version.hash[:12]} of pipeline {version.name} cannot be read: {exc}",
            next_steps=["Register the pipeline again, or rerun with --definition current."],
        ) from exc
    return Definition(version.hash, pipeline, Dag(pipeline))


class Definitions:
    """Remembers versions that have been read; a version never changes."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, str], Definition] = {}

    async def get(self, pipelines: PipelineRecords, name: str, hash: str) -> Definition:
        """The definition of that version. Raises NotFound, StoreCorrupt."""
        known: Mapping[tuple[str, str], Definition] = self._known
        if found := known.get((name, hash)):
            return found
        read = definition_of(await pipelines.version(name, hash))
        if len(self._known) >= _REMEMBERED:
            self._known.pop(next(iter(self._known)))
        self._known[name, hash] = read
        return read
