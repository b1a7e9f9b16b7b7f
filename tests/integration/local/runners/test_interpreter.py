"""Which Python runs a project, and that its environment is the project's own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from bunsui.local.runners.interpreter import project_environment, project_python, python_folder


def own_python(project: Path, mode: int = 0o755) -> Path:
    path = project / ".venv" / "bin" / "python"
    path.parent.mkdir(parents=True)
    path.write_text("#!/bin/sh\n")
    path.chmod(mode)
    return path


def test_the_interpreter_is_the_configured_one_else_the_projects_else_ours(tmp_path: Path) -> None:
    assert project_python(tmp_path) == Path(sys.executable)
    own = own_python(tmp_path)
    assert project_python(tmp_path) == own
    assert project_python(tmp_path, Path("/opt/py")) == Path("/opt/py")


def test_a_python_that_cannot_be_run_is_none(tmp_path: Path) -> None:
    own_python(tmp_path, mode=0o644)
    assert project_python(tmp_path) == Path(sys.executable)


@pytest.mark.parametrize("name", ["PYTHONHOME", "PYTHONEXECUTABLE", "__PYVENV_LAUNCHER__", "VIRTUAL_ENV"])
def test_what_belongs_to_our_interpreter_does_not_reach_the_project(name: str, tmp_path: Path) -> None:
    env = project_environment({name: "ours", "KEEP": "1"}, tmp_path / "bin" / "python")
    assert env.get(name) != "ours"
    assert env["KEEP"] == "1"


def test_commands_of_the_project_are_found_first(tmp_path: Path) -> None:
    env = project_environment({"PATH": "/usr/bin"}, tmp_path / "bin" / "python", tmp_path / "first")
    assert env["PATH"].split(os.pathsep) == [str(tmp_path / "first"), str(tmp_path / "bin"), "/usr/bin"]


def test_without_a_path_there_is_the_systems() -> None:
    assert project_environment({}, Path("/opt/bin/python"))["PATH"].endswith(os.defpath)


def test_time_is_utc_and_output_is_not_held_back() -> None:
    env = project_environment({"TZ": "Asia/Tokyo"}, Path("/opt/bin/python"))
    assert (env["TZ"], env["PYTHONUNBUFFERED"]) == ("UTC", "1")


def test_a_virtual_environment_is_named(tmp_path: Path) -> None:
    python = own_python(tmp_path)
    assert "VIRTUAL_ENV" not in project_environment({}, python)
    (tmp_path / ".venv" / "pyvenv.cfg").write_text("")
    assert project_environment({}, python)["VIRTUAL_ENV"] == str(tmp_path / ".venv")


@pytest.mark.parametrize("name", ["python", "python3"])
def test_a_plain_python_is_the_projects_also_with_quotes_in_its_path(tmp_path: Path, name: str) -> None:
    target = tmp_path / 'it\'s a "place"' / "python"
    target.parent.mkdir()
    target.write_text('#!/bin/sh\nprintf "%s|" "$@"\n')
    target.chmod(0o755)
    script = python_folder(tmp_path / "run", target) / name
    said = subprocess.run([script, "a b", "$c"], check=True, capture_output=True, text=True)
    assert said.stdout == "a b|$c|"


def test_two_interpreters_have_two_folders_and_one_is_made_once(tmp_path: Path) -> None:
    one = python_folder(tmp_path, Path("/a/python"))
    written = (one / "python").stat().st_mtime_ns
    assert python_folder(tmp_path, Path("/b/python")) != one
    assert python_folder(tmp_path, Path("/a/python")) == one
    assert (one / "python").stat().st_mtime_ns == written
