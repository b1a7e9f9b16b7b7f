"""What the parts of a definition say about each other; every problem in one pass, whatever the shape."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bunsui.core.models.base import JsonValue
from bunsui.core.pipeline.findings import spelled
from bunsui.core.pipeline.meaning import check, check_meaning
from tests.properties import FEW
from tests.unit.core.pipeline.shapes import pipeline_of

CALL: dict[str, Any] = {"lambda": {"handler": "h:f"}}


def problems(document: Any) -> dict[str, str]:
    return {spelled(one.path): one.message for one in check_meaning(document)}


def with_job(**job: Any) -> dict[str, Any]:
    return {"name": "p", "jobs": {"a": {**CALL, **job}, "b": CALL}}


@pytest.mark.parametrize(
    "text", ["9007199254740992", "9.007199254740993e15", "'9007199254740993'", "0.12345678901234567"]
)
def test_numbers_that_expressions_keep_may_stand_in_them(text: str) -> None:
    assert problems(with_job(when=f"{{% $jobs.b.n = {text} %}}")) == {}


@pytest.mark.parametrize(
    ("job", "key", "message"),
    [
        ({"needs": ["bb"]}, "jobs.a.needs[0]", "there is no job 'bb'"),
        ({"needs": ["b", "b"]}, "jobs.a.needs[1]", "'b' is here twice"),
        ({"needs": ["a"]}, "jobs.a.needs", "in a cycle: a -> a"),
        ({"renamed_from": "b"}, "jobs.a.renamed_from", "there still is a job 'b'"),
        ({"retry": {"errors": ["States.ALL", "X"]}}, "jobs.a.retry.errors", "must stand alone"),
        ({"code": ["/etc/*"]}, "jobs.a.code[0]", "must stay inside the project's folder"),
        ({"code": ["sql/*", "../x"]}, "jobs.a.code[1]", "must stay inside"),
        ({"code": ["a**/x"]}, "jobs.a.code[0]", "is no pattern of files"),
        ({"code": [""]}, "jobs.a.code[0]", "is no pattern of files"),
        ({"when": "{% $jobs.b.n = 9007199254740993 %}"}, "jobs.a.when", "beyond 9,007,199,254,740,992"),
        ({"when": "{% $jobs.b.n < 18446744073709551616 %}"}, "jobs.a.when", "make it text"),
        ({"cache": True, "map": {"items": []}}, "jobs.a.cache", "cannot be combined with map"),
        ({"cache": True, "approval": {}}, "jobs.a.cache", "cannot be combined with approval"),
        ({"cache": True, "when": "{% $session.id = '1' %}"}, "jobs.a.cache", "good for one session only"),
    ],
)
def test_a_contradiction_is_told_at_its_place(job: dict[str, Any], key: str, message: str) -> None:
    assert message in problems(with_job(**job))[key]


def test_a_batch_goes_with_exactly_one_function_or_container() -> None:
    mapped = {"map": {"items": [], "batch": {"size": 2}}}
    assert not problems(with_job(**mapped))
    two: Any = {"jobs": {"a": {"operations": [CALL, CALL], **mapped}}}
    assert "exactly one operation" in problems(two)["jobs.a.map.batch"]
    aws = {"jobs": {"a": {"aws": {"resource": "arn"}, **mapped}}}
    assert "exactly one operation" in problems(aws)["jobs.a.map.batch"]


def test_a_secret_in_a_command_could_be_read_by_everybody() -> None:
    container = {"image": "i", "command": ["x", "{% $params.token %}"], "env": {"T": "{% $params.token %}"}}
    document: dict[str, Any] = {"params": {"token": {"type": "secret"}}, "jobs": {"a": {"ecs": container}}}
    assert problems(document).keys() == {"jobs.a.ecs.command"}
    assert "list of processes" in problems(document)["jobs.a.ecs.command"]


@pytest.mark.parametrize(
    ("parameter", "key", "message"),
    [
        ({"type": "string", "pattern": "("}, "params.x.pattern", "is no regular expression"),
        ({"type": "integer", "default": "one"}, "params.x.default", "integer"),
        ({"type": "string", "pattern": "^a$", "default": "b"}, "params.x.default", "^a$"),
        (
            {"type": "string", "enum": ["2026", 2027]},
            "params.x.enum[1]",
            "of type string, not integer: quote it",
        ),
        ({"type": "integer", "minimum": 5, "enum": [5, 1]}, "params.x.enum[1]", "at least 5"),
        ({"type": "integer", "minimum": 5, "maximum": 1}, "params.x.maximum", "is below the minimum, 5"),
    ],
)
def test_a_default_must_be_a_value_of_its_parameter(
    parameter: dict[str, Any], key: str, message: str
) -> None:
    assert message in problems({"params": {"x": parameter}, "jobs": {"a": CALL}})[key]


@pytest.mark.parametrize("number", [2**53 + 1, -(2**60), 10**30])
def test_a_number_that_expressions_do_not_keep_is_refused_where_it_stands(number: int) -> None:
    call = {"lambda": {"handler": "h:f", "input": {"ids": [2**53, -(2**53), 1.5e300, number]}}}
    found = problems({"jobs": {"a": call}, "output": {"n": number}})
    assert found.keys() == {"jobs.a.lambda.input.ids[3]", "output.n"}
    assert "is beyond 9,007,199,254,740,992" in found["output.n"]


def test_infinity_in_a_pipeline_built_in_python_is_refused() -> None:
    document = {"jobs": {"a": {"lambda": {"handler": "h:f", "input": [float("inf"), float("nan")]}}}}
    assert set(problems(document).values()) == {"is infinite or NaN, which JSON does not have"}


def test_two_jobs_cannot_both_have_been_one() -> None:
    jobs = {"a": {**CALL, "renamed_from": "x"}, "b": {**CALL, "renamed_from": "x"}}
    assert problems({"jobs": jobs}) == {"jobs.b.renamed_from": "another job was renamed from 'x' too"}


def test_every_separate_cycle_is_told() -> None:
    needs = {"a": ["b"], "b": ["a"], "c": ["d"], "d": ["c"]}
    document: Any = {"jobs": {name: {**CALL, "needs": before} for name, before in needs.items()}}
    found = [one for one in check_meaning(document) if "cycle" in one.message]
    assert len(found) == 2


def test_a_pipeline_built_in_python_is_checked_without_a_place() -> None:
    (finding,) = check(pipeline_of({"a": ["b"]}))
    assert (finding.line, finding.key) == (0, "jobs.a.needs[0]")
    assert check(pipeline_of({"a": [], "b": ["a"]})) == []


WORDS = ["jobs", "a", "needs", "map", "batch", "retry", "errors", "params", "code", "cache", "renamed_from"]
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.sampled_from(["a", "b", "{% $jobs.a %}", "States.ALL"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(WORDS), inner, max_size=5),
    max_leaves=15,
)


@FEW
@given(JSON)
def test_a_document_of_any_shape_is_checked(document: JsonValue) -> None:
    assert all(one.message for one in check_meaning(document))
