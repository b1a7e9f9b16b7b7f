"""What SQLite's errors mean to a user."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bunsui.errors import StoreCorrupt, StoreError, StoreFull

_CORRUPT = {"SQLITE_CORRUPT", "SQLITE_NOTADB", "SQLITE_FORMAT"}
_DENIED = {"SQLITE_CANTOPEN", "SQLITE_READONLY", "SQLITE_PERM", "SQLITE_AUTH"}
_BUSY = {"SQLITE_BUSY", "SQLITE_LOCKED", "SQLITE_PROTOCOL"}


@contextmanager
def translated(path: Path) -> Iterator[None]:
    """Turn every error of SQLite inside into a StoreError that says what to do about `path`."""
    try:
        yield
    except sqlite3.Error as error:
        raise translate(error, path) from error


def translate(error: sqlite3.Error, path: Path) -> StoreError:
    """The store error for an error of SQLite."""
    name = getattr(error, "sqlite_errorname", "") or ""
    family = "_".join(name.split("_")[:2])
    if family == "SQLITE_FULL" or name == "SQLITE_IOERR_WRITE":
        return _full(path)
    if family in _CORRUPT or _looks_corrupt(error):
        return corrupt(path, str(error))
    if family in _DENIED:
        return _denied(path, error)
    if family in _BUSY:
        return _busy(path)
    return StoreError(
        f"The database {path} failed: {error}", next_steps=["Call `bunsui ops doctor` to look into it"]
    )


def corrupt(path: Path, why: str) -> StoreCorrupt:
    """The error for a database that cannot be trusted."""
    return StoreCorrupt(
        f"The database {path} is damaged: {why}",
        next_steps=[
            f"Put a copy of {path} back, if you have one, while nothing of bunsui runs",
            f"Or move {path} away, with its -wal and -shm files, to begin anew; blobs and logs stay",
            "Or save what can be read: sqlite3 OLD .recover | sqlite3 NEW",
        ],
    )


def newer(path: Path, found: int, known: int) -> StoreError:
    """The error for a database that a later version of bunsui has written."""
    return StoreError(
        f"The database {path} has schema {found}, written by a newer bunsui; this one knows up to {known}",
        next_steps=["Update bunsui", "Or name another data directory with BUNSUI_DATA_DIR"],
    )


def _looks_corrupt(error: sqlite3.Error) -> bool:
    return isinstance(error, sqlite3.OperationalError) and "no such table" in str(error)


def _full(path: Path) -> StoreFull:
    return StoreFull(
        f"No space is left for the database {path}; nothing was recorded",
        next_steps=["Free some space, then call again", "`bunsui ops gc` shows what can be removed"],
    )


def _denied(path: Path, error: sqlite3.Error) -> StoreError:
    return StoreError(
        f"The database {path} cannot be opened or written: {error}",
        next_steps=[
            f"Make {path.parent} and the files in it readable and writable for you",
            "Or name another data directory with BUNSUI_DATA_DIR",
        ],
    )


def _busy(path: Path) -> StoreError:
    return StoreError(
        f"The database {path} is locked by another process for too long",
        next_steps=["Look which process holds it (`lsof`) and call again"],
    )
