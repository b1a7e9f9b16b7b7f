"""What the package offers, without loading more than is asked for."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from bunsui.core import pipeline

UNLOADED = """
import sys
from bunsui.core.pipeline import Dag, canonical, check_params, code_digest, compile_pipeline
print([name for name in sys.modules if name.startswith(("bunsui.asl", "yaml"))])
"""


def test_every_name_is_there() -> None:
    assert all(callable(getattr(pipeline, name)) for name in pipeline.__all__ if name.islower())
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        pipeline.nothing  # noqa: B018 - the access is what is tried


def test_no_module_hides_a_name() -> None:
    folder = Path(pipeline.__file__).parent
    assert {path.stem for path in folder.glob("*.py")} & set(pipeline.__all__) == set()


def test_neither_engine_nor_yaml_is_loaded_early() -> None:
    done = subprocess.run([sys.executable, "-c", UNLOADED], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
