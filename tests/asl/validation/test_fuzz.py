from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bunsui.asl.validation import Severity, validate
from tests.asl.grammar import FIELDS, definitions, json_values, mutilated, odd


@given(definitions())
@settings(max_examples=100)
def test_every_definition_of_the_grammar_is_valid(drawn: tuple[dict[str, Any], Any]) -> None:
    definition, _ = drawn
    assert not validate(definition).errors
    assert validate(json.dumps(definition)).ok
    if not any(word in json.dumps(definition) for word in ("activity", "DISTRIBUTED")):
        assert validate(definition, type="EXPRESS").ok


def check_findings(definition: dict[str, Any]) -> None:
    text = json.dumps(definition, indent=1)
    lines = text.split("\n")
    found = validate(text)
    assert [str(one.location) for one in found] == [one.location for one in found]
    for one in found:
        assert one.line is not None
        assert 1 <= one.line <= len(lines)
        assert one.column is not None
        assert 1 <= one.column <= len(lines[one.line - 1]) + 1
        assert one.message
        assert one.severity in Severity
    without_text = validate(definition)
    assert {(one.location, one.message) for one in without_text} == {
        (one.location, one.message) for one in found
    }


@given(mutilated())
@settings(max_examples=150)
def test_no_definition_breaks_the_validator_and_findings_stand_inside_the_text(
    definition: dict[str, Any],
) -> None:
    check_findings(definition)


@given(json_values | st.dictionaries(st.sampled_from(FIELDS), json_values | odd, max_size=6))
@settings(max_examples=100)
def test_no_json_value_breaks_the_validator(value: Any) -> None:
    assert isinstance(validate(json.dumps(value)).to_json()["result"], str)


@given(st.text(max_size=60))
@settings(max_examples=150)
def test_no_text_breaks_the_validator(text: str) -> None:
    found = validate(text)
    assert not found.ok


@pytest.mark.bench
@given(mutilated())
@settings(max_examples=100_000)
def test_100_000_broken_definitions(definition: dict[str, Any]) -> None:
    check_findings(definition)
