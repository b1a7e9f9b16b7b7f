"""The wheel as it is built: its names, its data, nothing else."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from zipfile import ZipFile

import pytest

from tests.conftest import ROOT


@pytest.fixture(scope="module")
def wheel_names(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """Paths inside a freshly built wheel."""
    out = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(out), str(ROOT)]
    subprocess.run(command, check=True, capture_output=True)
    (wheel,) = out.glob("*.whl")
    with ZipFile(wheel) as archive:
        return archive.namelist()


def test_top_level_names_are_the_three_packages(wheel_names: list[str]) -> None:
    tops = {Path(name).parts[0] for name in wheel_names}
    assert {top for top in tops if not top.endswith(".dist-info")} == {"bunsui", "bunsui_mcp", "bunsui_tui"}


def test_every_source_is_in_the_wheel(wheel_names: list[str]) -> None:
    roots = [ROOT, ROOT / "mcp_server", ROOT / "tui"]
    packages = ["bunsui", "bunsui_mcp", "bunsui_tui"]
    sources = {
        path.relative_to(root).as_posix()
        for root, package in zip(roots, packages, strict=True)
        for path in (root / package).rglob("*.py")
    }
    assert sources <= set(wheel_names)


def test_prompts_are_shipped_as_data(wheel_names: list[str]) -> None:
    prompts = {f"bunsui/prompts/{path.name}" for path in (ROOT / "prompts").glob("*.md")}
    assert prompts
    assert prompts == {name for name in wheel_names if name.startswith("bunsui/prompts/")}


def test_the_example_is_shipped_without_what_a_run_leaves(wheel_names: list[str]) -> None:
    example = ROOT / "examples" / "taxi_month"
    sources = {
        f"bunsui/examples/taxi_month/{path.relative_to(example).as_posix()}"
        for path in example.rglob("*")
        if path.is_file() and not {"out", "__pycache__", ".venv"} & set(path.parts)
    }
    assert sources == {name for name in wheel_names if name.startswith("bunsui/examples/")}


def test_nothing_else_is_shipped(wheel_names: list[str]) -> None:
    for name in wheel_names:
        path = Path(name)
        assert not {"tests", "docs", "out", "__pycache__"} & set(path.parts), name
