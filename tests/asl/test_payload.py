"""Payloads as JSON text: any value, within the service's limit."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bunsui.asl.errors import StateFailure
from bunsui.asl.exact import dump_exact, load_exact
from bunsui.asl.limits import MAX_PAYLOAD
from bunsui.asl.payload import dump, encode
from tests.properties import FEW

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=2), inner, max_size=3),
    max_leaves=6,
)
ODD = [1 << 64, -(1 << 70), "\ud800", {"\udfff": [1 << 99]}, -0.0, "\u2028"]


def nested(depth: int) -> Any:
    value: Any = 1
    for _ in range(depth):
        value = [value]
    return value


@FEW
@given(VALUES | st.sampled_from(ODD))
def test_any_json_value_becomes_its_text(value: Any) -> None:
    assert json.loads(dump(value)) == value


@FEW
@given(VALUES | st.sampled_from(ODD))
def test_what_is_read_from_the_log_is_what_was_written(value: Any) -> None:
    assert load_exact(dump_exact(value)) == value
    assert load_exact(dump_exact(value).decode()) == value


def test_nesting_that_the_fast_library_refuses_is_kept() -> None:
    assert load_exact(dump_exact(nested(400))) == nested(400)
    assert dump(nested(400)) == b"[" * 400 + b"1" + b"]" * 400


def test_nesting_without_end_is_a_failure_of_the_state() -> None:
    with pytest.raises(StateFailure, match="nested too deep") as caught:
        dump(nested(50_000))
    assert caught.value.error == "States.Runtime"


def test_the_limit_is_counted_in_bytes() -> None:
    assert len(encode("x" * (MAX_PAYLOAD - 2), "A")) == MAX_PAYLOAD
    for large in ("x" * (MAX_PAYLOAD - 1), "水" * (MAX_PAYLOAD // 3 + 1)):
        with pytest.raises(StateFailure, match="state/task 'A'") as caught:
            encode(large, "A")
        assert caught.value.error == "States.DataLimitExceeded"
