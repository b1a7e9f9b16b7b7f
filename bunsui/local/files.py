"""Writing files so that a crash leaves the old or the new content, never half of it."""

from __future__ import annotations

import os
import secrets
from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from urllib.parse import quote

from bunsui.local.data_dir import make_private, unusable

_LONGEST_SEGMENT = 120


def write_durably(path: Path, data: bytes) -> None:
    """Replace the content of a file; it is on the disk on return. Raises StoreFull, StoreError."""
    make_private(path.parent)
    scratch = path.with_name(f".{path.name[:80]}.{secrets.token_hex(6)}")
    try:
        _write_and_sync(scratch, data)
        scratch.replace(path)
        _sync_directory(path.parent)
    except OSError as error:
        scratch.unlink(missing_ok=True)
        raise unusable(path, error) from error


@lru_cache(1024)
def segment(text: str) -> str:
    """A file name that stands for any text: readable where it can be, never `.`, `..` or with a slash."""
    quoted = quote(text, safe="@=+,")
    if quoted.startswith("."):
        quoted = f"%2E{quoted[1:]}"
    if len(quoted) <= _LONGEST_SEGMENT:
        return quoted
    return f"{quoted[:80]}~{sha256(text.encode()).hexdigest()[:24]}"


def _write_and_sync(path: Path, data: bytes) -> None:
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def _sync_directory(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
