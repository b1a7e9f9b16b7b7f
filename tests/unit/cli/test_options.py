"""Global options, wherever they stand."""

from __future__ import annotations

import pytest

from bunsui.cli.options import split
from bunsui.errors import UsageError


def test_global_options_are_taken_from_anywhere() -> None:
    found, rest = split(["session", "list", "--profile", "prod", "--json", "--data-dir=/x", "--debug"])
    assert found.flags == {"profile": "prod", "data_dir": "/x"}
    assert found.debug
    assert rest == ["session", "list", "--json"]


def test_what_follows_two_dashes_is_left_alone() -> None:
    found, rest = split(["tool", "--", "--profile", "x"])
    assert found.flags == {}
    assert rest == ["tool", "--", "--profile", "x"]


@pytest.mark.parametrize("words", [["--profile"], ["--config", "--"], ["--color", "pink"]])
def test_a_missing_or_wrong_value_is_a_usage_error(words: list[str]) -> None:
    with pytest.raises(UsageError, match=words[0]):
        split(words)


def test_colour_follows_the_conventions(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert split([])[0].colored
    monkeypatch.setenv("NO_COLOR", "1")
    assert not split([])[0].colored
    assert split(["--color", "always"])[0].colored
    assert not split(["--color=never"])[0].colored
