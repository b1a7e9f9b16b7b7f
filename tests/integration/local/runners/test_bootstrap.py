"""The programs that run inside the runners: what they may use, and what they share with the other side."""

from __future__ import annotations

import ast
import sys
from pathlib import Path

import pytest

from bunsui.local.runners import bootstrap, outcomes, shim

PACKAGE = Path(bootstrap.__file__).parent


@pytest.mark.parametrize("program", [bootstrap, shim])
def test_only_the_standard_library_is_imported(program: object) -> None:
    tree = ast.parse(Path(program.__file__).read_text(encoding="utf-8"))  # type: ignore[attr-defined]
    modules = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            modules |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.module
            modules.add(node.module.partition(".")[0])
    assert modules <= set(sys.stdlib_module_names)


def test_bootstrap_runs_under_older_interpreters() -> None:
    ast.parse(Path(bootstrap.__file__).read_text(encoding="utf-8"), feature_version=(3, 9))


def test_no_file_beside_the_bootstrap_hides_a_standard_module() -> None:
    names = {path.stem for path in PACKAGE.glob("*.py")}
    assert names.isdisjoint(sys.stdlib_module_names)


def test_both_sides_know_the_same_limit() -> None:
    assert bootstrap.MAX_RESPONSE_BYTES == outcomes.MAX_RESPONSE_BYTES
