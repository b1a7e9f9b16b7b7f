"""Whether handlers exist is read from their source."""

from __future__ import annotations

from pathlib import Path

import pytest

from bunsui.core.pipeline import load_pipeline
from bunsui.errors import DefinitionInvalid
from tests.unit.core.pipeline.loading import HEAD, JOB, write


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


def test_style_of_handlers_is_no_concern(tmp_path: Path) -> None:
    load_pipeline(write(tmp_path, HEAD + JOB, "PATTERN = '\\d'\ndef f(event, context): ...\n"))


def test_globs_that_match_nothing_are_warnings(tmp_path: Path) -> None:
    job = "jobs: {a: {lambda: {handler: 'h:f'}, code: ['*.py', 'sql/**/*.sql']}}\n"
    (warning,) = load_pipeline(write(tmp_path, HEAD + job, "f = 1")).warnings
    assert (warning.key, warning.severity) == ("jobs.a.code[1]", "warning")
