"""Pipelines: a named DAG of jobs with typed parameters."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field

from bunsui.core.models.base import JsonValue, Model
from bunsui.core.models.pipeline.job import Job
from bunsui.core.models.pipeline.parameter import Parameter
from bunsui.core.models.pipeline.retry import Retry
from bunsui.core.models.pipeline.values import Count, Id, Seconds

__all__ = ["DEFAULT_TIMEOUT", "Defaults", "OnFailure", "Pipeline"]

DEFAULT_TIMEOUT = 86_400
"""Seconds that an operation may take where nothing else is said: one day."""


class OnFailure(StrEnum):
    """What a failed job means for jobs that do not depend on it."""

    CONTINUE = "continue"
    STOP = "stop"


class Defaults(Model):
    """What jobs take that do not say otherwise."""

    timeout: Seconds | None = None
    retry: Retry | None = None


class Pipeline(Model):
    """A pipeline as written; `bunsui` is the version of the format.

    `output` (template) is the output of a run. Building one checks shapes and types;
    `bunsui.core.pipeline.check` also checks what the parts say about each other.
    """

    bunsui: Literal[1] = 1
    name: Id
    description: str = ""
    params: dict[Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]{0,63}$")], Parameter] = {}
    defaults: Defaults = Defaults()
    max_concurrency: Count | None = None
    on_failure: OnFailure = OnFailure.CONTINUE
    jobs: Annotated[dict[Id, Job], Field(min_length=1)]
    output: JsonValue = None

    def retry_of(self, job: str) -> Retry | None:
        """The retry in force for a job: its own, else the default; None for none."""
        own = self.jobs[job].retry
        return self.defaults.retry if own is None else own

    def timeout_of(self, job: str) -> int:
        """Seconds that each operation of a job may take."""
        return self.jobs[job].timeout or self.defaults.timeout or DEFAULT_TIMEOUT
