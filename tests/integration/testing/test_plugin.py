"""The plugin as pytest runs it: the option, the table, and what it costs those who do not use it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from bunsui.testing import run
from bunsui.testing.coverage import Coverage
from bunsui.testing.report import table

SUITE = """
from bunsui.testing import run

DEFINITION = {
    "StartAt": "Big?",
    "States": {
        "Big?": {
            "Type": "Choice",
            "Choices": [{"Variable": "$.n", "NumericGreaterThan": 5, "Next": "Each"}],
            "Default": "Small",
        },
        "Each": {
            "Type": "Map",
            "ItemsPath": "$.items",
            "ItemProcessor": {"StartAt": "One", "States": {"One": {"Type": "Pass", "End": True}}},
            "End": True,
        },
        "Small": {"Type": "Succeed"},
    },
}


def test_small():
    run(DEFINITION, {"n": 1}, name="sizes").assert_path("Big?", "Small")


def test_big():
    run(DEFINITION, {"n": 9, "items": [1]}, name="sizes").assert_path("Big?", "Each", "One")
"""


def pytest_in(folder: Path, *options: str) -> str:
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *options]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=50, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture
def suite(tmp_path: Path) -> Path:
    (tmp_path / "test_sizes.py").write_text(SUITE, encoding="utf-8")
    return tmp_path


def test_coverage_names_what_no_test_went_through(suite: Path) -> None:
    out = pytest_in(suite, "--bunsui-coverage", "-k", "small")
    assert "state machine coverage" in out
    row = next(line for line in out.splitlines() if line.startswith("sizes"))
    assert row.split() == "sizes 2/4 50% 1/2 50% Each; One; Big? → Each".split()


def test_what_two_processes_saw_is_one_table() -> None:
    definition = {"StartAt": "A", "States": {"A": {"Type": "Pass", "Next": "B"}, "B": {"Type": "Succeed"}}}
    one, two = Coverage(), Coverage()
    one.add("m", definition, [run(definition).history[:3]])
    two.add("m", definition, [run(definition).history[3:]])
    both = Coverage()
    for seen in (one, two):
        both.merge(json.loads(json.dumps(seen.to_json())))
    assert [line.split()[:3] for line in table(both)][1:] == [["m", "2/2", "100%"], ["TOTAL", "2/2", "100%"]]


@pytest.mark.bench
def test_coverage_is_gathered_from_parallel_workers(suite: Path) -> None:
    out = pytest_in(suite, "--bunsui-coverage", "-n", "1")
    row = next(line for line in out.splitlines() if line.startswith("TOTAL"))
    assert row.split() == "TOTAL 4/4 100% 2/2 100%".split()


@pytest.mark.bench
def test_without_the_option_nothing_is_said(suite: Path) -> None:
    assert "coverage" not in pytest_in(suite)


def test_the_plugin_imports_next_to_nothing() -> None:
    code = (
        "import sys, bunsui.testing.plugin; "
        "print([m for m in sys.modules if m.startswith(('bunsui.asl', 'bunsui.core', 'orjson', 'pydantic'))])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
