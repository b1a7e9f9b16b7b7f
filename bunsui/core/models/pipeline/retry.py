"""When and how often an operation is tried again."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from pydantic import Field, Strict

from bunsui.core.models.base import Model
from bunsui.core.models.pipeline.values import Seconds, Text

__all__ = ["Jitter", "Retry"]


class Jitter(StrEnum):
    """Whether waits are drawn between 0 and the computed wait."""

    NONE = "none"
    FULL = "full"


class Retry(Model):
    """Retry with exponential waits, as a Retrier of the Amazon States Language.

    `max_attempts` counts the tries after the first one: 0 never tries again.
    """

    max_attempts: Annotated[int, Strict(), Field(ge=0, le=99_999_999)] = 3
    interval: Seconds = 1
    backoff: Annotated[float, Strict(), Field(ge=1)] = 2.0
    max_delay: Annotated[Seconds, Field(lt=31_622_400)] | None = None
    jitter: Jitter = Jitter.NONE
    errors: Annotated[tuple[Text, ...], Field(min_length=1)] = ("States.ALL",)
