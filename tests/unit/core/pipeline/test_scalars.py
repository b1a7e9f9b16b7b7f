"""Scalars are those of YAML 1.2."""

from __future__ import annotations

import pytest

from bunsui.core.models.base import JsonValue
from bunsui.core.pipeline import parse_document


def value_of(text: str) -> JsonValue:
    document = parse_document(text)
    assert not document.problems
    return document.value


@pytest.mark.parametrize(
    "text, value",
    [
        ("yes", "yes"),
        ("[on, off, y, n]", ["on", "off", "y", "n"]),
        ("12:30:45", "12:30:45"),
        ("[true, False, TRUE]", [True, False, True]),
        ("[~, null, '', \"~\"]", [None, None, "", "~"]),
        ("[10, 0o17, 0x1F, -5, +5, 0, -0.5]", [10, 15, 31, -5, 5, 0, -0.5]),
        ("[1.5, .5, 1., 1e3, -2.5e-1]", [1.5, 0.5, 1.0, 1000.0, -0.25]),
        ("[2019-03, 2019-03-01, 1_000]", ["2019-03", "2019-03-01", "1_000"]),
        ("a: &x {b: 1}\nc: *x", {"a": {"b": 1}, "c": {"b": 1}}),
        ("!!str 5", "5"),
        ("yes: 1", {"yes": 1}),
        ("\ufeffa: 1", {"a": 1}),
        ('{"a": [1, {"b": null}]}', {"a": [1, {"b": None}]}),
    ],
)
def test_values_of_yaml_1_2(text: str, value: JsonValue) -> None:
    assert value_of(text) == value
