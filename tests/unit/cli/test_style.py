"""Colour: only where it may be shown, and never in the way of the text."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bunsui.cli.style import STATUS_COLORS, Style
from bunsui.core.models.status import Action, JobStatus, Status
from bunsui.core.text import clean
from tests.properties import FEW

ON, OFF = Style(on=True), Style(on=False)
WORDS = st.text(st.characters(exclude_categories=["C", "Z"]))


@FEW
@given(WORDS, st.sampled_from(["dim", "bold", "red", "green", "yellow", "blue", "cyan"]))
def test_without_colour_nothing_is_added_and_with_it_the_text_stays(text: str, color: str) -> None:
    assert OFF.paint(text, color) == text
    assert clean(ON.paint(text, color)) == clean(text)


@pytest.mark.parametrize("word", [*Status, *JobStatus, *Action])
def test_every_status_and_action_has_a_colour_or_needs_none(word: str) -> None:
    assert (word in STATUS_COLORS) is (ON.status(word) != word)
    assert word in STATUS_COLORS or word == "skip"


def test_padding_does_not_hide_a_status_and_other_words_stay() -> None:
    assert ON.status("failed  ") == "\x1b[31mfailed  \x1b[0m"
    assert ON.status("fetch") == "fetch"
    assert ON.dim("") == ""
