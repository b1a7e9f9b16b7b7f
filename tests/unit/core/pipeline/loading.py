"""Load texts and look at their findings."""

from __future__ import annotations

import textwrap
from pathlib import Path
from typing import Any

import pytest

from bunsui.core.pipeline import load_document, parse_document
from bunsui.errors import DefinitionInvalid

HEAD = "name: p\n"
JOB = "jobs: {a: {lambda: {handler: 'h:f'}}}\n"


def findings(text: str, *, handlers: bool = False) -> list[dict[str, Any]]:
    document = parse_document(textwrap.dedent(text), "pipeline.yaml")
    with pytest.raises(DefinitionInvalid) as caught:
        load_document(document, handlers=handlers)
    found: Any = caught.value.details["findings"]
    assert all(one["line"] and one["column"] for one in found)
    return list(found)


def only(text: str) -> tuple[int, int, str, str, str]:
    (found,) = findings(text)
    return found["line"], found["column"], found["key"], found["message"], found["suggestion"]


def write(folder: Path, text: str, handler: str = "") -> Path:
    (folder / "pipeline.yaml").write_text(text, encoding="utf-8")
    (folder / "h.py").write_text(handler, encoding="utf-8")
    return folder
