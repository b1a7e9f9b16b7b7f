"""A job in its spellings."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from bunsui.core.models.pipeline import EcsOperation, Job, LambdaOperation, Pipeline, Retry

BODY: dict[str, Any] = {"handler": "h:f", "env": {"N": 5, "B": True, "T": "x"}}


@pytest.mark.parametrize(
    "job",
    [
        {"lambda": BODY},
        {"operations": [{"lambda": BODY}]},
        {"operations": [{**BODY, "kind": "lambda"}]},
        {"operations": [LambdaOperation(handler="h:f", env={"N": "5", "B": "true", "T": "x"})]},
    ],
)
def test_spellings(job: dict[str, Any]) -> None:
    (operation,) = Job.model_validate(job).operations
    assert operation == LambdaOperation(handler="h:f", env={"N": "5", "B": "true", "T": "x"})


@pytest.mark.parametrize(
    "job",
    [
        {},
        {"operations": []},
        {"lambda": BODY, "ecs": {"image": "i", "command": ["x"]}},
        {"lambda": BODY, "operations": [{"lambda": BODY}]},
        {"lambda": {**BODY, "memory": "512"}},
        {"lambda": {**BODY, "memory": True}},
        {"lambda": {"handler": "h"}},
        {"lambda": {**BODY, "env": {"1x": "y"}}},
        {"lambda": BODY, "unknown": 1},
        {"ecs": {"image": "i", "command": []}},
        {"aws": {"resource": "glue"}},
    ],
)
def test_refusals(job: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Job.model_validate(job)


def test_models_are_read_back() -> None:
    container = EcsOperation(image="i", command=("x", "{% $params.n %}"), input={"null": None})
    job = Job(operations=(container,), retry=Retry(max_delay=60), pool={"db": 2}, needs=("b",))
    assert Job.model_validate(job.model_dump(mode="json", exclude_none=True)) == job


def test_settings_in_force() -> None:
    document = {
        "name": "p",
        "defaults": {"timeout": "5m", "retry": {"max_attempts": 1}},
        "jobs": {"a": {"lambda": BODY}, "b": {"lambda": BODY, "timeout": 7, "retry": {"max_attempts": 0}}},
    }
    pipeline = Pipeline.model_validate(document)
    assert [pipeline.timeout_of(job) for job in "ab"] == [300, 7]
    assert [retry.max_attempts for job in "ab" if (retry := pipeline.retry_of(job))] == [1, 0]
    bare = Pipeline.model_validate({"name": "p", "jobs": {"a": {"lambda": BODY}}})
    assert (bare.timeout_of("a"), bare.retry_of("a")) == (86_400, None)
