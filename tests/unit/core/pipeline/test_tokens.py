"""Words of an expression: text inside strings, names, regular expressions and comments is no variable."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bunsui.core.pipeline.tokens import Token, tokens, unquoted
from tests.properties import FEW


def variables(text: str) -> list[str]:
    return [word.text for word in tokens(text) if word.kind == "variable"]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        pytest.param("$a + $b", ["$a", "$b"], id="two variables"),
        pytest.param("'$a' & \"$b\" & $c", ["$c"], id="strings are text"),
        pytest.param(r"'it\'s $a' & $b", ["$b"], id="an escaped quote does not end a string"),
        pytest.param("`$a`.$b", ["$b"], id="a quoted name is a name"),
        pytest.param("/* $a */ $b", ["$b"], id="comments are skipped"),
        pytest.param("$match($x, /$a/)", ["$match", "$x"], id="a regular expression is text"),
        pytest.param("$x / $a / $b", ["$x", "$a", "$b"], id="after a value a slash divides"),
        pytest.param("(1) / $a / 2", ["$a"], id="after a bracket a slash divides"),
        pytest.param(r"$replace($s, /[/$]\/$a/i, '')", ["$replace", "$s"], id="a class holds slashes"),
        pytest.param("$$.a + $", ["$$", "$"], id="the roots are variables too"),
        pytest.param("$é", ["$é"], id="names may have accents"),
    ],
)
def test_variables_are_told_from_text(text: str, found: list[str]) -> None:
    assert variables(text) == found


def test_a_comment_between_two_values_does_not_make_a_slash_a_regular_expression() -> None:
    assert variables("$a /* x */ / $b / 1") == ["$a", "$b"]


def test_signs_of_two_characters_are_one_word() -> None:
    signs = ":= .. != <= >= ~> ** ?? ?:"
    assert [word.text for word in tokens(signs)] == signs.split()


@FEW
@given(st.text(alphabet="$a'\"`/*\\[]() .:=é\n1", max_size=30))
def test_every_word_stands_where_it_says_and_words_do_not_overlap(text: str) -> None:
    end = 0
    for word in tokens(text):
        assert word.at >= end
        end = word.at + len(word.text)
        assert text[word.at : end] == word.text


@pytest.mark.parametrize(
    ("word", "name"),
    [
        (Token("name", "a", 0), "a"),
        (Token("string", '"a-b"', 0), "a-b"),
        (Token("quoted", "`a b`", 0), "a b"),
        (Token("number", "1", 0), None),
        (Token("variable", "$a", 0), None),
    ],
)
def test_a_step_spells_a_name_or_none(word: Token, name: str | None) -> None:
    assert unquoted(word) == name
