"""Which files are the code of a job."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from bunsui.core.models.pipeline import Job
from bunsui.core.pipeline import code_digest, code_files
from bunsui.errors import NotFound

FILES = {
    "handlers/__init__.py": "",
    "handlers/load.py": "import os\nfrom shared.db import c\nfrom . import tools\nfrom .deep.more import x",
    "handlers/tools.py": "def late():\n    import shared.late\n",
    "handlers/deep/__init__.py": "from .. import other",
    "handlers/deep/more.py": "from ..sibling import y",
    "handlers/sibling.py": "x = 1",
    "handlers/other.py": "",
    "shared/__init__.py": "",
    "shared/db.py": "from shared import db",
    "shared/late.py": "",
    "shared/unused.py": "",
    "scripts/clean.py": "import helper\nfrom shared import late",
    "scripts/helper.py": "",
    "sql/a.sql": "",
    "sql/deep/b.sql": "",
    "sql/.venv/c.sql": "",
}


@pytest.fixture
def project(tmp_path: Path) -> Path:
    for name, text in FILES.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    return tmp_path


def job(**body: Any) -> Job:
    return Job.model_validate(body or {"lambda": {"handler": "handlers.load:f"}})


def container(*command: str) -> Job:
    return job(ecs={"image": "i", "command": list(command)})


def test_imports_are_followed(project: Path) -> None:
    expected = {name for name in FILES if name.startswith(("handlers/", "shared/"))} - {"shared/unused.py"}
    assert set(code_files(project, job())) == expected


def test_scripts_of_commands(project: Path) -> None:
    files = ["scripts/clean.py", "scripts/helper.py", "shared/__init__.py", "shared/late.py"]
    assert code_files(project, container("python", "scripts/clean.py", "--fast", "/etc/hostname")) == files
    assert code_files(project, container("sh", "sql/a.sql")) == ["sql/a.sql"]


def test_globs(project: Path) -> None:
    found = code_files(project, job(ecs={"image": "i", "command": ["x"]}, code=["sql/**/*.sql", "*.none"]))
    assert found == ["sql/a.sql", "sql/deep/b.sql"]


def test_digest_follows_the_content(project: Path) -> None:
    before = code_digest(project, job())
    (project / "shared" / "unused.py").write_text("x = 2", encoding="utf-8")
    assert code_digest(project, job()) == before
    (project / "shared" / "late.py").write_text("x = 2", encoding="utf-8")
    assert code_digest(project, job()) != before


def test_digest_is_the_same_elsewhere(project: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    other = tmp_path_factory.mktemp("other") / "project"
    shutil.copytree(project, other)
    assert code_digest(other, job()) == code_digest(project, job())


def test_a_renamed_file_is_another_code(project: Path) -> None:
    before = code_digest(project, container("sh", "sql/a.sql"))
    (project / "sql" / "a.sql").rename(project / "sql" / "z.sql")
    assert code_digest(project, container("sh", "sql/z.sql")) != before


def test_broken_python_counts_as_text(project: Path) -> None:
    (project / "handlers" / "tools.py").write_text("def (", encoding="utf-8")
    assert "handlers/tools.py" in code_files(project, job())


def test_missing_handlers(project: Path) -> None:
    with pytest.raises(NotFound, match=r"no module handlers\.gone"):
        code_digest(project, job(**{"lambda": {"handler": "handlers.gone:f"}}))
