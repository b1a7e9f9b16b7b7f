"""One worker per data directory: the lock goes with its holder, never with a file."""

from __future__ import annotations

from pathlib import Path

import pytest

from bunsui.errors import StoreError
from bunsui.local.data_dir import DataDir
from bunsui.local.worker.lock import WorkerLock


@pytest.fixture
def data(tmp_path: Path) -> DataDir:
    return DataDir(tmp_path)


def test_only_one_holds_it_until_it_is_given_back(data: DataDir) -> None:
    first, second = WorkerLock(data), WorkerLock(data)
    assert first.acquire()
    assert not second.acquire()
    first.release()
    assert second.acquire()
    second.release()


def test_a_file_that_a_dead_worker_left_holds_nothing(data: DataDir) -> None:
    data.worker_lock.write_text("4711")
    lock = WorkerLock(data)
    assert lock.acquire()
    lock.release()


def test_giving_back_twice_or_what_was_never_taken_is_nothing(data: DataDir) -> None:
    held, lock = WorkerLock(data), WorkerLock(data)
    assert held.acquire()
    assert not lock.acquire()
    lock.release()
    lock.release()
    assert not WorkerLock(data).acquire()
    held.release()


def test_nobody_else_can_read_it(data: DataDir) -> None:
    lock = WorkerLock(data)
    lock.acquire()
    lock.release()
    assert data.worker_lock.stat().st_mode & 0o077 == 0


def test_a_directory_that_is_not_there_is_a_store_error(tmp_path: Path) -> None:
    lock = WorkerLock(DataDir(tmp_path / "no"))
    with pytest.raises(StoreError, match="no"):
        lock.acquire()
