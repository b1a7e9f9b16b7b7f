"""Jobs: the nodes of a pipeline."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated

from pydantic import Field, Strict, model_validator
from pydantic_core import PydanticCustomError

from bunsui.core.models.base import Model
from bunsui.core.models.pipeline.fan_out import MapSpec
from bunsui.core.models.pipeline.operation import KINDS, Operation
from bunsui.core.models.pipeline.retry import Retry
from bunsui.core.models.pipeline.values import Count, Id, Seconds, Text

__all__ = ["Approval", "Job", "Severity"]


class Severity(StrEnum):
    """What a failure of the job means: `warning` is recorded and does not block."""

    ERROR = "error"
    WARNING = "warning"


class Approval(Model):
    """A gate before the operations of a job. `message` may hold `{% %}` anywhere in its text."""

    message: Text
    timeout: Seconds = 86_400


class Job(Model):
    """Operations in order, with what must come before and how they are run.

    One of `lambda`, `ecs`, `step_functions`, `aws` is read as the only operation. `timeout` bounds
    each operation; `when` is an expression; `code` lists globs of further files that count as the
    job's code; `pool` maps names of pools to the units taken. With `cache` a result counts for every
    session in which definition, code, parameters and inputs of the job are the same.
    """

    description: str = ""
    needs: tuple[str, ...] = ()
    operations: Annotated[tuple[Operation, ...], Field(min_length=1)]
    map: MapSpec | None = None
    when: str | None = None
    approval: Approval | None = None
    retry: Retry | None = None
    timeout: Seconds | None = None
    severity: Severity = Severity.ERROR
    code: tuple[Text, ...] = ()
    renamed_from: Id | None = None
    pool: dict[Id, Count] = {}
    cache: Annotated[bool, Strict()] = False

    @model_validator(mode="before")
    @classmethod
    def _shorthand(cls, data: object) -> object:
        if not isinstance(data, Mapping):
            return data
        short = [kind for kind in KINDS if kind in data]
        if not short:
            return data
        if len(short) > 1 or "operations" in data:
            raise PydanticCustomError("operation", "must have one of {kinds}", {"kinds": ", ".join(KINDS)})
        rest = {key: value for key, value in data.items() if key != short[0]}
        return {**rest, "operations": [{short[0]: data[short[0]]}]}
