"""Definitions in folders: what looks like one is found, what only mentions the words is not."""

from __future__ import annotations

from pathlib import Path

import pytest

from bunsui.errors import NotFound, UsageError
from bunsui.tools.pipeline.files import definitions


def names(folder: Path) -> set[str]:
    return {str(Path(found).relative_to(folder)) for found in definitions(str(folder))}


@pytest.mark.parametrize(
    ("name", "text", "counts"),
    [
        pytest.param("pipeline.yaml", "", True, id="by its name"),
        pytest.param("a.yaml", "bunsui: 1\n", True, id="a pipeline"),
        pytest.param("a.yml", "name: x\njobs:\n  a: {}\n", True, id="jobs at the margin"),
        pytest.param("a.json", '{"States": {}}', True, id="a state machine"),
        pytest.param("a.json", '{"deep": {"States": {}}}', False, id="the key is inside"),
        pytest.param("ci.yaml", "on: push\nbuild:\n  jobs:\n    a: 1\n", False, id="jobs of something else"),
        pytest.param("a.yaml", "text: about jobs and States\n", False, id="only words"),
        pytest.param("a.json", '{"States": ', True, id="broken: validating says why"),
        pytest.param("a.yaml", "{jobs: {a: 1}}", True, id="flow style that is no JSON"),
        pytest.param("a.txt", "bunsui: 1\n", False, id="another kind of file"),
        pytest.param("A.YAML", "bunsui: 1\n", True, id="capitals"),
    ],
)
def test_a_file_counts_by_what_it_begins_with(tmp_path: Path, name: str, text: str, counts: bool) -> None:
    (tmp_path / "pipeline.json").write_text('{"jobs": {}}')
    (tmp_path / name).write_text(text)
    assert names(tmp_path) == {"pipeline.json", *([name] if counts else [])}


@pytest.mark.parametrize("folder", [".git", "node_modules", "venv", "__pycache__"])
def test_folders_of_other_things_are_not_searched(tmp_path: Path, folder: str) -> None:
    for place in (tmp_path / folder, tmp_path / "sub"):
        place.mkdir()
        (place / "pipeline.yaml").write_text("bunsui: 1\n")
    assert names(tmp_path) == {"sub/pipeline.yaml"}


def test_a_file_is_taken_as_it_is_named(tmp_path: Path) -> None:
    file = tmp_path / "anything.txt"
    file.write_text("")
    assert definitions(str(file)) == [str(file)]
    (tmp_path / "p.py").write_text("")
    assert definitions(f"{tmp_path}/p.py:NAME") == [f"{tmp_path}/p.py:NAME"]


def test_nothing_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="holds no pipeline"):
        definitions(str(tmp_path))
    with pytest.raises(NotFound, match="there is no file or folder"):
        definitions(str(tmp_path / "no"))


def test_an_empty_text_is_not_the_folder_of_the_caller() -> None:
    with pytest.raises(UsageError, match="names no file"):
        definitions("")


def test_a_name_that_no_file_can_have_is_not_found() -> None:
    with pytest.raises(NotFound, match="File name too long"):
        definitions("a" * 300)
