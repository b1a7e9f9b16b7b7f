"""Opaque cursors: a list takes back its own, and nothing else."""

from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bunsui.errors import UsageError
from bunsui.tools.cursor import pack, unpack
from tests.properties import FEW

PLACES = st.tuples(
    st.integers(1 - (1 << 63), (1 << 63) - 1), st.text(st.characters(codec="utf-8"), max_size=20)
)


@FEW
@given(PLACES)
def test_what_was_packed_is_unpacked(place: tuple[int, str]) -> None:
    assert unpack("items", pack("items", *place), (int, str)) == place


@pytest.mark.parametrize(
    ("kind", "shape"),
    [
        pytest.param("jobs", (int, str), id="of another list"),
        pytest.param("items", (str, int), id="types the other way round"),
        pytest.param("items", (int,), id="too long"),
        pytest.param("items", (int, str, int), id="too short"),
    ],
)
def test_a_cursor_of_another_list_is_refused(kind: str, shape: tuple[type, ...]) -> None:
    with pytest.raises(UsageError, match="not given by this list") as caught:
        unpack(kind, pack("items", 1, "a"), shape)
    assert caught.value.details == {"field": "cursor"}
    assert "without a cursor" in caught.value.next_steps[0]


def test_a_boolean_is_no_number() -> None:
    with pytest.raises(UsageError):
        unpack("items", pack("items", True), (int,))


@pytest.mark.parametrize("number", [1 << 63, -(1 << 63), (1 << 64) - 1])
def test_a_number_that_no_store_can_hold_is_refused(number: int) -> None:
    with pytest.raises(UsageError):
        unpack("items", pack("items", number), (int,))


@FEW
@given(st.text())
def test_any_other_text_is_refused(text: str) -> None:
    with pytest.raises(UsageError):
        unpack("items", text, (int, str))


@pytest.mark.parametrize("body", [b"[" * 1_400, b"null", b"{}", b"[]", b"\xff"])
def test_crafted_cursors_are_refused(body: bytes) -> None:
    with pytest.raises(UsageError):
        unpack("items", base64.urlsafe_b64encode(body).decode(), (int, str))
