from __future__ import annotations

import asyncio
import sqlite3
import threading
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import pytest

from bunsui.local.sqlite.database import Database
from bunsui.local.worker import committer as committer_module
from bunsui.local.worker.committer import Committer


def write(connection: sqlite3.Connection) -> None:
    connection.execute("INSERT INTO maintenance VALUES ('one', 1, 1, '')")


async def test_a_commit_that_nobody_waits_for_any_more_is_made_and_gives_the_turn_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Cancelled before its thread has begun, it would leave a transaction open that others wait for."""
    begin = threading.Event()
    busy = partial(ThreadPoolExecutor, initializer=begin.wait)
    monkeypatch.setattr(committer_module, "ThreadPoolExecutor", busy)
    database = Database(tmp_path / "bunsui.db")
    committer = Committer(database)
    committing = asyncio.create_task(committer.commit(write))
    await asyncio.sleep(0)
    committing.cancel()
    await asyncio.wait([committing])
    begin.set()
    committer.close()
    assert committing.cancelled()

    def other() -> None:
        with database.write() as connection:
            connection.execute("UPDATE maintenance SET profile = 'two'")

    writing = threading.Thread(target=other, daemon=True)
    writing.start()
    await asyncio.to_thread(writing.join, 10)
    assert database.all("SELECT profile FROM maintenance") == [("two",)]
    database.close()
