"""Definitions in files and folders."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from pathlib import Path

from bunsui.errors import NotFound, UsageError
from bunsui.tools.text import clip

SUFFIXES = frozenset({".yaml", ".yml", ".json"})
SKIPPED = frozenset({"node_modules", "__pycache__", "venv", "site-packages"})
MAX_BYTES = 4 << 20
DEFAULT_NAME = "pipeline.yaml"

_KEYS = frozenset({"bunsui", "jobs", "States"})
_ANYWHERE = re.compile(rb"""(?m)(?:^|[{,])[ \t]*["']?(?:bunsui|jobs|States)["']?[ \t]*:""")
_AT_THE_MARGIN = re.compile(rb"""(?m)^["']?(?:bunsui|jobs|States)["']?[ \t]*:""")
_FLOW = re.compile(rb"\A(?:\s|#[^\n]*\n|---)*\{")


def definitions(path: str) -> list[str]:
    """The definitions behind a path: the file itself, or all that a folder holds.

    In a folder a file counts when it is called `pipeline.yaml`, or when it is YAML or JSON and has at its
    top one of the keys that begin a pipeline or a state machine. Raises NotFound for a path that is not
    there, and for a folder without any; UsageError for an empty text.
    """
    if not path.strip():
        raise UsageError("an empty text names no file", next_steps=["for this folder give ."])
    place = Path(path.rpartition(":")[0] if ".py:" in path else path)
    try:
        there = place.exists()
    except OSError as error:
        message = f"{clip(path, 200)} cannot be looked at: {error.strerror}"
        raise NotFound(message, next_steps=["check the path and its permissions"]) from error
    if not there:
        raise NotFound(f"there is no file or folder {path}", next_steps=["check the path"])
    if not place.is_dir():
        return [path]
    found = sorted(str(file) for file in _files(place) if _looks_like_one(file))
    if not found:
        raise NotFound(
            f"the folder {path} holds no pipeline and no state machine",
            next_steps=["name the file itself, or another folder"],
        )
    return found


def _files(folder: Path) -> Iterator[Path]:
    for parent, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if name not in SKIPPED and not name.startswith("."))
        yield from (Path(parent, name) for name in names if Path(name).suffix.lower() in SUFFIXES)


def _looks_like_one(file: Path) -> bool:
    """An unreadable file counts: validating it says why it cannot be read."""
    if file.name == DEFAULT_NAME:
        return True
    try:
        with file.open("rb") as stream:
            text = stream.read(MAX_BYTES)
    except OSError:
        return True
    return bool(_ANYWHERE.search(text)) and _at_the_top(text)


def _at_the_top(text: bytes) -> bool:
    """Whether one of the keys is a key of the document, and not of something inside; unsure counts."""
    if not _FLOW.match(text):
        return bool(_AT_THE_MARGIN.search(text))
    try:
        document = json.loads(text)
    except ValueError:
        return True
    return isinstance(document, dict) and not _KEYS.isdisjoint(document)
