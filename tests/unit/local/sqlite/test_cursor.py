"""Cursors of lists: given back as they were, anything else refused."""

from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bunsui.errors import UsageError
from bunsui.local.sqlite.cursor import decode, encode
from tests.properties import FEW

PLACES = st.tuples(st.integers(1 - (1 << 63), (1 << 63) - 1), st.text(max_size=20))


@FEW
@given(PLACES)
def test_a_place_comes_back(place: tuple[int, str]) -> None:
    assert decode(encode(*place)) == place


@FEW
@given(st.text())
def test_any_other_text_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="not one that a list has returned") as caught:
        decode(text)
    assert "without a cursor" in caught.value.next_steps[0]


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b'[true,"s"]', id="a boolean"),
        pytest.param(b'[1.5,"s"]', id="a fraction"),
        pytest.param(b'[9223372036854775808,"s"]', id="more than the database can hold"),
        pytest.param(b'[-9223372036854775809,"s"]', id="less than the database can hold"),
        pytest.param(b'[1,"s",2]', id="something more"),
        pytest.param(b"[" * 1_400, id="nested too deep"),
        pytest.param(b"\xff", id="no text"),
    ],
)
def test_a_crafted_cursor_is_refused(body: bytes) -> None:
    with pytest.raises(UsageError):
        decode(base64.urlsafe_b64encode(body).decode())
