"""The choice of a Python for the environment, and its one line of help."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import ROOT

WITHOUT_VENV = f"""#!/bin/sh
case "$2" in *ensurepip*) exit 1;; esac
exec {sys.executable} "$@"
"""
TOO_OLD = """#!/bin/sh
echo 3.9
exit 1
"""


def make(venv: Path, python: Path) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"PYTHON": str(python)}
    command = ["bash", str(ROOT / ".ci" / "venv"), str(venv)]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)


@pytest.mark.parametrize(
    "script, help_line",
    [
        (WITHOUT_VENV, "is here, but without venv. On Debian and Ubuntu: apt install python3-venv\n"),
        (TOO_OLD, "bunsui needs Python 3.11 or later; "),
    ],
)
def test_an_unfit_python_is_explained_in_one_line(tmp_path: Path, script: str, help_line: str) -> None:
    python = tmp_path / "python3"
    python.write_text(script, encoding="utf-8")
    python.chmod(0o755)
    answer = make(tmp_path / "venv", python)
    assert answer.returncode == 1
    assert help_line in answer.stderr
    assert answer.stderr.count("\n") == 1
    assert not (tmp_path / "venv").exists()


def test_an_environment_that_is_there_is_kept(tmp_path: Path) -> None:
    venv = tmp_path / "venv"
    (venv / "bin").mkdir(parents=True)
    python = venv / "bin" / "python"
    python.write_text(f'#!/bin/sh\nexec {sys.executable} "$@"\n', encoding="utf-8")
    python.chmod(0o755)
    answer = make(venv, Path("no-such-python"))
    assert (answer.returncode, answer.stdout, answer.stderr) == (0, "", "")
