"""How a result is printed: data on standard output, narration on standard error."""

from __future__ import annotations

import json
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from bunsui.cli.output import FORMATS, Output, choose
from bunsui.cli.style import Style
from bunsui.errors import UsageError
from tests.properties import FEW

JSON = st.dictionaries(
    st.text("ab", min_size=1),
    st.none() | st.booleans() | st.integers(-(1 << 53), 1 << 53) | st.text(max_size=8) | st.lists(st.text()),
    min_size=1,
)
PLAIN = Style(on=False)


def printed(capsys: pytest.CaptureFixture[str], format: str, document: dict[str, Any]) -> str:
    Output(format=format, style=PLAIN).document(document)
    return capsys.readouterr().out


@pytest.mark.parametrize("format", [one for one in FORMATS if one != "table"])
def test_every_machine_format_holds_the_whole_document(
    capsys: pytest.CaptureFixture[str], format: str
) -> None:
    read = yaml.safe_load if format == "yaml" else json.loads

    @FEW
    @given(JSON)
    def check(document: dict[str, Any]) -> None:
        assert read(printed(capsys, format, document)) == document

    check()


def test_a_list_is_one_row_a_line_and_anything_else_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    rows = {"complete": True, "sessions": [{"id": 1}, {"id": 2}], "cursor": None}
    assert [json.loads(line) for line in printed(capsys, "jsonl", rows).splitlines()] == rows["sessions"]
    assert json.loads(printed(capsys, "jsonl", {"jobs": [1]})) == {"jobs": [1]}
    two = {"complete": True, "a": [1], "b": [2]}
    assert json.loads(printed(capsys, "jsonl", two)) == two


def test_narration_leaves_standard_output_alone_and_is_silent_when_quiet(
    capsys: pytest.CaptureFixture[str],
) -> None:
    Output(format="json", style=PLAIN).say("working")
    Output(format="json", style=PLAIN, quiet=True).say("working")
    assert capsys.readouterr() == ("", "working\n")


@pytest.mark.parametrize(
    ("format", "json_", "chosen"),
    [(None, False, "table"), (None, True, "json"), ("json", True, "json"), ("yaml", False, "yaml")],
)
def test_the_format_is_the_one_asked_for(format: str | None, json_: bool, chosen: str) -> None:
    assert choose(format, json=json_) == chosen


@pytest.mark.parametrize(
    ("format", "json_", "message"), [("yaml", True, "contradict"), ("xml", False, "must be one of table")]
)
def test_what_is_no_format_is_refused(format: str, json_: bool, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        choose(format, json=json_)
