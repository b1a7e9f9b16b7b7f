"""What is declared, pinned and imported agree."""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from collections.abc import Iterator
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

from tests.conftest import ROOT

LOCKS = sorted((ROOT / "requirements").glob("*.txt"))
LINE = re.compile(
    r"""(?P<name>[a-z0-9-]+)==[^ ;]+(?:\ ;\ [^\\]+)?\ \\   # a pinned version
    |\ {4}--hash=sha256:[0-9a-f]{64}(?:\ \\)?          # one of its hashes
    |\ *\#.*|                                          # why it is there""",
    re.VERBOSE,
)
PARTS_OF_ANOTHER = {
    "anyio",
    "botocore",
    "pydantic_core",
}  # mcp, boto3 and pydantic choose theirs
PACKAGES = ("bunsui", "mcp_server/bunsui_mcp", "tui/bunsui_tui")


def declared() -> dict[str, set[str]]:
    """Distributions by extra; the empty name has what every installation gets."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    groups = {"": project["dependencies"]} | project["optional-dependencies"]
    return {extra: {re.split(r"[<>=\[; ]", line)[0] for line in lines} for extra, lines in groups.items()}


def pins(lock: Path) -> dict[str, str]:
    lines = lock.read_text(encoding="utf-8").splitlines()
    return dict(line.split(" ")[0].split("==") for line in lines if re.match(r"[a-z0-9-]+==", line))


def imported() -> Iterator[str]:
    """Top-level names of every absolute import in the sources."""
    for package in PACKAGES:
        for path in (ROOT / package).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Import):
                    yield from (alias.name.partition(".")[0] for alias in node.names)
                elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                    yield node.module.partition(".")[0]


@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: lock.stem)
def test_a_lock_has_versions_and_hashes_and_nothing_of_the_machine(lock: Path) -> None:
    strange = [line for line in lock.read_text(encoding="utf-8").splitlines() if not LINE.fullmatch(line)]
    assert strange == []


@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: lock.stem)
def test_a_package_has_the_same_version_in_every_lock(lock: Path) -> None:
    everything = pins(ROOT / "requirements" / "dev.txt")
    assert pins(lock).items() <= everything.items()


def test_the_locks_hold_what_is_declared() -> None:
    groups = declared()
    assert groups[""] <= pins(ROOT / "requirements" / "base.txt").keys()
    for extra in ("aws", "mcp"):
        assert groups[""] | groups[extra] <= pins(ROOT / "requirements" / f"{extra}.txt").keys()


def test_what_is_imported_is_declared_and_the_other_way_round() -> None:
    distributions = packages_distributions()
    own = {Path(package).name for package in PACKAGES}
    names = set(imported()) - set(sys.stdlib_module_names) - PARTS_OF_ANOTHER - own
    used = {distributions[name][0].lower() for name in names}
    groups = declared()
    assert used <= set().union(*groups.values())
    assert groups[""] <= used
