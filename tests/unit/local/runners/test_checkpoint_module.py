"""`bunsui_checkpoint`, as handlers import it."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

from bunsui.local.runners.containers import MODULES


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
