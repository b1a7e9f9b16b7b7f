"""Requests: what is meant where nothing is said."""

from __future__ import annotations

import pytest

from bunsui.core.session.requests import RerunRequest, Strategy


@pytest.mark.parametrize(
    ("given", "chosen"),
    [
        ({}, Strategy.FAILED),
        ({"jobs": ("a",)}, Strategy.FROM),
        ({"items": ("a:1",)}, Strategy.FROM),
        ({"jobs": ("a",), "strategy": Strategy.ONLY}, Strategy.ONLY),
        ({"strategy": Strategy.CHANGED}, Strategy.CHANGED),
    ],
)
def test_a_rerun_is_of_what_failed_unless_something_is_named(
    given: dict[str, object], chosen: Strategy
) -> None:
    assert RerunRequest(session_id="s", **given).chosen is chosen  # type: ignore[arg-type]
