"""Equal pipelines have equal versions, and a fingerprint says what decides a result."""

from __future__ import annotations

import random
from typing import Any

import pytest

from bunsui.core.models.pipeline import Pipeline
from bunsui.core.pipeline import canonical, fingerprint, load_document, parse_document, version_hash

BASE = """
name: p
params: {day: {type: date}, n: {type: integer, default: 1}}
defaults: {timeout: 15m, retry: {max_attempts: 2}}
jobs:
  a: {lambda: {handler: 'h:f', input: {day: '{% $params.day %}', x: null}}}
  b: {lambda: {handler: 'h:g', input: '{% $jobs.a.rows %}'}}
  c: {needs: [a, b], ecs: {image: i, command: [x], env: {N: 5}}}
"""

DAY = "day: '{% $params.day %}'"
ROWS = "{handler: 'h:g', input: '{% $jobs.a.rows %}'}"


def pipeline_of(text: str) -> Pipeline:
    return load_document(parse_document(text), handlers=False).pipeline


def changed(before: str, after: str) -> Pipeline:
    assert before in BASE
    return pipeline_of(BASE.replace(before, after))


@pytest.mark.parametrize(
    "before, after",
    [
        ("name: p", "# a comment\nname:   'p'\nbunsui: 1"),
        ("15m", "900"),
        ("{max_attempts: 2}", "{max_attempts: 2, backoff: 2, interval: 1s, errors: [States.ALL]}"),
        ("needs: [a, b]", "needs: [b, a]"),
        ("b: {lambda", "b: {needs: [a], severity: error, timeout: 15m, lambda"),
        (f"handler: 'h:f', input: {{{DAY}, x: null}}", f"input: {{x: ~, {DAY}}}, handler: h:f"),
        (f"lambda: {ROWS}", f"operations: [{{lambda: {ROWS}}}]"),
        ("env: {N: 5}", "env: {N: '5'}, cpu: 256"),
        ("c: {", "c: {description: What it does, "),
        ("name: p", "name: p\ndescription: What it does"),
        ("{type: date}", "{type: date, description: The day}"),
    ],
)  # fmt: skip
def test_what_makes_no_difference(before: str, after: str) -> None:
    assert version_hash(changed(before, after)) == version_hash(pipeline_of(BASE))


@pytest.mark.parametrize(
    "before, after",
    [
        ("name: p", "name: q"),
        ("15m", "16m"),
        ("max_attempts: 2", "max_attempts: 3"),
        ("needs: [a, b]", "needs: [a]"),
        ("h:g", "h:k"),
        ("x: null", "x: 0"),
        ("default: 1", "default: 2"),
        ("name: p", "name: p\non_failure: stop"),
        ("c: {", "c: {severity: warning, "),
    ],
)
def test_what_makes_a_difference(before: str, after: str) -> None:
    assert version_hash(changed(before, after)) != version_hash(pipeline_of(BASE))


def test_order_of_jobs_and_keys_makes_no_difference() -> None:
    document: Any = parse_document(BASE).value
    chance = random.Random(1)

    def shuffled(value: Any) -> Any:
        if not isinstance(value, dict):
            return value
        return {key: shuffled(value[key]) for key in chance.sample(sorted(value), len(value))}

    versions = {version_hash(Pipeline.model_validate(shuffled(document))) for _ in range(10)}
    assert versions == {version_hash(pipeline_of(BASE))}


def test_canonical_form_is_read_back() -> None:
    form = canonical(pipeline_of(BASE))
    again = Pipeline.model_validate(form)
    assert canonical(again) == form
    assert version_hash(again) == version_hash(pipeline_of(BASE))
    jobs: Any = form["jobs"]
    assert jobs["b"]["needs"] == ["a"]
    assert jobs["a"]["operations"][0]["input"] == {"day": "{% $params.day %}", "x": None}
    assert jobs["c"]["timeout"] == 900


def print_of(pipeline: Pipeline, job: str, day: str = "2019-03-01") -> Any:
    return fingerprint(pipeline, job, {"day": day, "n": 1}, "code")


def test_params_count_for_the_jobs_that_read_them() -> None:
    pipeline = pipeline_of(BASE)
    assert print_of(pipeline, "a").params != print_of(pipeline, "a", "2019-03-02").params
    assert print_of(pipeline, "b") == print_of(pipeline, "b", "2019-03-02")
    assert (print_of(pipeline, "a").code, print_of(pipeline, "a").inputs) == ("code", None)


def test_params_used_as_a_whole_all_count() -> None:
    pipeline = changed("{% $params.day %}", "{% $string($params) %}")
    one, two = (fingerprint(pipeline, "a", {"day": "d", "n": n}, "c") for n in (1, 2))
    assert one.params != two.params


@pytest.mark.parametrize(
    "before, after",
    [
        (
            "c: {",
            "c: {description: x, severity: warning, retry: {max_attempts: 9}, pool: {db: 1}, code: [x.sql], ",
        ),
        ("c: {", "c: {approval: {message: Go?}, "),
        ("c: {", "d: {renamed_from: c, "),
    ],
)
def test_how_a_job_is_run_decides_no_result(before: str, after: str) -> None:
    pipeline = changed(before, after)
    assert print_of(pipeline, [*pipeline.jobs][-1]) == print_of(pipeline_of(BASE), "c")


@pytest.mark.parametrize("after", ["command: [y]", "command: [x], memory: 1024", "command: [x], input: 5"])
def test_what_decides_a_result(after: str) -> None:
    assert print_of(changed("command: [x]", after), "c") != print_of(pipeline_of(BASE), "c")


def test_a_renamed_need_is_the_same_need() -> None:
    text = BASE.replace("  a: {lambda", "  z: {renamed_from: a, lambda").replace(
        "needs: [a, b]", "needs: [z, b]"
    )
    renamed = pipeline_of(text.replace("$jobs.a.rows", "$jobs.z.rows"))
    assert print_of(renamed, "z") == print_of(pipeline_of(BASE), "a")
    assert print_of(renamed, "c") == print_of(pipeline_of(BASE), "c")
