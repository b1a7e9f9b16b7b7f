"""What operations print: one file per try, read by offset while it grows."""

from __future__ import annotations

from pathlib import Path, PurePosixPath

from bunsui.core.models.job import Try
from bunsui.core.ports.logs import LogChunk
from bunsui.errors import NotFound
from bunsui.local.data_dir import unusable
from bunsui.local.files import segment


def log_key(place: Try) -> str:
    """The key of a log: session/run/attempt/job/item/operation.number.log (item `-`: the job itself)."""
    parts = (place.session_id, place.run_id, str(place.attempt), place.job, place.item or "-")
    return "/".join([*map(segment, parts), f"{place.operation}.{place.number}.log"])


class FileLogs:
    """`Logs` in a directory; a key is a relative path."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def path(self, key: str) -> Path:
        """Where the log with this key is written. Raises NotFound for what is no key."""
        relative = PurePosixPath(key)
        if not key or relative.is_absolute() or ".." in relative.parts:
            raise NotFound(f"There is no log {key[:200]!r}", next_steps=["Take the key from a try"])
        return self._root / relative

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
