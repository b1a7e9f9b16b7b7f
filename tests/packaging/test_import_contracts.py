"""Every import contract is shown to bite: a violation planted into a miniature of the tree breaks it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest
from importlinter.api import read_configuration

from tests.conftest import ROOT

PARTS = "cli testing bootstrap aws local reporting ai tools core asl utils errors".split()


class Planted(NamedTuple):
    """One import that a contract must refuse."""

    contract: str
    importer: str
    imported: str


PLANTED = [
    *(Planted("layers", f"bunsui.{low}", f"bunsui.{high}") for low, high in [
        ("testing", "cli"), ("bootstrap", "testing"), ("local", "bootstrap"), ("tools", "local"),
        ("core", "tools"), ("asl", "core"), ("utils", "asl"), ("errors", "utils"),
    ]),
    *(Planted("layers", f"bunsui.{one}", f"bunsui.{other}") for one, other in [
        ("aws", "local"), ("local", "reporting"), ("reporting", "ai"), ("ai", "aws"),
    ]),
    Planted("front-ends", "bunsui.bootstrap", "bunsui_mcp"),
    Planted("front-ends", "bunsui.bootstrap", "bunsui_tui"),
    Planted("front-ends", "bunsui_mcp", "bunsui.cli"),
    Planted("front-ends", "bunsui_tui", "bunsui_mcp"),
    Planted("front-ends", "bunsui_mcp", "bunsui.testing"),
    *(Planted("pure", f"bunsui.{part}", library)
      for part in ("core", "asl", "tools", "utils", "errors") for library in ("sqlite3", "typer", "rich")),
    Planted("sqlite3", "bunsui.cli", "sqlite3"),
    Planted("structlog", "bunsui.cli", "structlog"),
    Planted("structlog", "bunsui.local", "structlog"),
    Planted("boto3", "bunsui.local", "boto3"),
    Planted("boto3", "bunsui.bootstrap", "botocore"),
    Planted("anthropic", "bunsui.tools", "anthropic"),
    Planted("textual", "bunsui.cli", "textual"),
    Planted("mcp", "bunsui_tui", "mcp"),
]  # fmt: skip

ALLOWED = [
    Planted("sqlite3", "bunsui.local", "sqlite3"),
    Planted("structlog", "bunsui.local.worker", "structlog"),
    Planted("boto3", "bunsui.aws", "botocore"),
    Planted("anthropic", "bunsui.ai", "anthropic"),
    Planted("textual", "bunsui_tui", "textual"),
    Planted("mcp", "bunsui_mcp", "mcp"),
    Planted("front-ends", "bunsui.cli", "bunsui_tui"),
]


@pytest.fixture
def miniature(tmp_path: Path) -> Path:
    """The packages with nothing in them, under the project's own contracts."""
    folders = ["bunsui", *(f"bunsui/{part}" for part in PARTS), "bunsui_mcp", "bunsui_tui"]
    for folder in folders:
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "__init__.py").touch()
    (tmp_path / "pyproject.toml").symlink_to(ROOT / "pyproject.toml")
    return tmp_path


def lint(tree: Path, contract: str | None = None) -> subprocess.CompletedProcess[str]:
    command = [str(Path(sys.executable).with_name("lint-imports")), "--no-cache", "--no-logo"]
    if contract is not None:
        command += ["--contract", contract]
    environment = os.environ | {"PYTHONPATH": str(tree), "COLUMNS": "200"}
    return subprocess.run(command, cwd=tree, env=environment, capture_output=True, text=True, check=False)


def plant(tree: Path, planted: Planted) -> None:
    folder = tree / planted.importer.replace(".", "/")
    folder.mkdir(exist_ok=True)
    (folder / "__init__.py").touch()
    (folder / "planted.py").write_text(f"import {planted.imported}\n", encoding="utf-8")


def label(planted: Planted) -> str:
    return f"{planted.importer}-imports-{planted.imported}"


def test_an_empty_tree_keeps_all_contracts(miniature: Path) -> None:
    answer = lint(miniature)
    assert answer.returncode == 0, answer.stdout
    assert "0 broken" in answer.stdout


@pytest.mark.parametrize("planted", PLANTED, ids=label)
def test_a_planted_violation_is_found(miniature: Path, planted: Planted) -> None:
    plant(miniature, planted)
    answer = lint(miniature, planted.contract)
    assert answer.returncode == 1, answer.stdout
    assert "1 broken" in answer.stdout
    assert f"{planted.importer}.planted -> {planted.imported}" in answer.stdout


@pytest.mark.parametrize("planted", ALLOWED, ids=label)
def test_what_a_package_is_for_is_allowed(miniature: Path, planted: Planted) -> None:
    plant(miniature, planted)
    answer = lint(miniature)
    assert answer.returncode == 0, answer.stdout


def test_a_package_outside_the_layers_is_found(miniature: Path) -> None:
    (miniature / "bunsui" / "helpers.py").touch()
    answer = lint(miniature, "layers")
    assert answer.returncode == 1, answer.stdout
    assert "helpers" in answer.stdout


def test_siblings_in_a_circle_are_found(miniature: Path) -> None:
    for one, other in [("session", "control"), ("control", "session")]:
        folder = miniature / "bunsui" / "core" / one
        folder.mkdir()
        (folder / "__init__.py").touch()
        (folder / f"of_{one}.py").write_text(f"import bunsui.core.{other}\n", encoding="utf-8")
    answer = lint(miniature, "siblings")
    assert answer.returncode == 1, answer.stdout
    assert ".session -> .control" in answer.stdout


def test_every_contract_has_a_planted_violation() -> None:
    contracts = read_configuration(str(ROOT / "pyproject.toml"))["contracts_options"]
    assert {contract["id"] for contract in contracts} == {"siblings"} | {
        planted.contract for planted in PLANTED
    }
