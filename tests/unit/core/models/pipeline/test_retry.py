"""Retries: bounds as the Amazon States Language has them."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from bunsui.core.models.pipeline import Retry


@pytest.mark.parametrize(
    "given",
    [
        {"max_attempts": 0},
        {"max_attempts": 99_999_999},
        {"backoff": 1.0},
        {"max_delay": 31_622_399},
        {"interval": "5s"},
        {"errors": ["Lambda.TooManyRequestsException"]},
    ],
)
def test_what_the_service_takes_is_taken(given: dict[str, Any]) -> None:
    Retry.model_validate(given)


@pytest.mark.parametrize(
    "given",
    [
        {"max_attempts": -1},
        {"max_attempts": 100_000_000},
        {"max_attempts": 1.5},
        {"max_attempts": True},
        {"backoff": 0.99},
        {"max_delay": 31_622_400},
        {"interval": 0},
        {"errors": []},
        {"errors": [""]},
        {"attempts": 3},
    ],
)
def test_what_the_service_refuses_is_refused(given: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Retry.model_validate(given)


def test_without_words_everything_is_tried_three_times_more() -> None:
    retry = Retry()
    assert (retry.max_attempts, retry.errors) == (3, ("States.ALL",))
