"""Values for parameters: typed, defaulted, all problems at once."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bunsui.core.models.base import JsonValue
from bunsui.core.models.pipeline import Parameter, Pipeline
from bunsui.core.pipeline import check_params
from bunsui.errors import UsageError


def pipeline_of(**params: dict[str, Any]) -> Pipeline:
    jobs = {"a": {"lambda": {"handler": "h:f"}}}
    return Pipeline.model_validate({"name": "p", "jobs": jobs, "params": params})


@pytest.mark.parametrize(
    "parameter, given_, value",
    [
        ({}, "5", "5"),
        ({"type": "integer"}, "5", 5),
        ({"type": "integer"}, 5, 5),
        ({"type": "number"}, "1.5", 1.5),
        ({"type": "integer"}, "-9007199254740992", -(2**53)),
        ({}, "010", "010"),
        ({}, "2026-01-01", "2026-01-01"),
        ({"type": "number"}, "2", 2),
        ({"type": "boolean"}, "true", True),
        ({"type": "date"}, "2026-02-28", "2026-02-28"),
        ({"type": "list"}, "[1, 2]", [1, 2]),
        ({"type": "object"}, '{"a": 1}', {"a": 1}),
        ({"type": "secret"}, "env:TOKEN", "env:TOKEN"),
        ({"type": "secret"}, "keyring:service/name", "keyring:service/name"),
        ({"pattern": r"\d{4}"}, "2019", "2019"),
        ({"enum": ["a", "b"]}, "b", "b"),
    ],
)
def test_values(parameter: dict[str, Any], given_: JsonValue, value: JsonValue) -> None:
    assert check_params(pipeline_of(x=parameter), {"x": given_}) == {"x": value}


@pytest.mark.parametrize(
    "parameter, given_, message",
    [
        ({"type": "integer"}, "five", "must be of type integer, not text"),
        ({"type": "integer"}, "1.5", "must be of type integer"),
        ({"type": "integer"}, True, "must be of type integer, not boolean"),
        ({"type": "boolean"}, "yes", "must be of type boolean"),
        ({"type": "date"}, "2026-02-30", "must be a date"),
        ({"type": "date"}, "20260228", "must be a date"),
        ({"type": "string"}, 5, "must be of type string"),
        ({"pattern": r"\d{4}"}, "20199", "must match"),
        ({"pattern": r"^\d{4}$"}, "2019\n", "must match"),
        ({"enum": ["a", "b"]}, "c", "must be one of a, b"),
        ({"type": "integer", "minimum": 1, "maximum": 5}, "9", "must be at most 5"),
        ({"type": "number", "minimum": 1}, "0.5", "must be at least 1"),
        ({"type": "number", "maximum": 1234567}, "1234568", "must be at most 1234567, not 1234568"),
        ({"type": "number"}, "1" * 30, "cannot be taken as it is written: the number 1+ needs more than 64"),
        ({"type": "integer"}, "9223372036854775808", "cannot be taken .* more than 64 bits: quote it"),
        ({"type": "list"}, "[1, 12345678901234567890]", "cannot be taken as it is written"),
        ({"type": "object"}, '{"a": 1, "a": 2}', "cannot be taken .* the key 'a' stands there twice"),
        ({"type": "number"}, "1e999", "must be of type number, not text: write for instance 1.5"),
        ({"type": "number"}, "010", "must be of type number, not text"),
        ({"type": "number"}, float("inf"), "must hold finite numbers"),
        ({"type": "list"}, [[float("nan")]], "must hold finite numbers"),
        ({"type": "object"}, {"a": 10**30}, "must hold finite numbers"),
        ({"type": "integer"}, "9007199254740993", "must hold .* at most 9,007,199,254,740,992: give larger"),
        ({"type": "object"}, '{"id": 1234567890123456789}', "must hold finite numbers"),
        ({"type": "boolean"}, "on", "must be of type boolean, not text: write true or false"),
    ],
)
def test_refusals(parameter: dict[str, Any], given_: JsonValue, message: str) -> None:
    with pytest.raises(UsageError, match=f"parameter x {message}"):
        check_params(pipeline_of(x=parameter), {"x": given_})


def test_defaults_in_definition_order() -> None:
    pipeline = pipeline_of(a={"default": "x"}, b={"type": "integer"})
    assert list(check_params(pipeline, {"b": "5"}).items()) == [("a", "x"), ("b", 5)]


def test_all_problems_at_once() -> None:
    pipeline = pipeline_of(month={}, n={"type": "integer"})
    with pytest.raises(UsageError) as caught:
        check_params(pipeline, {"mnth": "x", "n": "x"})
    assert caught.value.details["problems"] == [
        "parameter mnth is unknown (did you mean month?)",
        "parameter month is missing",
        "parameter n must be of type integer, not text: write for instance 5",
    ]


def test_secrets_are_never_repeated() -> None:
    with pytest.raises(UsageError) as caught:
        check_params(pipeline_of(key={"type": "secret"}), {"key": "hunter2"})
    assert "hunter2" not in str(caught.value.to_json())
    assert "must be a reference" in caught.value.message


@given(
    st.dictionaries(
        st.sampled_from(["a", "b", "c"]), st.text() | st.integers() | st.none() | st.lists(st.integers())
    )
)
def test_any_values(values: dict[str, Any]) -> None:
    pipeline = pipeline_of(a={"type": "integer", "minimum": 0}, b={"type": "date", "default": "2026-01-01"})
    try:
        found = check_params(pipeline, values)
    except UsageError:
        return
    assert set(found) == {"a", "b"}
    assert isinstance(found["a"], int)


def test_models_may_be_built_in_python() -> None:
    assert Parameter().default is None
