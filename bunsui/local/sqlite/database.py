"""One connection to the database file: how it is opened, and what a transaction is."""

from __future__ import annotations

import fcntl
import os
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path

from bunsui.errors import StoreError
from bunsui.local.data_dir import make_private, unusable
from bunsui.local.sqlite.failures import corrupt, newer, translate, translated
from bunsui.local.sqlite.schema import MIGRATIONS

BUSY_SECONDS = 15.0


class Database:
    """The database of a data directory, opened at first use, for one thread.

    What `write` committed is on the disk (WAL, synchronous FULL) when it returns. `exclusive` is
    entered around a migration: it must keep every other writer away. Where the directory or file
    cannot be written, reading still works. `turn` is held during a transaction, for databases that take
    turns: waiting for it costs less than finding the file locked.
    """

    def __init__(
        self,
        path: Path,
        *,
        exclusive: Callable[[], AbstractContextManager[object]] = nullcontext,
        migrations: tuple[str, ...] = MIGRATIONS,
        turn: threading.Lock | None = None,
    ) -> None:
        self.path = path
        self._turn = turn or threading.Lock()
        self._exclusive = exclusive
        self._migrations = migrations
        self._connection: sqlite3.Connection | None = None
        self.commits = 0
        self.version_at_opening = 0

    @property
    def connection(self) -> sqlite3.Connection:
        """The open connection. Raises StoreError, StoreCorrupt."""
        if self._connection is None:
            self._connection = self._open()
            self.version_at_opening = self.data_version()
        return self._connection

    def all(self, sql: str, parameters: tuple[object, ...] = ()) -> list[tuple[object, ...]]:
        """The rows of a query. Raises StoreError, StoreCorrupt."""
        try:
            return self.connection.execute(sql, parameters).fetchall()
        except sqlite3.Error as error:
            raise translate(error, self.path) from error

    def one(self, sql: str, parameters: tuple[object, ...] = ()) -> tuple[object, ...] | None:
        """The first row of a query. Raises StoreError, StoreCorrupt."""
        try:
            row: tuple[object, ...] | None = self.connection.execute(sql, parameters).fetchone()
        except sqlite3.Error as error:
            raise translate(error, self.path) from error
        return row

    @contextmanager
    def write(self) -> Iterator[sqlite3.Connection]:
        """A transaction that takes the write lock at once; any error rolls it back.

        Raises StoreFull, StoreError, StoreCorrupt.
        """
        connection = self._begin()
        try:
            with translated(self.path):
                yield connection
        except BaseException:
            self._give_up(connection)
            raise
        self._complete(connection)

    def prepare(self, work: Callable[[sqlite3.Connection], None]) -> Callable[[], None]:
        """Do the work of a transaction, and give what commits it, which may be called in another thread.

        Raises as `write`, also from what it gives. Until that was called the database is not to be used.
        """
        connection = self._begin()
        try:
            with translated(self.path):
                work(connection)
        except BaseException:
            self._give_up(connection)
            raise
        return lambda: self._complete(connection)

    def twin(self) -> Database:
        """Another connection to the same file, which takes turns in writing with this one."""
        return Database(self.path, exclusive=self._exclusive, migrations=self._migrations, turn=self._turn)

    def _begin(self) -> sqlite3.Connection:
        connection = self.connection
        self._turn.acquire()
        try:
            with translated(self.path):
                connection.execute("BEGIN IMMEDIATE")
        except BaseException:
            self._turn.release()
            raise
        return connection

    def _complete(self, connection: sqlite3.Connection) -> None:
        try:
            with translated(self.path):
                connection.execute("COMMIT")
        except BaseException:
            self._give_up(connection)
            raise
        self.commits += 1
        self._turn.release()

    def _give_up(self, connection: sqlite3.Connection) -> None:
        try:
            _roll_back(connection)
        finally:
            self._turn.release()

    def data_version(self) -> int:
        """A number that changes when another connection has committed."""
        row = self.one("PRAGMA data_version")
        return int(str(row[0])) if row else 0

    def close(self) -> None:
        """Close the connection; the next use opens it again."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _open(self) -> sqlite3.Connection:
        if not os.path.lexists(self.path):
            make_private(self.path.parent)
        if not self._writable():
            return self._opened(self._connect_for_reading)
        if self.path.exists() and self.path.stat().st_size:
            return self._opened(self._connect_for_writing)
        with _alone_in(self.path.parent):
            return self._opened(self._connect_for_writing)

    def _opened(self, connect: Callable[[], sqlite3.Connection]) -> sqlite3.Connection:
        with translated(self.path):
            connection = connect()
        try:
            self._bring_up_to_date(connection)
        except sqlite3.Error as error:
            connection.close()
            raise translate(error, self.path) from error
        except StoreError:
            connection.close()
            raise
        return connection

    def _writable(self) -> bool:
        try:
            present = self.path.exists()
        except OSError as error:
            raise unusable(self.path, error) from error
        return os.access(self.path.parent, os.W_OK | os.X_OK) and (
            not present or os.access(self.path, os.W_OK)
        )

    def _connect_for_writing(self) -> sqlite3.Connection:
        if not self.path.exists():
            self._create_private_file()
        # A prepared transaction is committed by another thread, while this one keeps its hands off it.
        connection = sqlite3.connect(
            self.path, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False
        )
        try:
            connection.execute("PRAGMA synchronous = FULL")
            if connection.execute("PRAGMA journal_mode").fetchone() != ("wal",):
                connection.execute("PRAGMA journal_mode = WAL")
        except sqlite3.Error:
            connection.close()
            raise
        return connection

    def _create_private_file(self) -> None:
        try:
            os.close(os.open(self.path, os.O_RDWR | os.O_CREAT, 0o600))
        except OSError as error:
            raise unusable(self.path, error) from error

    def _connect_for_reading(self) -> sqlite3.Connection:
        uri = self.path.absolute().as_uri()
        try:
            connection = self._try_reading(f"{uri}?mode=ro")
        except sqlite3.OperationalError:
            # A WAL database needs its -shm file. Without one, and without a log, the file alone is complete.
            if not _log_is_empty(self.path):
                raise
            connection = self._try_reading(f"{uri}?mode=ro&immutable=1")
        return connection

    def _try_reading(self, uri: str) -> sqlite3.Connection:
        connection = sqlite3.connect(uri, uri=True, timeout=BUSY_SECONDS, isolation_level=None)
        try:
            connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
        except sqlite3.Error:
            connection.close()
            raise
        return connection

    def _bring_up_to_date(self, connection: sqlite3.Connection) -> None:
        found, known = _schema_of(connection), len(self._migrations)
        if found > known:
            raise newer(self.path, found, known)
        if found == known:
            return
        with self._exclusive() if found else nullcontext():
            self._migrate(connection)

    def _migrate(self, connection: sqlite3.Connection) -> None:
        connection.execute("BEGIN IMMEDIATE")
        try:
            found = _schema_of(connection)
            if found == 0 and connection.execute("SELECT count(*) FROM sqlite_master").fetchone() != (0,):
                raise corrupt(self.path, "it has tables, but none of bunsui's")
            for step in self._migrations[found:]:
                for statement in step.split(";\n"):
                    connection.execute(statement)
            connection.execute(f"PRAGMA user_version = {len(self._migrations)}")
            connection.execute("COMMIT")
        except BaseException:
            _roll_back(connection)
            raise


@contextmanager
def _alone_in(directory: Path) -> Iterator[None]:
    """Keep other processes from making the same file at the same time."""
    try:
        handle = os.open(directory, os.O_RDONLY)
    except OSError as error:
        raise unusable(directory, error) from error
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def _schema_of(connection: sqlite3.Connection) -> int:
    return int(connection.execute("PRAGMA user_version").fetchone()[0])


def _roll_back(connection: sqlite3.Connection) -> None:
    if connection.in_transaction:
        connection.execute("ROLLBACK")


def _log_is_empty(path: Path) -> bool:
    log = path.with_name(path.name + "-wal")
    return not log.exists() or log.stat().st_size == 0
