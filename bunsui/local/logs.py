"""What operations print: one file per try, read by offset while it grows."""

from __future__ import annotations

from pathlib import Path
from zlib import crc32

from bunsui.core.ports.exchange import Slot
from bunsui.core.ports.logs import LogChunk
from bunsui.errors import NotFound
from bunsui.local.data_dir import make_private, unusable
from bunsui.local.files import segment

_KEPT = 1024


def log_key(place: Slot, number: int) -> str:
    """The key of the log of a try: session/run/attempt/job/-/operation.number.log.

    Those of items lie in a few folders below `items`: one for each of ten thousand would be more to make and
    to remove than the logs themselves, and for a single one the runners would wait in line.
    """
    parts = (place.session_id, place.run_id, str(place.attempt), place.job)
    name = f"{place.operation}.{number}.log"
    own = f"items/{_folder(place.item)}/{segment(place.item)}.{name}" if place.item else f"-/{name}"
    return "/".join([*map(segment, parts), own])


def _folder(item: str) -> str:
    """One of 64, the same for the same item."""
    return f"{crc32(item.encode()) & 0x3F:02x}"


class FileLogs:
    """`Logs` in a directory; a key is a relative path."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._folders: dict[str, Path] = {}

    def place(self, key: str) -> Path:
        """Where the log with this key can be written: its folder is there. Raises StoreError, StoreFull."""
        folder, _, name = key.rpartition("/")
        known = self._folders.get(folder)
        if known is None:
            if len(self._folders) >= _KEPT:
                self._folders.clear()
            known = self._folders[folder] = self.path(folder)
        make_private(known)
        return known / name

    def path(self, key: str) -> Path:
        """Where the log with this key is written. Raises NotFound for what is no key."""
        if not key or key.startswith("/") or ".." in key.split("/"):
            raise NotFound(f"There is no log {key[:200]!r}", next_steps=["Take the key from a try"])
        return self._root / key

    async def read(self, key: str, *, offset: int = 0, limit: int = 1 << 20) -> LogChunk:
        path = self.path(key)
        try:
            with path.open("rb") as file:
                size = file.seek(0, 2)
                start = max(0, size + offset) if offset < 0 else min(offset, size)
                file.seek(start)
                data = file.read(limit)
        except FileNotFoundError:
            return LogChunk(b"", 0, 0)
        except OSError as error:
            raise unusable(path, error) from error
        return LogChunk(data, start, start + len(data))
