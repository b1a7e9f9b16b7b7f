from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.tools.project import Project, project


@pytest.fixture
def chain(tmp_path: Path) -> Project:
    """A project with the pipeline `chain`: fetch, clean, publish."""
    return project(tmp_path)
