"""Fixtures that every test may ask for."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest
from hypothesis import settings

ROOT = Path(__file__).resolve().parent.parent

# The same examples on every run: a red build can be repeated. `make bench` looks further.
settings.register_profile("test", deadline=None, derandomize=True, database=None)
settings.register_profile("bench", deadline=None, max_examples=2_000, database=None)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "test"))


WHOLE_PROCESSES = {"acceptance", "agents"}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Where whole processes are waited for, a busy machine gets more time before a test counts as stuck."""
    for item in items:
        if WHOLE_PROCESSES & set(item.path.parts) and item.get_closest_marker("timeout") is None:
            item.add_marker(pytest.mark.timeout(300))


@pytest.fixture(scope="session")
def root() -> Path:
    """The checkout."""
    return ROOT


@pytest.fixture(scope="session")
def shared() -> Path:
    """Recorded data beside the checkout; tests that need it are skipped where it is absent."""
    path = ROOT.parent / "shared"
    if not path.is_dir():
        pytest.skip("no ../shared beside the checkout: recorded data is not at hand")
    return path


@pytest.fixture(scope="session")
def bunsui_command() -> Path:
    """The console script of the environment that runs the tests."""
    return Path(sys.executable).with_name("bunsui")


@pytest.fixture
def data_dir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A data directory of this test's own, also for the commands it starts."""
    path = tmp_path / "data"
    monkeypatch.setenv("BUNSUI_DATA_DIR", str(path))
    for name in ("BUNSUI_PROFILE", "BUNSUI_CONFIG"):
        monkeypatch.delenv(name, raising=False)
    return path
