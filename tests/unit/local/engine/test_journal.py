"""The log of an execution: what was written is read, in its order, and an end takes the tokens along."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from bunsui.asl.signals import Signal, TaskFailed, TaskSucceeded, TimeReached
from bunsui.local.engine.journal import Delta, Ending, Journal, append, end
from bunsui.local.sqlite.database import Database

SIGNALS: list[Signal] = [
    TaskSucceeded(1.0, "t1", {"big": 1 << 70, "odd": "\ud800"}),
    TaskFailed(2.0, "t2", None, "why"),
    TimeReached(3.5),
]


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    opened = Database(tmp_path / "bunsui.db")
    yield opened
    opened.close()


def add(database: Database, **more: Any) -> None:
    given = {"execution": 1, "first_signal": 0, "signals": (), "first_event": 0, "events": 0, "history": b""}
    with database.write() as connection:
        append(connection, Delta(**{**given, **more}))


@pytest.mark.parametrize("size", [1, 2, 3])
def test_signals_come_back_exactly_however_they_were_batched(database: Database, size: int) -> None:
    for first in range(0, len(SIGNALS), size):
        add(database, first_signal=first, signals=SIGNALS[first : first + size])
    add(database, execution=2, signals=SIGNALS[:1])
    journal = Journal(database)
    assert journal.signals(1) == SIGNALS
    assert journal.signals(2) == SIGNALS[:1]
    assert journal.signals(3) == []


def test_history_comes_back_in_its_order(database: Database) -> None:
    add(database, first_event=2, events=1, history=b"[c]")
    add(database, first_event=0, events=2, history=b"[a,b]")
    assert Journal(database).history(1) == [(0, 2, b"[a,b]"), (2, 1, b"[c]")]


def test_what_adds_nothing_writes_nothing(database: Database) -> None:
    add(database)
    assert database.one("SELECT count(*) FROM signals") == (0,)
    assert database.one("SELECT count(*) FROM history") == (0,)


def test_an_answered_task_loses_its_token_and_an_end_all_of_them(database: Database) -> None:
    with database.write() as connection:
        tokens = [("x", 1, "t1"), ("y", 1, "t2"), ("z", 2, "t1")]
        connection.executemany("INSERT INTO tokens VALUES (?, ?, ?)", tokens)
    add(database, answered=["t1"])
    assert database.all("SELECT token FROM tokens ORDER BY token") == [("y",), ("z",)]
    with database.write() as connection:
        end(connection, 1, Ending(status="FAILED", output=None, error="E", cause=None, at=5))
    assert database.all("SELECT token FROM tokens") == [("z",)]
