"""Mocks from files: what they say, and what is said about wrong ones."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from bunsui.core.models.base import JsonValue
from bunsui.core.simulation.mock_file import load_mocks, parse_mocks
from bunsui.core.simulation.reply import Reply
from bunsui.errors import ConfigError

TWO: Any = {
    "StateMachines": {
        "A": {"TestCases": {"x": {"S": "good"}, "y": {"S": "gone"}}},
        "B": {"TestCases": {"z": {"S": "good"}}},
    },
    "MockedResponses": {"good": {"0": {"Return": 1}}},
}


def test_one_reply_or_a_list(tmp_path: Path) -> None:
    file = tmp_path / "mocks.yaml"
    file.write_text(
        "load: {Return: {rows: 3}}\nsave:\n- Throw: {Error: Busy}\n- Return: null\n  Delay: 1.5\n",
        encoding="utf-8",
    )
    assert load_mocks(file).replies == {
        "load": [Reply.returned({"rows": 3})],
        "save": [Reply.thrown("Busy"), Reply.returned(None, 1.5)],
    }


def test_a_test_case_is_chosen() -> None:
    assert parse_mocks(TWO, "f", machine="A", case="x").replies == {"S": [Reply.returned(1)]}
    assert parse_mocks(TWO, "f", machine="B").replies == {"S": [Reply.returned(1)]}


@pytest.mark.parametrize(
    "document, options, message",
    [
        ([], {}, "the file must be a mapping"),
        ({"S": 1}, {}, "S needs a reply, not a number"),
        ({"S": {"Return": 1, "Throw": {"Error": "x"}}}, {}, "either Return or Throw"),
        ({"S": {"Throw": {"Cause": "x"}}}, {}, "either Return or Throw"),
        ({"S": {"Return": 1, "Delay": "soon"}}, {}, "Delay is a number of seconds"),
        ({"S": {"Return": 1}}, {"case": "x"}, "there are no test cases"),
        ({"S": {"1": {"Return": 1}}}, {}, "no reply for call 0"),
        ({"S": {"3-1": {"Return": 1}}}, {}, "no range"),
        (TWO, {}, "name one state machine"),
        (TWO, {"machine": "C"}, "there is no state machine C"),
        (TWO, {"machine": "A"}, "name one test case"),
        (TWO, {"machine": "A", "case": "y"}, "MockedResponses has no gone"),
    ],
)
def test_wrong_files_are_refused(document: Any, options: dict[str, str], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        parse_mocks(document, "mocks.json", **options)


def test_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read"):
        load_mocks(tmp_path / "absent.json")


def test_values_are_read_as_in_a_pipeline(tmp_path: Path) -> None:
    file = tmp_path / "mocks.yaml"
    text = "load: {Return: {day: 2026-01-01, at: 12:30, flag: yes, n: 1_000, big: 1e5}}\n"
    file.write_text(text, encoding="utf-8")
    value: JsonValue = {"day": "2026-01-01", "at": "12:30", "flag": "yes", "n": "1_000", "big": 100_000.0}
    assert load_mocks(file).replies == {"load": [Reply.returned(value)]}


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("010", "octal, decimal or text"),
        (".inf", "no infinity"),
        ("1e999", "too large"),
        ("{a: 1, a: 2}", "twice"),
    ],
)
def test_a_value_that_would_become_another_is_told_with_its_place(
    tmp_path: Path, value: str, message: str
) -> None:
    file = tmp_path / "mocks.yaml"
    file.write_text(f"load:\n  Return: {value}\n", encoding="utf-8")
    with pytest.raises(ConfigError, match=rf"mocks\.yaml:2:\d+: load\.Return.*{message}"):
        load_mocks(file)
