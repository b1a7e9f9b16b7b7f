"""Retry and Catch: which error matches what, and how long to wait."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bunsui.asl.chance import Chance
from bunsui.asl.retry import Retrier, compile_retrier, matches
from tests.properties import FEW


@pytest.mark.parametrize(
    ("wanted", "error", "aliases", "task", "holds"),
    [
        pytest.param("Boom", "Boom", (), False, True, id="by its name"),
        pytest.param("Boom", "boom", (), False, False, id="names have cases"),
        pytest.param("States.ALL", "Boom", (), False, True, id="all takes any error"),
        pytest.param("States.ALL", None, (), False, True, id="all takes one without a name"),
        pytest.param("States.ALL", "States.Runtime", (), False, False, id="but not Runtime"),
        pytest.param("States.Runtime", "States.Runtime", (), False, False, id="which nothing catches"),
        pytest.param("States.ALL", "States.DataLimitExceeded", (), False, False, id="nor too large"),
        pytest.param("States.ALL", "States.DataLimitExceeded", (), True, True, id="unless a task says so"),
        pytest.param("States.DataLimitExceeded", "States.DataLimitExceeded", (), False, True, id="by name"),
        pytest.param("States.TaskFailed", "Boom", (), False, True, id="a task failed"),
        pytest.param("States.TaskFailed", "States.Timeout", (), False, False, id="a timeout is no failure"),
        pytest.param("States.Timeout", "States.HeartbeatTimeout", ("States.Timeout",), False, True, id="as"),
        pytest.param("States.TaskFailed", "X", ("States.Timeout",), False, False, id="nor is one by alias"),
    ],
)
def test_an_error_is_taken_as_the_service_does(
    wanted: str, error: str | None, aliases: tuple[str, ...], task: bool, holds: bool
) -> None:
    assert matches(frozenset({wanted}), error, aliases, task=task) is holds


RETRIERS = st.builds(
    Retrier,
    errors=st.just(frozenset({"States.ALL"})),
    interval=st.integers(1, 99_999_999).map(float),
    max_attempts=st.integers(0, 99),
    backoff=st.floats(1, 100),
    max_delay=st.none() | st.floats(1, 31_622_400),
    jitter=st.just(False),
)


@FEW
@given(RETRIERS, st.integers(0, 10_000))
def test_waits_grow_up_to_their_limit_and_stay_finite(retrier: Retrier, attempt: int) -> None:
    this, following = (retrier.delay(number, Chance("s")) for number in (attempt, attempt + 1))
    assert 0 <= this <= following <= 366 * 24 * 3600
    if retrier.max_delay is not None:
        assert following <= retrier.max_delay


@FEW
@given(RETRIERS, st.integers(0, 50), st.text(max_size=5))
def test_jitter_shortens_waits_and_is_the_same_for_the_same_seed(
    retrier: Retrier, attempt: int, seed: str
) -> None:
    jittered = retrier._replace(jitter=True)
    wait = jittered.delay(attempt, Chance(seed))
    assert 0 <= wait <= retrier.delay(attempt, Chance(seed))
    assert jittered.delay(attempt, Chance(seed)) == wait


def test_what_is_left_out_has_the_service_defaults() -> None:
    retrier = compile_retrier({"ErrorEquals": ["A"]})
    assert (retrier.interval, retrier.max_attempts, retrier.backoff) == (1, 3, 2.0)
    assert (retrier.max_delay, retrier.jitter) == (None, False)


def test_no_attempt_is_no_retry() -> None:
    assert compile_retrier({"ErrorEquals": ["A"], "MaxAttempts": 0}).max_attempts == 0


@pytest.mark.parametrize("name", ["IntervalSeconds", "MaxAttempts", "BackoffRate", "MaxDelaySeconds"])
@pytest.mark.parametrize("value", ["1", True, None, [], {}])
def test_a_number_that_is_none_is_refused_by_name(name: str, value: Any) -> None:
    with pytest.raises(TypeError, match=f"{name} is not a number"):
        compile_retrier({"ErrorEquals": ["A"], name: value})
