"""The installed distribution: what it puts into a user's environment, and that its command answers."""

from __future__ import annotations

import os
import subprocess
import sys
from importlib import import_module, metadata
from importlib.resources import files
from pathlib import Path

import pytest

from tests.acceptance.conftest import World

INSTALLED = pytest.mark.skipif(
    "BUNSUI_TEST_INSTALLED" not in os.environ,
    reason="runs against the wheel only: .ci/run installs it and sets BUNSUI_TEST_INSTALLED",
)
PACKAGES = ("bunsui", "bunsui_mcp", "bunsui_tui")


def test_the_command_tells_the_version(bunsui_command: Path) -> None:
    answer = subprocess.run([bunsui_command, "--version"], capture_output=True, text=True, check=True)
    assert answer.stdout.split() == ["bunsui", metadata.version("bunsui")]
    assert answer.stderr == ""


@pytest.mark.parametrize("package", PACKAGES)
def test_a_package_is_typed(package: str) -> None:
    assert (files(package) / "py.typed").is_file()


@INSTALLED
@pytest.mark.parametrize("package", PACKAGES)
def test_a_package_comes_from_the_wheel(package: str) -> None:
    module = import_module(package)
    assert module.__file__ is not None
    assert Path(module.__file__).is_relative_to(sys.prefix)


@INSTALLED
def test_the_top_level_names_are_the_three_packages() -> None:
    installed = metadata.files("bunsui") or []
    tops = {path.parts[0] for path in installed if not path.parts[0].endswith(".dist-info")}
    assert tops - {".."} == set(PACKAGES)
    scripts = {path.name for path in installed if path.parts[0] == ".."}
    assert scripts <= {"bunsui", "bunsui.exe"}


@INSTALLED
def test_prompts_travel_inside_the_package() -> None:
    assert (
        (files("bunsui") / "prompts" / "look_into_failure.md").read_text(encoding="utf-8").startswith("---\n")
    )


@INSTALLED
def test_no_extra_is_needed() -> None:
    present = {distribution.name.lower() for distribution in metadata.distributions()}
    assert not present & {"textual", "mcp", "anthropic", "boto3"}


@INSTALLED
def test_a_missing_extra_is_named(world: World) -> None:
    served = world.run("mcp", "serve")
    assert served.returncode == 2
    assert "bunsui[mcp]" in served.stderr


def test_the_demonstration_runs_from_what_is_installed(world: World) -> None:
    shown = world.run("demo")
    assert shown.returncode == 0, shown.stderr
    assert "3 reused, 5 to run" in shown.stdout
    assert "Done." in shown.stdout
