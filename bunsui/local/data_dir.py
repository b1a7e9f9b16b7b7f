"""Where everything of the local backend lies: one directory, for its owner only."""

from __future__ import annotations

import errno
import hashlib
import os
import tempfile
from dataclasses import dataclass
from pathlib import Path

from bunsui.errors import StoreError, StoreFull

# sun_path holds 108 bytes on Linux and 104 on macOS, with the closing zero.
_LONGEST_SOCKET_PATH = 103


@dataclass(frozen=True, slots=True)
class DataDir:
    """Layout of a data directory. `prepare` makes it; the properties only name places."""

    root: Path

    @property
    def database(self) -> Path:
        """All records and the engine's log."""
        return self.root / "bunsui.db"

    @property
    def blobs(self) -> Path:
        """Large values by their hash."""
        return self.root / "blobs"

    @property
    def logs(self) -> Path:
        """What operations printed."""
        return self.root / "logs"

    @property
    def exchange(self) -> Path:
        """Inputs and outputs of containers."""
        return self.root / "exchange"

    @property
    def spool(self) -> Path:
        """Results that runners wrote and no worker has recorded yet."""
        return self.root / "spool"

    @property
    def worker_lock(self) -> Path:
        """Held by the one worker for as long as it lives."""
        return self.root / "worker.lock"

    @property
    def worker_log(self) -> Path:
        """What the worker has to say, one JSON object a line; older files beside it."""
        return self.root / "worker.log"

    @property
    def worker_errors(self) -> Path:
        """What the newest worker said before it had a log, or that is not its own: a crash, a warning."""
        return self.root / "worker.err"

    @property
    def socket(self) -> Path:
        """Where the worker listens: in the data directory, or a short private one if that is too long."""
        path = self.root / "worker.sock"
        if len(os.fsencode(path)) <= _LONGEST_SOCKET_PATH:
            return path
        name = hashlib.sha256(os.fsencode(self.root)).hexdigest()[:16]
        return Path(tempfile.gettempdir()) / f"bunsui-{os.getuid()}" / f"{name}.sock"

    def prepare(self) -> None:
        """Make the directory where it is missing. Raises StoreError, StoreFull."""
        make_private(self.root)


def make_private(path: Path) -> None:
    """Make a directory that only its owner can enter, with its parents. Raises StoreError, StoreFull."""
    if path.is_dir():
        return
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise unusable(path, error) from error


def unusable(path: Path, error: OSError) -> StoreError:
    """The one error for a file or directory that the system will not give us."""
    if is_full(error):
        return StoreFull(
            f"No space is left for {path}",
            next_steps=["Free some space, then call again: nothing was recorded"],
        )
    return StoreError(
        f"{path} cannot be used: {error.strerror or error}",
        next_steps=[
            f"Make {path} readable and writable for you (user {os.getuid()})",
            "Or name another data directory with BUNSUI_DATA_DIR",
        ],
    )


def is_full(error: OSError) -> bool:
    """Whether the disk, the quota or the file size limit is used up."""
    return error.errno in _FULL


_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
