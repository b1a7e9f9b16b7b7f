from __future__ import annotations

from pathlib import Path

import pytest

from bunsui.core.models.pipeline import Job, Pipeline
from bunsui.errors import NotFound
from bunsui.local.code import LocalCode


def job(**changes: object) -> Job:
    definition = {"bunsui": 1, "name": "p", "jobs": {"a": {"lambda": {"handler": "work:run"}, **changes}}}
    return Pipeline.model_validate(definition).jobs["a"]


async def test_the_digest_follows_the_files(tmp_path: Path) -> None:
    code = LocalCode()
    (tmp_path / "work.py").write_text("import help\ndef run(e, c): pass\n", encoding="utf-8")
    (tmp_path / "help.py").write_text("X = 1\n", encoding="utf-8")
    first = await code.code_of(str(tmp_path), job())
    assert await code.code_of(str(tmp_path), job()) == first
    (tmp_path / "help.py").write_text("X = 22\n", encoding="utf-8")
    assert await code.code_of(str(tmp_path), job()) != first


async def test_a_new_file_of_a_glob_counts(tmp_path: Path) -> None:
    code = LocalCode()
    (tmp_path / "work.py").write_text("def run(e, c): pass\n", encoding="utf-8")
    first = await code.code_of(str(tmp_path), job(code=["sql/*.sql"]))
    (tmp_path / "sql").mkdir()
    (tmp_path / "sql" / "a.sql").write_text("select 1", encoding="utf-8")
    assert await code.code_of(str(tmp_path), job(code=["sql/*.sql"])) != first


async def test_a_missing_handler_is_not_found_also_after_it_was_there(tmp_path: Path) -> None:
    code = LocalCode()
    (tmp_path / "work.py").write_text("def run(e, c): pass\n", encoding="utf-8")
    await code.code_of(str(tmp_path), job())
    (tmp_path / "work.py").unlink()
    with pytest.raises(NotFound):
        await code.code_of(str(tmp_path), job())
