from __future__ import annotations

import asyncio
import sqlite3
import threading
from pathlib import Path

import pytest

from bunsui.errors import StoreError, StoreFull
from bunsui.local.sqlite.database import Database
from bunsui.local.worker.committer import Committer


def write(connection: sqlite3.Connection) -> None:
    connection.execute("INSERT INTO maintenance VALUES ('one', 1, 1, '')")


async def test_a_commit_that_nobody_waits_for_any_more_is_made_and_gives_the_turn_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not made, it would leave a transaction open that others wait for."""
    begin, complete = threading.Event(), Database._complete

    def slowly(database: Database, connection: sqlite3.Connection) -> None:
        begin.wait()
        complete(database, connection)

    monkeypatch.setattr(Database, "_complete", slowly)
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


async def test_a_commit_that_fails_tells_who_waits_and_the_next_one_is_made(tmp_path: Path) -> None:
    database = Database(tmp_path / "bunsui.db")
    committer = Committer(database)

    def twice(connection: sqlite3.Connection) -> None:
        write(connection)
        write(connection)

    with pytest.raises(StoreError):
        await committer.commit(twice)
    await committer.commit(write)
    committer.close()
    assert database.all("SELECT profile FROM maintenance") == [("one",)]
    database.close()


async def test_what_fails_in_the_thread_reaches_who_waits(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    database = Database(tmp_path / "bunsui.db")
    committer, full = Committer(database), [StoreFull("No space is left")]
    complete = Database._complete

    def once_full(database: Database, connection: sqlite3.Connection) -> None:
        if full:
            database._give_up(connection)
            raise full.pop()
        complete(database, connection)

    monkeypatch.setattr(Database, "_complete", once_full)
    with pytest.raises(StoreFull):
        await committer.commit(write)
    await committer.commit(write)
    committer.close()
    assert database.all("SELECT profile FROM maintenance") == [("one",)]
    database.close()
