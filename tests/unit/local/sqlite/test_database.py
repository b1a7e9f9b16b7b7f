from __future__ import annotations

import asyncio
import os
import resource
import sqlite3
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from bunsui.core.models.session import KeyClaim
from bunsui.core.ports.store import Transaction
from bunsui.errors import BunsuiError, StoreCorrupt, StoreError, StoreFull
from bunsui.local.sqlite.database import Database
from bunsui.local.sqlite.schema import MIGRATIONS
from bunsui.local.sqlite.store import SqliteStore

NOBODY = 65534


def claim(key: str, size: int = 0) -> KeyClaim:
    return KeyClaim(profile="local", key=key + "x" * size, session_id="20260301-aaaaaa")


def test_a_new_file_is_private_and_durable(tmp_path: Path) -> None:
    database = Database(tmp_path / "data" / "bunsui.db")
    assert database.one("PRAGMA journal_mode") == ("wal",)
    assert database.one("PRAGMA synchronous") == (2,)
    assert database.path.stat().st_mode & 0o077 == 0
    database.close()


def test_processes_that_make_it_at_once_do_not_meet(tmp_path: Path) -> None:
    path = tmp_path / "bunsui.db"

    def open_one(number: int) -> int:
        database = Database(path)
        with database.write() as connection:
            connection.execute("INSERT INTO tokens VALUES (?, 1, '1')", (str(number),))
        database.close()
        return number

    with ThreadPoolExecutor(8) as pool:
        assert sorted(pool.map(open_one, range(8))) == list(range(8))
    database = Database(path)
    assert database.one("SELECT count(*) FROM tokens") == (8,)
    database.close()


def test_a_newer_schema_is_one_clear_error(tmp_path: Path) -> None:
    database = Database(tmp_path / "bunsui.db")
    database.connection.execute("PRAGMA user_version = 99")
    database.close()
    with pytest.raises(StoreError, match=r"schema 99.*newer bunsui"):
        database.one("SELECT 1")


def test_an_older_schema_is_migrated_with_every_writer_away(tmp_path: Path) -> None:
    path = tmp_path / "bunsui.db"
    Database(path).connection.close()
    entered: list[str] = []

    class Away:
        def __enter__(self) -> None:
            entered.append("in")

        def __exit__(self, *error: object) -> None:
            entered.append("out")

    grown = (*MIGRATIONS, "ALTER TABLE tokens ADD COLUMN note TEXT")
    database = Database(path, exclusive=Away, migrations=grown)
    database.one("SELECT note FROM tokens")
    assert entered == ["in", "out"]
    database.close()
    Database(path, exclusive=Away, migrations=grown).connection.close()
    assert entered == ["in", "out"]


def test_a_migration_that_fails_changes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "bunsui.db"
    Database(path).connection.close()
    bad = (*MIGRATIONS, "ALTER TABLE tokens ADD COLUMN note TEXT;\nCREATE TABLE tokens (x)")
    with pytest.raises(StoreError):
        Database(path, migrations=bad).one("SELECT 1")
    database = Database(path)
    assert database.one("PRAGMA user_version") == (len(MIGRATIONS),)
    database.close()


@pytest.mark.parametrize(
    "content", [b"not a database at all, but long enough" * 100, b"SQLite format 3\0junk" * 300]
)
def test_what_is_no_database_is_told_with_a_way_out(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "bunsui.db"
    path.write_bytes(content)
    with pytest.raises(StoreCorrupt) as raised:
        Database(path).one("SELECT 1")
    assert str(path) in raised.value.message
    assert raised.value.next_steps


def test_a_foreign_database_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "bunsui.db"
    with sqlite3.connect(path) as foreign:
        foreign.execute("CREATE TABLE theirs (x)")
    foreign.close()
    with pytest.raises(StoreCorrupt, match="none of bunsui's"):
        Database(path).one("SELECT 1")


async def test_damage_inside_is_found_when_it_is_read(tmp_path: Path) -> None:
    path = tmp_path / "bunsui.db"
    store = SqliteStore(Database(path))
    await store.commit(Transaction(put=[claim(f"{number}-", 2000) for number in range(300)]))
    await store.close()
    content = bytearray(path.read_bytes())
    content[4096 * 40 :] = b"\xaa" * (len(content) - 4096 * 40)
    path.write_bytes(content)
    with pytest.raises(StoreCorrupt):
        await read_all(store)
    await store.close()


async def read_all(store: SqliteStore) -> None:
    for number in range(300):
        await store.sessions.claim("local", f"{number}-" + "x" * 2000)


async def test_a_full_disk_loses_nothing_that_was_there(tmp_path: Path) -> None:
    database = Database(tmp_path / "bunsui.db")
    store = SqliteStore(database)
    await store.commit(Transaction(put=[claim("first")]))
    pages = database.one("PRAGMA page_count")
    assert pages is not None
    database.connection.execute(f"PRAGMA max_page_count = {pages[0]}")
    with pytest.raises(StoreFull):
        await store.commit(Transaction(put=[claim(f"{number}-", 2000) for number in range(50)]))
    assert await store.sessions.claim("local", "first") is not None
    assert database.one("SELECT count(*) FROM key_claims") == (1,)
    database.connection.execute("PRAGMA max_page_count = 100000")
    await store.commit(Transaction(put=[claim("second")]))
    await store.close()


FILL = """
import asyncio, resource, sys
from pathlib import Path
from bunsui.core.models.session import KeyClaim
from bunsui.core.ports.store import Transaction
from bunsui.errors import StoreFull
from bunsui.local.sqlite.database import Database
from bunsui.local.sqlite.store import SqliteStore

async def fill(store):
    for number in range(10_000):
        claim = KeyClaim(profile="p", key=f"{number}-" + "x" * 5000, session_id="s")
        await store.commit(Transaction(put=[claim]))
        print(number, flush=True)

store = SqliteStore(Database(Path(sys.argv[1])))
try:
    asyncio.run(fill(store))
except StoreFull:
    print("full")
"""


def test_a_file_that_may_not_grow_is_full_and_keeps_every_commit(tmp_path: Path) -> None:
    path = tmp_path / "bunsui.db"
    Database(path).connection.close()

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (600_000, 600_000))

    done = subprocess.run(
        [sys.executable, "-c", FILL, str(path)], capture_output=True, text=True, check=False, preexec_fn=limit
    )
    lines = done.stdout.split()
    assert lines[-1] == "full", done.stderr
    database = Database(path)
    assert database.one("SELECT count(*) FROM key_claims") == (len(lines) - 1,)
    database.close()


def read_as_nobody(path: Path) -> str:
    """What a user without rights sees: a child of ours gives up root where we have it."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        if os.getuid() == 0:
            os.setuid(NOBODY)
        os.write(writer, _read(path).encode())
        os._exit(0)
    os.close(writer)
    os.waitpid(child, 0)
    with os.fdopen(reader, encoding="utf-8") as seen:
        return seen.read()


def _read(path: Path) -> str:
    try:
        return str(Database(path).one("SELECT count(*) FROM tokens"))
    except BunsuiError as error:
        return f"{error.code} {error.message}"


@pytest.fixture
def open_path(tmp_path: Path) -> Path:
    for folder in (tmp_path, *tmp_path.parents):
        if folder.stat().st_uid == os.getuid() and folder != Path("/"):
            folder.chmod(0o755)
    return tmp_path


def test_reading_works_where_nothing_may_be_written(open_path: Path) -> None:
    path = open_path / "bunsui.db"
    Database(path).connection.close()
    path.chmod(0o444)
    open_path.chmod(0o555)
    try:
        assert read_as_nobody(path) == "(0,)"
    finally:
        open_path.chmod(0o755)


def test_an_unreadable_file_is_told_with_its_path(open_path: Path) -> None:
    path = open_path / "bunsui.db"
    Database(path).connection.close()
    path.chmod(0)
    assert read_as_nobody(path).startswith(f"store_error The database {path} cannot be opened")


def test_an_unreadable_directory_is_told_with_its_path(open_path: Path) -> None:
    folder = open_path / "data"
    folder.mkdir()
    Database(folder / "bunsui.db").connection.close()
    folder.chmod(0)
    try:
        assert str(folder) in read_as_nobody(folder / "bunsui.db")
    finally:
        folder.chmod(0o755)


async def test_a_commit_of_another_process_wakes_who_waits(tmp_path: Path) -> None:
    here, there = SqliteStore(Database(tmp_path / "b.db")), SqliteStore(Database(tmp_path / "b.db"))
    assert await here.sessions.claim("local", "a") is None
    assert not await here.events.changed(timeout=0.03)
    waiting = asyncio.create_task(here.events.changed(timeout=10))
    await asyncio.sleep(0)
    await there.commit(Transaction(put=[claim("a")]))
    assert await waiting
    assert not await here.events.changed(timeout=0.03)
    await here.close()
    await there.close()


async def test_a_commit_before_the_first_wait_is_not_missed(tmp_path: Path) -> None:
    here, there = SqliteStore(Database(tmp_path / "b.db")), SqliteStore(Database(tmp_path / "b.db"))
    assert await here.sessions.claim("local", "a") is None
    await there.commit(Transaction(put=[claim("a")]))
    assert await here.events.changed(timeout=10)
    await here.close()
    await there.close()
