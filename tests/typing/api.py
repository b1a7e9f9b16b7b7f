"""The Python API as users type it: read by mypy, and run by the test beside it."""

from __future__ import annotations

from typing import assert_type

from bunsui import BunsuiError, Job, LambdaOperation, Parameter, ParameterType, Pipeline, Retry
from bunsui.core.models.pipeline import Operation


def monthly(name: str) -> Pipeline:
    """A pipeline written in Python."""
    fetch = LambdaOperation(
        handler="handlers.fetch:handler", memory=512, input={"month": "{% $params.month %}"}
    )
    count = LambdaOperation(handler="handlers.count:handler", input={"path": "{% $jobs.fetch.path %}"})
    return Pipeline(
        name=name,
        params={"month": Parameter(type=ParameterType.STRING, pattern=r"^\d{4}-\d{2}$")},
        jobs={
            "fetch": Job(operations=(fetch,), retry=Retry(max_attempts=3)),
            "count": Job(operations=(count,), needs=("fetch",)),
        },
    )


def next_steps(error: BunsuiError) -> tuple[str, ...]:
    """What an error tells its reader to do."""
    assert_type(error.message, str)
    return error.next_steps


pipeline = monthly("monthly")
assert_type(pipeline, Pipeline)
assert_type(pipeline.jobs["fetch"], Job)
assert_type(pipeline.jobs["fetch"].operations, tuple[Operation, ...])
