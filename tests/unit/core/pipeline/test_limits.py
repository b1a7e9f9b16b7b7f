"""Limits of Step Functions: what cannot run is refused before it runs, with the limit and the place."""

from __future__ import annotations

from typing import Any

import pytest

from bunsui.core.models.pipeline import Pipeline
from bunsui.core.pipeline.limits import DEFINITION_BYTES, HISTORY_EVENTS, check_limits, estimated_events
from bunsui.errors import LimitExceeded

CALL = {"lambda": {"handler": "h:f"}}


def pipeline(count: int = 1, **more: Any) -> Pipeline:
    jobs = {f"j{number}": {**CALL, **more} for number in range(count)}
    return Pipeline.model_validate({"name": "p", "jobs": jobs})


def test_a_definition_of_exactly_the_allowed_size_passes_and_one_byte_more_does_not() -> None:
    check_limits(pipeline(), {"a": "x" * (DEFINITION_BYTES - len('{"a":""}'))})
    with pytest.raises(LimitExceeded, match="1,048,577 bytes") as caught:
        check_limits(pipeline(), {"a": "x" * (DEFINITION_BYTES + 1 - len('{"a":""}'))})
    assert caught.value.details["allowed"] == DEFINITION_BYTES
    assert any("split the pipeline" in step for step in caught.value.next_steps)


def test_size_is_counted_in_bytes_not_characters() -> None:
    with pytest.raises(LimitExceeded):
        check_limits(pipeline(), {"a": "水" * (DEFINITION_BYTES // 3)})


def test_a_history_that_would_overflow_is_refused() -> None:
    fits = HISTORY_EVENTS // estimated_events(pipeline()) - 1
    check_limits(pipeline(fits), {})
    with pytest.raises(LimitExceeded, match="execution history") as caught:
        check_limits(pipeline(2 * HISTORY_EVENTS // 20), {})
    assert int(str(caught.value.details["value"])) > HISTORY_EVENTS


@pytest.mark.parametrize(
    "more",
    [
        pytest.param({"approval": {"message": "go?", "timeout": 60}}, id="a gate"),
        pytest.param({"map": {"items": [1, 2]}}, id="a map"),
        pytest.param({"lambda": None, "operations": [CALL, CALL]}, id="two operations"),
    ],
)
def test_whatever_a_job_has_makes_its_history_longer(more: dict[str, Any]) -> None:
    jobs = {"a": {key: value for key, value in {**CALL, **more}.items() if value is not None}}
    longer = Pipeline.model_validate({"name": "p", "jobs": jobs})
    assert estimated_events(longer) > estimated_events(pipeline())


def test_retries_count_only_where_all_tries_are_asked_for() -> None:
    retried, once = pipeline(retry={"max_attempts": 9}), pipeline()
    assert estimated_events(retried) == estimated_events(once)
    assert estimated_events(retried, retries=True) == estimated_events(once) + 9 * 3


def test_a_distributed_map_keeps_its_items_out_of_the_history() -> None:
    inline = pipeline(map={"items": [1]})
    distributed = pipeline(map={"items": [1], "mode": "distributed"})
    assert estimated_events(distributed) < estimated_events(inline)
