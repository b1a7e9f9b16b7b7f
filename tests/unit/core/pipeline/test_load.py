"""Every error of a file, in one pass, with file, line, column, key and the nearest valid word."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from bunsui.core.models.pipeline_version import PipelineVersion
from bunsui.core.pipeline import canonical, load_document, load_pipeline, load_reference, parse_document
from bunsui.errors import DefinitionInvalid, NotFound, UsageError
from tests.unit.core.pipeline.loading import HEAD, JOB, findings, write


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


@pytest.mark.parametrize("text", ["~", "&a ", "[1]", "text", "5"])
def test_documents_that_are_no_mapping(text: str) -> None:
    (found,) = findings(text)
    assert found["message"].startswith("a pipeline is a mapping, not ")


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
        ("{LAMBDA, code: [a**b]}", "code[0]", "no pattern of files"),
        ("{LAMBDA, code: [.]}", "code[0]", "no pattern of files"),
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


def test_secrets_given_as_values_are_not_repeated() -> None:
    with pytest.raises(DefinitionInvalid) as caught:
        load_document(
            parse_document(HEAD + "params: {key: {type: secret, default: hunter2}}\n" + JOB), handlers=False
        )
    assert "hunter2" not in str(caught.value.to_json())


def test_folders_and_files(tmp_path: Path) -> None:
    write(tmp_path, HEAD + JOB, "def f(event, context): ...")
    loaded = load_pipeline(tmp_path)
    assert loaded == load_pipeline(tmp_path / "pipeline.yaml")
    assert (loaded.project, loaded.source, loaded.executed_code) == (
        tmp_path,
        tmp_path / "pipeline.yaml",
        False,
    )


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


class Registry:
    """Registered versions of one pipeline."""

    def __init__(self, *versions: PipelineVersion) -> None:
        self._versions = versions

    async def version(self, name: str, hash: str | None = None) -> PipelineVersion:
        for version in self._versions:
            if version.name == name:
                return version
        raise NotFound(f"no pipeline {name}")

    async def versions(self, name: str) -> list[PipelineVersion]:
        return list(self._versions)

    async def newest(self) -> list[PipelineVersion]:
        return list(self._versions)


async def test_references(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("p", "other"):
        (tmp_path / name).mkdir()
        write(tmp_path / name, HEAD + JOB, "def f(event, context): ...")
    loaded = load_pipeline("p")
    version = PipelineVersion(
        name="p",
        hash=loaded.version,
        definition=canonical(loaded.pipeline),
        project=str(loaded.project),
        source=str(loaded.source),
        registered=True,
        registered_by="me",
        registered_at=datetime(2026, 1, 1, tzinfo=UTC),
    )
    named = await load_reference("p", Registry(version))
    assert (named.version, named.project, named.source, named.registered) == (
        loaded.version, loaded.project, loaded.source, True,
    )  # fmt: skip
    for text in ("./p", "p/pipeline.yaml", "other", str(tmp_path / "p")):
        found = await load_reference(text, Registry(version))
        assert (found.registered, found.version) == (False, loaded.version)
    assert not (await load_reference("p", Registry())).registered
    with pytest.raises(NotFound, match="no registered one of that name, and no such file"):
        await load_reference("gone", Registry(version))


@pytest.mark.parametrize("text", ["", " ", "\n"])
async def test_an_empty_text_is_not_the_folder_of_the_caller(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    monkeypatch.chdir(tmp_path)
    write(tmp_path, HEAD + JOB, "def f(event, context): ...")
    assert not (await load_reference(".", Registry())).registered
    with pytest.raises(UsageError, match="names no pipeline"):
        await load_reference(text, Registry())


@pytest.mark.parametrize("text", ["a" * 300, f"./{'a' * 300}", f"{'a' * 300}/p.yaml"])
async def test_a_name_that_no_file_can_have_is_not_found(text: str) -> None:
    with pytest.raises(NotFound, match="File name too long"):
        await load_reference(text, Registry())


def test_numbers_that_a_job_would_not_be_given_as_they_are_written() -> None:
    found = findings(
        """\
        bunsui: 1
        name: p
        params: {id: {type: integer, default: 9007199254740993}}
        jobs:
          a:
            lambda:
              handler: 'h:f'
              input: {ids: [9007199254740992, 1234567890123456789, '1234567890123456789'], f: 1.5e300}
        """
    )
    assert [(one["line"], one["key"]) for one in found] == [
        (3, "params.id.default"),
        (8, "jobs.a.lambda.input.ids[1]"),
    ]
    assert "is beyond 9,007,199,254,740,992" in found[1]["message"]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (f"timeout: {'9' * 400}s", "must be at most 99,999,999 seconds"),
        ("timeout: 9999999d", "must be at most 99,999,999 seconds"),
        ("timeout: 100000000", "must be at most 99999999, not 100000000"),
        ("timeout: 010", "could be octal, decimal or text: quote it, or leave out the leading zero"),
        ("cache: yes", "must be true or false, not text 'yes'"),
    ],
)
def test_a_wrong_value_is_told_once_and_as_it_is(line: str, message: str) -> None:
    (found,) = findings(f"bunsui: 1\nname: p\njobs:\n  a:\n    lambda: {{handler: 'h:f'}}\n    {line}\n")
    assert (found["line"], found["message"]) == (6, message)
