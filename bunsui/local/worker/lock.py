"""One worker per data directory: a lock that the system releases when its holder dies."""

from __future__ import annotations

import fcntl
import os

from bunsui.local.data_dir import DataDir, unusable


class WorkerLock:
    """The lock of a data directory. It is held by an open file, never by the presence of one."""

    def __init__(self, data: DataDir) -> None:
        self._path = data.worker_lock
        self._handle: int | None = None

    def acquire(self) -> bool:
        """Take the lock if nobody has it. Raises StoreError when the directory cannot be used."""
        try:
            handle = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as error:
            raise unusable(self._path, error) from error
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(handle)
            return False
        self._handle = handle
        return True

    def release(self) -> None:
        """Give the lock back."""
        if self._handle is not None:
            os.close(self._handle)
            self._handle = None
