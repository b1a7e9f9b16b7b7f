"""Every error of a file, in one pass, with file, line, column, key and the nearest valid word."""

from __future__ import annotations

import textwrap
from pathlib import Path
from typing import Any

import pytest

from bunsui.core.models.base import JsonValue
from bunsui.core.pipeline import load_document, load_pipeline, parse_document
from bunsui.errors import DefinitionInvalid, NotFound

HEAD = "name: p\n"
JOB = "jobs: {a: {lambda: {handler: 'h:f'}}}\n"


def findings(text: str, *, handlers: bool = False) -> list[dict[str, Any]]:
    document = parse_document(textwrap.dedent(text), "pipeline.yaml")
    with pytest.raises(DefinitionInvalid) as caught:
        load_document(document, handlers=handlers)
    found: Any = caught.value.details["findings"]
    assert all(one["line"] and one["column"] for one in found)
    return list(found)


def only(text: str) -> tuple[int, int, str, str, str]:
    (found,) = findings(text)
    return found["line"], found["column"], found["key"], found["message"], found["suggestion"]


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
        ("[10, 0o17, 0x1F, -5, +5, 010]", [10, 15, 31, -5, 5, 10]),
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


@pytest.mark.parametrize(
    "text, place, message",
    [
        ("a: [", (2, 1), "no YAML"),
        ("a: 1\n b: 2", (2, 3), "no YAML"),
        ("a: 1\na: 2", (2, 1), "twice"),
        ("{a: {b: 1, b: 2}}", (1, 12), "twice"),
        ("a: *b", (1, 4), "no anchor"),
        ("a: &x [*x]", (1, 8), "inside its own anchor"),
        ("a: 1\n---\nb: 1", (3, 1), "one document"),
        ("<<: {a: 1}", (1, 1), "merge keys"),
        ("5: a", (1, 1), "must be text"),
        ("? [a]\n: b", (1, 3), "must be text"),
        ("a: !Ref x", (1, 4), "no meaning"),
        ("a: .inf", (1, 4), "infinity"),
        ("a: 1e999", (1, 4), "too large"),
        ("a: 99999999999999999999", (1, 4), "64 bits"),
        ("a: " + "9" * 5000, (1, 4), "64 bits"),
        ("a: " + "[" * 60, (1, 43), "deeper than 40"),
        ("", (1, 1), "empty"),
        ("# nothing", (1, 1), "empty"),
        ("a: \x00", (1, 1), "no YAML"),
        ("a: \ud800", (1, 1), "no YAML"),
    ],
)
def test_errors_of_the_text(text: str, place: tuple[int, int], message: str) -> None:
    (found, *_) = parse_document(text).findings([])
    assert (found.line, found.column) == place
    assert message in found.message


def test_aliases_cannot_explode() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 12)]
    (found,) = parse_document("\n".join(lines)).findings([])
    assert "aliases expanded" in found.message


def test_everything_in_one_pass() -> None:
    found = findings(
        """\
        bunsui: 2
        nmae: p
        params:
          month: {type: strng}
          n: {type: integer, default: x}
        jobs:
          a:
            lamda: {handler: 'h:f'}
          b:
            needs: [aa]
            lambda: {handler: h.f, memory: '12', input: {x: '{% $params.mnth %}', y: '{% 1 + %}'}}
            retyr: {}
          c: {needs: [d], lambda: {handler: 'h:f'}}
          d: {needs: [c], lambda: {handler: 'h:f'}, timeout: soon}
        """
    )
    said = [(one["line"], one["column"], one["key"], one["suggestion"]) for one in found]
    assert said == [
        (1, 1, "name", ""),
        (1, 9, "bunsui", ""),
        (2, 1, "nmae", "name"),
        (4, 17, "params.month.type", "string"),
        (5, 31, "params.n.default", ""),
        (8, 5, "jobs.a.lamda", "lambda"),
        (10, 13, "jobs.b.needs[0]", "a"),
        (11, 23, "jobs.b.lambda.handler", ""),
        (11, 36, "jobs.b.lambda.memory", ""),
        (11, 65, "jobs.b.lambda.input.x", "month"),
        (11, 86, "jobs.b.lambda.input.y", ""),
        (12, 5, "jobs.b.retyr", "retry"),
        (13, 7, "jobs.c.needs", ""),
        (14, 54, "jobs.d.timeout", ""),
    ]
    assert "c -> d -> c" in found[12]["message"]


def test_wrong_types_are_named() -> None:
    found = findings(
        HEAD + "max_concurrency: many\non_failure: contine\njobs: {a: {lambda: 5, needs: b, timeout: [1]}}\n"
    )
    assert [one["message"] for one in found] == [
        "must be an integer, not text 'many'",
        "must be one of 'continue', 'stop', not text 'contine'",
        "lambda must be a mapping",
        "must be a list, not text 'b'",
        "must be an integer, not a list",
    ]


@pytest.mark.parametrize(
    "job, key, message",
    [
        ("{}", "operations", "one of lambda, ecs, step_functions, aws is required"),
        ("{LAMBDA, ecs: {image: i, command: [c]}}", "ecs", "a job has one of"),
        ("{operations: []}", "operations", "must not be empty"),
        ("{operations: [{lamda: {handler: 'h:f'}}]}", "operations[0]", "must have exactly one of"),
        ("{LAMBDA, when: 'x > 1'}", "when", "must be an expression"),
        ("{LAMBDA_, input: 'a {% 1 %}'}}", "lambda.input", "must be the whole text"),
        ("{LAMBDA_, env: {A: '{% 1 %}'}}}", "lambda.env.A", "no expression is evaluated"),
        ("{LAMBDA_, input: '{% $item %}'}}", "lambda.input", "of a mapped job only"),
        ("{LAMBDA_, input: '{% $states.input %}'}}", "lambda.input", "belongs to state machines"),
        ("{LAMBDA_, input: '{% $eval(1) %}'}}", "lambda.input", "is not bound"),
        ("{LAMBDA_, input: '{% $jobs.a.x %}'}}", "needs", "cycle: a -> a"),
        ("{LAMBDA, code: [../x]}", "code[0]", "inside the project"),
        ("{LAMBDA, retry: {errors: [States.ALL, X]}}", "retry.errors", "stand alone"),
        ("{LAMBDA, renamed_from: a}", "renamed_from", "still is a job"),
        ("{LAMBDA, timeout: 1.5s}", "timeout", "whole seconds"),
        ("{LAMBDA, timeout: 0}", "timeout", "at least 1"),
    ],
)  # fmt: skip
def test_rules_of_jobs(job: str, key: str, message: str) -> None:
    job = job.replace("LAMBDA_", "lambda: {handler: 'h:f'").replace("LAMBDA", "lambda: {handler: 'h:f'}")
    (found,) = findings(f"{HEAD}jobs: {{a: {job}}}\n")
    assert found["key"] == f"jobs.a.{key}"
    assert message in found["message"]


def test_places_in_folded_texts() -> None:
    head = "params: {day: {}}\njobs:\n  a:\n    lambda:\n      handler: h:f\n      input: >-\n"
    text = f"{HEAD}{head}        {{% $params.day\n        & $params.dya %}}\n"
    assert only(text) == (9, 19, "jobs.a.lambda.input", "there is no parameter 'dya'", "day")


def test_places_behind_quotes() -> None:
    text = (
        HEAD
        + "params: {day: {}}\njobs: {a: {lambda: {handler: 'h:f', input: '{% ''x'' & $params.dya %}'}}}\n"
    )
    assert only(text)[:2] == (3, text.split("\n")[2].index("dya") + 1)


def test_secrets_given_as_values_are_not_repeated() -> None:
    with pytest.raises(DefinitionInvalid) as caught:
        load_document(
            parse_document(HEAD + "params: {key: {type: secret, default: hunter2}}\n" + JOB), handlers=False
        )
    assert "hunter2" not in str(caught.value.to_json())


def test_durations() -> None:
    text = HEAD + "defaults: {timeout: 1h30m, retry: {interval: 5s, max_delay: 2d}}\n" + JOB
    defaults = load_document(parse_document(text), handlers=False).pipeline.defaults
    assert defaults.timeout == 5400
    assert defaults.retry is not None
    assert (defaults.retry.interval, defaults.retry.max_delay) == (5, 172_800)


def write(folder: Path, text: str, handler: str = "") -> Path:
    (folder / "pipeline.yaml").write_text(text, encoding="utf-8")
    (folder / "h.py").write_text(handler, encoding="utf-8")
    return folder


def test_folders_and_files(tmp_path: Path) -> None:
    write(tmp_path, HEAD + JOB, "def f(event, context): ...")
    loaded = load_pipeline(tmp_path)
    assert loaded == load_pipeline(tmp_path / "pipeline.yaml")
    assert (loaded.project, loaded.source, loaded.executed_code) == (
        tmp_path,
        tmp_path / "pipeline.yaml",
        False,
    )


@pytest.mark.parametrize(
    "handler, message",
    [
        ("def g(event, context): ...", "h.py defines no 'f'"),
        ("def f(:", "is no Python"),
        ("x = 'f'", "defines no"),
    ],
)
def test_missing_handlers(tmp_path: Path, handler: str, message: str) -> None:
    with pytest.raises(DefinitionInvalid, match=r"pipeline.yaml:2:30: jobs.a.lambda.handler: .*" + message):
        load_pipeline(write(tmp_path, HEAD + JOB, handler))


@pytest.mark.parametrize(
    "handler",
    [
        "async def f(e, c): ...",
        "f = print",
        "from x import f",
        "from x import g as f",
        "try:\n    import f\nexcept ImportError:\n    f = 1",
        "from x import *",
    ],
)
def test_handlers_however_they_are_defined(tmp_path: Path, handler: str) -> None:
    load_pipeline(write(tmp_path, HEAD + JOB, handler))


def test_missing_handler_file_names_the_nearest(tmp_path: Path) -> None:
    write(tmp_path, HEAD + "jobs: {a: {lambda: {handler: 'handlers.fetsh:f'}}}\n")
    (tmp_path / "handlers").mkdir()
    (tmp_path / "handlers" / "fetch.py").write_text("f = 1", encoding="utf-8")
    with pytest.raises(
        DefinitionInvalid, match=r"there is no file handlers/fetsh.py .*did you mean handlers/fetch.py"
    ):
        load_pipeline(tmp_path)


def test_missing_scripts_are_warnings(tmp_path: Path) -> None:
    write(tmp_path, HEAD + "jobs: {a: {ecs: {image: i, command: [python, run.py]}}}\n")
    (warning,) = load_pipeline(tmp_path).warnings
    assert (warning.severity, warning.key, warning.line) == ("warning", "jobs.a.ecs.command[1]", 2)


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "no.yaml", tmp_path / "x\0y", tmp_path / "no.py:p"):
        with pytest.raises(NotFound):
            load_pipeline(path)
    (tmp_path / "pipeline.yaml").write_bytes(b"name: \xff\n")
    with pytest.raises(DefinitionInvalid, match="no UTF-8"):
        load_pipeline(tmp_path)


def test_pipelines_from_python(tmp_path: Path) -> None:
    source = """
from bunsui import Job, LambdaOperation, Pipeline
from names import NAME
nightly = Pipeline(name=NAME, jobs={"a": Job(operations=(LambdaOperation(handler="h:f"),))})
broken = Pipeline(name=NAME, jobs={"a": Job(needs=("b",), operations=(LambdaOperation(handler="h:f"),))})
"""
    (tmp_path / "pipes.py").write_text(source, encoding="utf-8")
    (tmp_path / "names.py").write_text("NAME = 'nightly'", encoding="utf-8")
    (tmp_path / "h.py").write_text("def f(event, context): ...", encoding="utf-8")
    loaded = load_pipeline(f"{tmp_path}/pipes.py:nightly")
    assert (loaded.pipeline.name, loaded.executed_code, loaded.project) == ("nightly", True, tmp_path)
    assert load_pipeline(str(loaded.source)).pipeline == loaded.pipeline
    with pytest.raises(DefinitionInvalid, match="there is no job 'b'"):
        load_pipeline(f"{tmp_path}/pipes.py:broken")
    with pytest.raises(DefinitionInvalid, match="no Pipeline called 'other'"):
        load_pipeline(f"{tmp_path}/pipes.py:other")
    (tmp_path / "pipes.py").write_text("1 / 0", encoding="utf-8")
    with pytest.raises(DefinitionInvalid, match="ZeroDivisionError"):
        load_pipeline(f"{tmp_path}/pipes.py:nightly")
