"""The examples of docs/testing.md, run as they stand there."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from bunsui.testing import fail, run


def namespace(root: Path) -> dict[str, Any]:
    page = (root / "docs" / "testing.md").read_text(encoding="utf-8")
    found: dict[str, Any] = {}
    for block in re.findall(r"```python\n(.*?)```", page, re.DOTALL):
        exec(compile(block, "docs/testing.md", "exec"), found)
    return found


def test_the_examples_pass(root: Path) -> None:
    tests: dict[str, Callable[[], None]] = {
        name: value for name, value in namespace(root).items() if name.startswith("test_")
    }
    assert len(tests) == 6
    for test in tests.values():
        test()


def test_the_message_is_the_one_that_is_shown(root: Path) -> None:
    order = namespace(root)["ORDER"]
    result = run(order, {"amount": 7}, mocks={"charge": 1}, faults=[fail("Charge", "Busy", on=None)])
    with pytest.raises(AssertionError) as caught:
        result.assert_path("Charge", "Guarantee", "Done")
    page = (root / "docs" / "testing.md").read_text(encoding="utf-8")
    assert f"AssertionError: {caught.value}\n" in page
