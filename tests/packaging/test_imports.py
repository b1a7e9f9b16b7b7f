"""What an import loads and does, asked of fresh interpreters."""

from __future__ import annotations

import json
import pkgutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import ROOT

HEAVY = {"anthropic", "boto3", "botocore", "mcp", "textual"}
PURE = ("bunsui.errors", "bunsui.utils", "bunsui.asl", "bunsui.core", "bunsui.tools")

IMPORT_ALL = """
import importlib, json, os, sys, threading
before = set(os.listdir("."))
for name in sys.argv[1:]:
    importlib.import_module(name)
print(json.dumps({
    "modules": sorted({name.partition(".")[0] for name in sys.modules}),
    "threads": threading.active_count(),
    "files": sorted(set(os.listdir(".")) - before),
}))
"""
RUN_COMMAND = """
import json, sys
from bunsui.cli.main import main
try:
    status = main()
except SystemExit as end:
    status = end.code or 0
tops = sorted({name.partition(".")[0] for name in sys.modules})
print(json.dumps({"status": status, "modules": tops}), file=sys.stderr)
"""


def modules_of(package: str) -> Iterator[str]:
    """The package and every module below it, by the files that are there."""
    yield package
    folder = ROOT / package.replace(".", "/")
    for found in pkgutil.walk_packages([str(folder)], f"{package}."):
        if not found.name.endswith("__main__"):
            yield found.name


def load(names: list[str], folder: Path) -> dict[str, object]:
    command = [sys.executable, "-c", IMPORT_ALL, *names]
    answer = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert answer.returncode == 0, answer.stderr
    assert answer.stdout.count("\n") == 1, "an import printed something"
    assert answer.stderr == ""
    return dict(json.loads(answer.stdout))


def loaded(answer: dict[str, object]) -> set[str]:
    modules = answer["modules"]
    assert isinstance(modules, list)
    return set(modules)


@pytest.mark.parametrize("package", PURE)
def test_a_pure_package_loads_no_front_end_and_no_database(package: str, tmp_path: Path) -> None:
    answer = load(list(modules_of(package)), tmp_path)
    assert not loaded(answer) & (HEAVY | {"typer", "rich", "sqlite3"})


def test_the_package_loads_none_of_the_heavy_libraries(tmp_path: Path) -> None:
    names = [name for name in modules_of("bunsui") if not name.startswith(("bunsui.aws", "bunsui.ai"))]
    assert not loaded(load(names, tmp_path)) & HEAVY


def test_an_import_does_no_work(tmp_path: Path) -> None:
    names = [name for name in modules_of("bunsui") if not name.startswith(("bunsui.aws", "bunsui.ai"))]
    answer = load(names, tmp_path)
    assert answer["threads"] == 1
    assert answer["files"] == []


def test_the_root_loads_nothing_but_itself(tmp_path: Path) -> None:
    bare = load([], tmp_path)
    assert loaded(load(["bunsui"], tmp_path)) - loaded(bare) <= {
        "bunsui",
        "typing",
        "re",
        "enum",
        "__future__",
    }


def test_lazy_names_are_those_that_are_declared() -> None:
    import bunsui

    assert set(bunsui.__all__) == {*bunsui._EXPORTS, "__version__"}
    for name in bunsui.__all__:
        assert getattr(bunsui, name) is not None
    assert set(bunsui.__all__) <= set(dir(bunsui))
    with pytest.raises(AttributeError, match="no attribute 'absent'"):
        bunsui.absent  # noqa: B018  # the access is what is tried


COMMANDS = ["--version", "--help", "tool --list", "session list", "session start --help"]


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_loads_none_of_the_heavy_libraries(command: str, data_dir: Path, tmp_path: Path) -> None:
    run = [sys.executable, "-c", RUN_COMMAND, *command.split()]
    answer = subprocess.run(run, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=50)
    told = json.loads(answer.stderr.splitlines()[-1])
    assert told["status"] == 0, answer.stderr
    assert not set(told["modules"]) & HEAVY
