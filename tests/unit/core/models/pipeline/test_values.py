"""Durations and names."""

from __future__ import annotations

import pytest
from pydantic import TypeAdapter, ValidationError

from bunsui.core.models.pipeline.values import Id, Seconds


@pytest.mark.parametrize(
    "text, value",
    [("5s", 5), ("15m", 900), ("24h", 86_400), ("1h30m", 5_400), ("2d", 172_800), ("1.5m", 90), (7, 7)],
)
def test_durations(text: object, value: int) -> None:
    assert TypeAdapter(Seconds).validate_python(text) == value


@pytest.mark.parametrize(
    "text", ["", "5", "5x", "s5", "-5s", "5s later", "0s", "1.5s", "9999999d", 0, -1, 1.5, True, None]
)
def test_no_durations(text: object) -> None:
    with pytest.raises(ValidationError):
        TypeAdapter(Seconds).validate_python(text)


@pytest.mark.parametrize(
    "text, valid",
    [
        ("a", True),
        ("a-b_9", True),
        ("a" * 48, True),
        ("a" * 49, False),
        ("9a", False),
        ("A", False),
        ("a b", False),
        ("a\n", False),
        ("", False),
    ],
)
def test_ids(text: str, valid: bool) -> None:
    try:
        TypeAdapter(Id).validate_python(text)
    except ValidationError:
        assert not valid
    else:
        assert valid
