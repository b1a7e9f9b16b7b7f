"""What SQLite's own errors mean to a user, with what to do about the file."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from bunsui.errors import StoreCorrupt, StoreError, StoreFull
from bunsui.local.sqlite.failures import newer, translated

Fault = Callable[[Path], None]


def no_database(path: Path) -> None:
    path.write_bytes(b"this is no database at all" * 100)
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("SELECT * FROM sqlite_master")


def no_table(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("SELECT * FROM sessions")


def no_space(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE a (b)")
        connection.execute("PRAGMA max_page_count = 2")
        connection.execute("INSERT INTO a VALUES (zeroblob(1000000))")


def no_right(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE a (b)")
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as connection:
        connection.execute("INSERT INTO a VALUES (1)")


def no_folder(path: Path) -> None:
    sqlite3.connect(path / "deep" / "bunsui.db")


def no_turn(path: Path) -> None:
    with closing(sqlite3.connect(path)) as one, closing(sqlite3.connect(path, timeout=0)) as other:
        one.execute("BEGIN EXCLUSIVE")
        other.execute("BEGIN EXCLUSIVE")


def no_such_function(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("SELECT unknown_word()")


@pytest.mark.parametrize(
    ("fault", "error", "message", "step"),
    [
        (no_database, StoreCorrupt, "is damaged", "Put a copy of"),
        (no_table, StoreCorrupt, "no such table", "Put a copy of"),
        (no_space, StoreFull, "nothing was recorded", "Free some space"),
        (no_right, StoreError, "cannot be opened or written", "readable and writable"),
        (no_folder, StoreError, "cannot be opened or written", "BUNSUI_DATA_DIR"),
        (no_turn, StoreError, "locked by another process", "lsof"),
        (no_such_function, StoreError, "failed: no such function", "ops doctor"),
    ],
)
def test_an_error_of_sqlite_says_what_to_do(
    tmp_path: Path, fault: Fault, error: type[StoreError], message: str, step: str
) -> None:
    path = tmp_path / "bunsui.db"
    with pytest.raises(StoreError, match=message) as caught, translated(path):
        fault(path)
    assert type(caught.value) is error
    assert str(path) in caught.value.message
    assert any(step in one for one in caught.value.next_steps)


def test_only_a_full_disk_may_be_tried_again() -> None:
    assert StoreFull.retryable
    assert not StoreCorrupt.retryable


def test_what_is_no_error_of_sqlite_passes_through(tmp_path: Path) -> None:
    with pytest.raises(KeyError), translated(tmp_path):
        raise KeyError("a")


def test_a_newer_schema_asks_for_an_update() -> None:
    error = newer(Path("/x/bunsui.db"), 9, 3)
    assert "schema 9" in error.message
    assert error.next_steps[0] == "Update bunsui"
