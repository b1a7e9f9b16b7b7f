from __future__ import annotations

import re
from pathlib import Path

from bunsui.asl.validation import Code


def test_every_code_is_explained(root: Path) -> None:
    text = (root / "docs/validation.md").read_text(encoding="utf-8")
    assert set(re.findall(r"^\| `([A-Z_]+)`", text, re.MULTILINE)) == {str(code) for code in Code}
