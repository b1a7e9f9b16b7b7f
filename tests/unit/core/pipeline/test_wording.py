"""How the model's complaints are said: in words of the definition, never of the library."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, TypeAdapter, ValidationError
from pydantic_core import ErrorDetails

from bunsui.core.models.pipeline import Job, OnFailure, Retry
from bunsui.core.models.pipeline.values import Id
from bunsui.core.pipeline.wording import message_of, missing, near_kind, near_value, one_of, said
from tests.properties import FEW


def error_of(model: Any, value: object) -> ErrorDetails:
    adapter = model if isinstance(model, type) and issubclass(model, BaseModel) else None
    with pytest.raises(ValidationError) as caught:
        adapter.model_validate(value) if adapter else TypeAdapter(model).validate_python(value)
    return caught.value.errors()[0]


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (None, "empty"),
        ({"a": 1}, "a mapping"),
        ([], "a list"),
        (True, "true"),
        (1.5, "1.5"),
        ("", "text ''"),
        (OnFailure.STOP, "stop"),
        ("x" * 99, f"text {'x' * 40!r}"),
    ],
)
def test_a_value_is_said_as_it_looks_in_yaml(value: object, words: str) -> None:
    assert said(value) == words


@FEW
@given(st.text())
def test_no_text_makes_a_message_long_or_breaks_its_line(text: str) -> None:
    assert len(said(text)) <= 500
    assert "\n" not in said(text)


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ({"max_attempts": "3"}, "must be an integer, not text '3'"),
        ({"max_attempts": -1}, "must be at least 0, not -1"),
        ({"backoff": 0.5}, "must be at least 1, not 0.5"),
        ({"backoff": "2"}, "must be a number, not text '2'"),
        ({"errors": []}, "must not be empty"),
        ({"errors": "States.ALL"}, "must be a list, not text 'States.ALL'"),
        ([], "must be a mapping, not a list"),
    ],
)
def test_types_and_bounds_are_said_in_words_of_the_definition(value: object, message: str) -> None:
    assert message_of(error_of(Retry, value)) == message


def test_patterns_of_our_own_have_words_and_others_are_shown() -> None:
    assert "start with a letter" in message_of(error_of(Id, "9"))


def test_a_wrong_word_is_told_with_all_that_are_allowed_and_the_nearest() -> None:
    error = error_of(OnFailure, "stopp")
    assert one_of(error) == "must be one of 'continue', 'stop', not text 'stopp'"
    assert near_value(error) == "stop"


def test_a_wrong_kind_of_operation_is_told_with_the_nearest() -> None:
    assert near_kind(error_of(Job, {"operations": [{"lamda": {}}]})) in {"lambda", ""}
    assert missing(("jobs", "a", "operations")).startswith("one of lambda")
    assert missing(("name",)) == "is required"
