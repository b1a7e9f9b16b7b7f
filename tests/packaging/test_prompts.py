"""Prompts are data: front matter that says what they are for, and no variable unknown or unused."""

from __future__ import annotations

from pathlib import Path
from string import Formatter

import pytest
import yaml

from tests.conftest import ROOT

PROMPTS = sorted((ROOT / "prompts").glob("*.md"))


def test_there_are_prompts() -> None:
    assert PROMPTS


@pytest.mark.parametrize("path", PROMPTS, ids=lambda path: path.stem)
def test_a_prompt_declares_what_it_uses(path: Path) -> None:
    _, front, body = path.read_text(encoding="utf-8").split("---\n", 2)
    about = yaml.safe_load(front)
    assert set(about) == {"name", "purpose", "variables"}
    assert about["name"] == path.stem
    used = {name for _, name, _, _ in Formatter().parse(body) if name is not None}
    assert used == set(about["variables"])
