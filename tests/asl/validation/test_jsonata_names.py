"""The names that an expression takes from outside."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bunsui.asl.validation.jsonata_names import Names, names
from tests.properties import FEW


@pytest.mark.parametrize(
    ("text", "variables", "states"),
    [
        ("$a + $b", {"a", "b"}, set()),
        ("$states.input.x & $states.context", set(), {"input", "context"}),
        ("$states . input", set(), {"input"}),
        ("'$a' & \"$b\" & `$c`", set(), set()),
        ("/* $a */ $b", {"b"}, set()),
        ("($x := 1; $x + $y)", {"y"}, set()),
        ("$map($list, function($v, $i) { $v + $i })", {"list"}, set()),
        ("$sum([1]) + $uuid()", set(), set()),
        ("$statesman", {"statesman"}, set()),
        ("$ + $$", set(), set()),
    ],
)
def test_only_what_the_expression_does_not_bind_is_named(
    text: str, variables: set[str], states: set[str]
) -> None:
    assert names(text) == Names(frozenset(variables), frozenset(states))


@FEW
@given(st.text("$ab .:=(){}'\"`/*\\λ", max_size=20))
def test_any_text_has_names_or_none(text: str) -> None:
    assert all(f"${name}" in text for name in names(text).variables)
