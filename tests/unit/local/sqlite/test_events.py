"""Events of sessions: numbered without a gap, and a commit is noticed once."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from bunsui.core.models.event import SessionEvent
from bunsui.local.sqlite.database import Database
from bunsui.local.sqlite.events import SqliteEvents, put_events
from tests.unit.core.records import NOW


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    opened = Database(tmp_path / "bunsui.db")
    yield opened
    opened.close()


def event(session: str = "s", kind: str = "job.started") -> SessionEvent:
    return SessionEvent(session_id=session, at=NOW, kind=kind)


def add(database: Database, *events: SessionEvent) -> None:
    with database.write() as connection:
        put_events(connection, events)


async def test_every_session_counts_for_itself_over_transactions(database: Database) -> None:
    add(database, event("s"), event("t"), event("s"))
    add(database, event("s"), event("t"))
    kept = SqliteEvents(database)
    assert [one.seq for one in await kept.events("s")] == [1, 2, 3]
    assert [one.seq for one in await kept.events("t")] == [1, 2]


async def test_reading_on_gives_what_came_behind(database: Database) -> None:
    add(database, *(event(kind=f"k{n}") for n in range(5)))
    kept = SqliteEvents(database)
    assert [one.kind for one in await kept.events("s", after=2, limit=2)] == ["k2", "k3"]
    assert await kept.events("s", after=5) == []
    assert await kept.events("nobody") == []


async def test_a_transaction_that_is_rolled_back_uses_up_no_number(database: Database) -> None:
    def broken() -> Iterator[SessionEvent]:
        yield event()
        raise KeyError

    with pytest.raises(KeyError), database.write() as connection:
        put_events(connection, broken())
    add(database, event())
    assert [one.seq for one in await SqliteEvents(database).events("s")] == [1]


async def test_a_commit_is_noticed_once_whoever_made_it(database: Database) -> None:
    kept = SqliteEvents(database)
    await kept.changed(timeout=0)
    assert not await kept.changed(timeout=0)
    add(database, event())
    assert await kept.changed(timeout=0)
    assert not await kept.changed(timeout=0)
    other = Database(database.path)
    add(other, event())
    other.close()
    assert await kept.changed(timeout=0)


async def test_what_was_committed_between_opening_and_the_first_question_counts(database: Database) -> None:
    kept = SqliteEvents(database)
    add(database, event())
    assert await kept.changed(timeout=0)
