"""Large values as files named by their hash."""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
from pathlib import Path

from bunsui.errors import NotFound, StoreCorrupt
from bunsui.local.data_dir import unusable
from bunsui.local.files import write_durably

BUCKET = "bunsui-blobs"
"""What stands for the folder where a bucket is named."""

_KEY = re.compile(r"[0-9a-f]{64}")


class FileBlobs:
    """`Blobs` in a directory: `ab/cdef…`, so that no directory grows too large.

    A value that was found damaged is set aside as `ab/cdef….damaged`: it counts as missing from then on,
    so that the next rerun makes it anew.
    """

    def __init__(self, root: Path) -> None:
        self._root = root

    async def put(self, data: bytes) -> str:
        key = hashlib.sha256(data).hexdigest()
        path = self._path(key)
        if not _kept(path, data):
            write_durably(path, data)
        return key

    async def get(self, key: str) -> bytes:
        path = self._path(key)
        try:
            data = path.read_bytes()
        except FileNotFoundError:
            raise _missing(key) from None
        except OSError as error:
            raise unusable(path, error) from error
        if hashlib.sha256(data).hexdigest() != key:
            _set_aside(path)
            raise StoreCorrupt(
                f"The stored value {path} is damaged: it does not hash to its name",
                next_steps=["Rerun: the job that made it runs again", "Or restore the file from a backup"],
            )
        return data

    def location(self, key: str) -> tuple[str, str]:
        return BUCKET, key

    async def has(self, key: str) -> bool:
        return bool(_KEY.fullmatch(key)) and self._path(key).is_file()

    def _path(self, key: str) -> Path:
        if not _KEY.fullmatch(key):
            raise _missing(key)
        return self._root / key[:2] / key[2:]


def _kept(path: Path, data: bytes) -> bool:
    """Whether the value lies there whole; it then counts as just written. Raises StoreError."""
    try:
        os.utime(path)  # who clears what nobody names looks at the time
        return path.read_bytes() == data
    except FileNotFoundError:
        return False
    except OSError as error:
        raise unusable(path, error) from error


def _set_aside(path: Path) -> None:
    """Move a damaged value out of the way; where that may not be, it stays and is found again."""
    with contextlib.suppress(OSError):
        path.replace(path.with_name(f"{path.name}.damaged"))


def _missing(key: str) -> NotFound:
    return NotFound(
        f"There is no stored value {key[:80]}",
        next_steps=["Rerun the job that made it: its output was removed"],
    )
