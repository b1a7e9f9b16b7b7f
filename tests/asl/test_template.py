"""Payload templates of both languages: what is no expression stays as it is, also in its depths."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.asl.harness import Drive, machine
from tests.properties import FEW

PLAIN = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-99, 99)
    | st.sampled_from(["$", "$.a", "{%", "%}", "{ % 1 % }", ""]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("ab"), inner, max_size=2),
    max_leaves=6,
)
GIVEN = {"a": {"b": [1, 2]}, "n": None}


def evaluated(template: Any, *, jsonata: bool, given_: Any = GIVEN) -> Drive:
    field = {"Output": template} if jsonata else {"Parameters": template}
    language = "JSONata" if jsonata else "JSONPath"
    state = {"Type": "Pass", "End": True, **field}
    return Drive(machine({"P": state}, QueryLanguage=language), given_).run()


@FEW
@given(PLAIN.map(lambda value: {"x": value}), st.booleans())
def test_what_is_no_expression_stays_as_it_is(template: Any, jsonata: bool) -> None:
    assert evaluated(template, jsonata=jsonata).execution.output == template


@FEW
@given(PLAIN, st.booleans())
def test_a_whole_value_is_handed_on_at_any_depth(value: Any, jsonata: bool) -> None:
    name, inner = ("v", "{% $states.input.given %}") if jsonata else ("v.$", "$.given")
    template = {"deep": [{"x": 1, name: inner}]}
    expected = {"deep": [{"x": 1, "v": value}]}
    assert evaluated(template, jsonata=jsonata, given_={"given": value}).execution.output == expected


@pytest.mark.parametrize(
    ("template", "output"),
    [
        ({"v.$": "$.a.b[1]"}, {"v": 2}),
        ({"v.$": "$$.Execution.Name"}, {"v": "run"}),
        ({"v.$": "States.Format('{}-{}', 1, $.a.b[0])"}, {"v": "1-1"}),
        ({"v.$": "$.n"}, {"v": None}),
        ({"v": "$.a"}, {"v": "$.a"}),
    ],
)
def test_fields_that_end_in_a_sign_are_evaluated(template: Any, output: Any) -> None:
    assert evaluated(template, jsonata=False).execution.output == output


@pytest.mark.parametrize(
    ("template", "jsonata", "error", "words"),
    [
        ({"v.$": "$.gone"}, False, "States.Runtime", "could not be found"),
        ({"v.$": "States.MathAdd('a', 1)"}, False, "States.IntrinsicFailure", "States.MathAdd"),
        ({"v": "{% $states.input.gone %}"}, True, "States.QueryEvaluationError", "returned nothing"),
        ({"v": "{% 1 + 'a' %}"}, True, "States.QueryEvaluationError", "threw an error"),
        ({"v": "{% function($x) { $x } %}"}, True, "States.QueryEvaluationError", "unsupported result type"),
    ],
)
def test_an_expression_that_fails_names_itself(template: Any, jsonata: bool, error: str, words: str) -> None:
    done = evaluated(template, jsonata=jsonata)
    assert (done.execution.status, done.execution.error) == ("FAILED", error)
    assert words in str(done.execution.cause)
    assert "'P'" in str(done.execution.cause)
