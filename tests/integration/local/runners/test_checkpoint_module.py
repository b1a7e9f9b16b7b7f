"""`bunsui_checkpoint`, as handlers import it."""

from __future__ import annotations

import importlib.util
from dataclasses import replace
from pathlib import Path
from types import ModuleType

import pytest

from bunsui.local.runners.containers import MODULES
from bunsui.local.runners.outcomes import Returned, TaskStopped
from bunsui.local.runners.pool import LambdaPool

from .conftest import Desk, Runner


@pytest.fixture
def module() -> ModuleType:
    spec = importlib.util.spec_from_file_location("bunsui_checkpoint", MODULES / "bunsui_checkpoint.py")
    assert spec is not None
    assert spec.loader is not None
    made = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(made)
    return made


def test_what_was_saved_is_loaded_again(
    module: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BUNSUI_CHECKPOINTS", str(tmp_path / "deep" / "folder"))
    assert module.load("model") is None
    assert module.load("model", {"epoch": 0}) == {"epoch": 0}
    module.save("model", {"epoch": 1, "weights": [0.1]})
    module.save("model", {"epoch": 2, "weights": [0.2]})
    assert module.load("model") == {"epoch": 2, "weights": [0.2]}
    assert [path.name for path in (tmp_path / "deep" / "folder").iterdir()] == ["model.json"]


def test_a_write_that_was_cut_short_leaves_the_one_before(
    module: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BUNSUI_CHECKPOINTS", str(tmp_path))
    module.save("model", 1)
    (tmp_path / "model.json.tmp").write_text('{"epoch": ', encoding="utf-8")
    assert module.load("model") == 1
    with pytest.raises(TypeError):
        module.save("model", object())
    with pytest.raises(ValueError, match="JSON"):
        module.save("model", float("nan"))
    assert module.load("model") == 1


def test_outside_of_bunsui_nothing_is_kept(module: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("BUNSUI_CHECKPOINTS", raising=False)
    module.save("model", 1)
    assert module.load("model", 7) == 7


@pytest.mark.parametrize("name", ["", "../up", "a/b", ".hidden", "x" * 101])
def test_a_name_stays_in_its_folder(module: ModuleType, name: str) -> None:
    with pytest.raises(ValueError, match="named with letters"):
        module.save(name, 1)


COUNTING = """
from bunsui_checkpoint import load, save

def work(event, context):
    count = load("count", 0) + 1
    save("count", count)
    return count
"""


async def test_functions_import_it_and_each_call_has_its_own_folder(desk: Desk, pool: LambdaPool) -> None:
    (desk.project / "counting.py").write_text(COUNTING, encoding="utf-8")
    function, counts = desk.function("counting:work"), []
    for folder in ("one", "two", "one", None):
        place = str(desk.root / folder) if folder else None
        call = desk.invocation()
        call = replace(call, context=replace(call.context, checkpoints=place))
        outcome = await pool.invoke(function, call, desk.record)
        assert isinstance(outcome, Returned)
        counts.append(outcome.payload)
    assert counts == [b"1", b"1", b"2", b"1"]
    assert len({started.pid for started in desk.started}) == 1


async def test_containers_import_it(desk: Desk, run: Runner) -> None:
    (desk.project / "task.py").write_text(f"{COUNTING}\nprint(work(None, None))\n", encoding="utf-8")
    call = desk.task_call()
    call = replace(call, context=replace(call.context, checkpoints=str(desk.root / "progress")))
    outcome = await run(desk.task("python", "task.py"), call)
    assert isinstance(outcome, TaskStopped)
    assert outcome.exit_code == 0
    assert (desk.root / "progress" / "count.json").read_text(encoding="utf-8") == "1"
