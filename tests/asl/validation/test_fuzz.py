from __future__ import annotations

import copy
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bunsui.asl.validation import Severity, validate
from tests.asl.grammar import YES_NO, definitions, json_values

FIELDS = [
    *"Type Next End States StartAt Choices Branches ItemProcessor Retry Catch Parameters Arguments".split(),
    *"QueryLanguage Resource ItemReader ItemBatcher ResultWriter Assign Output Label Credentials".split(),
    *"ProcessorConfig Default ErrorEquals Variable x.$ ~/".split(),
]
odd = st.sampled_from(
    ["Pass", "Map", "$", "$.", "$[", "States.Format('", "{% ( %}", "{%%}", "${X}", "\ud800", "1.0"]
)
replacements = json_values | odd
WHERE = st.integers(0, 60)
HOW_OFTEN = st.integers(1, 3)


@given(definitions())
@settings(max_examples=150)
def test_every_definition_of_the_grammar_is_valid(drawn: tuple[dict[str, Any], Any]) -> None:
    definition, _ = drawn
    assert not validate(definition).errors
    assert validate(json.dumps(definition)).ok
    if not any(word in json.dumps(definition) for word in ("activity", "DISTRIBUTED")):
        assert validate(definition, type="EXPRESS").ok


@st.composite
def mutilated(draw: Any) -> dict[str, Any]:
    """A valid definition with some of its parts replaced, removed or added."""
    definition: dict[str, Any] = copy.deepcopy(draw(definitions())[0])
    for _ in range(draw(HOW_OFTEN)):
        node: Any = definition
        while isinstance(node, (dict, list)) and node:
            keys = list(node) if isinstance(node, dict) else list(range(len(node)))
            key = keys[draw(WHERE) % len(keys)]
            if not (draw(YES_NO) and isinstance(node[key], (dict, list))):
                node[key] = draw(replacements)
                break
            node = node[key]
        if isinstance(node, dict):
            node[FIELDS[draw(WHERE) % len(FIELDS)]] = draw(replacements)
    return definition


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
@settings(max_examples=200)
def test_no_definition_breaks_the_validator_and_findings_stand_inside_the_text(
    definition: dict[str, Any],
) -> None:
    check_findings(definition)


@given(json_values | st.dictionaries(st.sampled_from(FIELDS), json_values | odd, max_size=6))
@settings(max_examples=100)
def test_no_json_value_breaks_the_validator(value: Any) -> None:
    assert isinstance(validate(json.dumps(value)).to_json()["result"], str)


@given(st.text(max_size=60))
@settings(max_examples=200)
def test_no_text_breaks_the_validator(text: str) -> None:
    found = validate(text)
    assert not found.ok


@pytest.mark.bench
@given(mutilated())
@settings(max_examples=100_000)
def test_100_000_broken_definitions(definition: dict[str, Any]) -> None:
    check_findings(definition)
