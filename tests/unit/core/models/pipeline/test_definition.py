"""Which timeout and retry are in force for a job."""

from __future__ import annotations

from typing import Any

import pytest

from bunsui.core.models.pipeline import Pipeline
from bunsui.core.models.pipeline.definition import DEFAULT_TIMEOUT

CALL = {"lambda": {"handler": "h:f"}}


def pipeline(job: dict[str, Any], defaults: dict[str, Any]) -> Pipeline:
    return Pipeline.model_validate({"name": "p", "defaults": defaults, "jobs": {"a": {**CALL, **job}}})


@pytest.mark.parametrize(
    ("job", "defaults", "seconds"),
    [
        ({"timeout": "5m"}, {"timeout": "1h"}, 300),
        ({}, {"timeout": "1h"}, 3600),
        ({}, {}, DEFAULT_TIMEOUT),
    ],
)
def test_the_nearest_timeout_is_in_force(job: dict[str, Any], defaults: dict[str, Any], seconds: int) -> None:
    assert pipeline(job, defaults).timeout_of("a") == seconds


@pytest.mark.parametrize(
    ("job", "defaults", "tries"),
    [
        pytest.param({"retry": {"max_attempts": 0}}, {"retry": {"max_attempts": 5}}, 0, id="its own"),
        pytest.param({}, {"retry": {"max_attempts": 5}}, 5, id="the default"),
        pytest.param({}, {}, None, id="none"),
    ],
)
def test_the_nearest_retry_is_in_force(
    job: dict[str, Any], defaults: dict[str, Any], tries: int | None
) -> None:
    retry = pipeline(job, defaults).retry_of("a")
    assert (retry.max_attempts if retry else None) == tries
