"""Commits that do not hold up the event loop: it goes on while the disk is waited for."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable
from queue import SimpleQueue
from threading import Thread

from bunsui.local.sqlite.database import Database
from bunsui.local.worker.mailbox import settle

Done = asyncio.Future[None]


class Committer:
    """Writes on a connection of its own; only the wait for the disk happens in a thread.

    The statements themselves are quick, and in a thread they would wait for the interpreter's lock one by
    one. The thread is our own: an executor would make three futures for every commit.
    """

    def __init__(self, database: Database) -> None:
        self._database = database.twin()
        self._orders = SimpleQueue[tuple[Callable[[], None], Done] | None]()
        self._loop = asyncio.get_running_loop()
        self._thread = Thread(target=self._work, name="commit", daemon=True)
        self._thread.start()

    async def commit(self, work: Callable[[sqlite3.Connection], None]) -> None:
        """Commit what `work` writes. Raises StoreFull, StoreError, StoreCorrupt, and what `work` raises."""
        done: Done = self._loop.create_future()
        self._orders.put((self._database.prepare(work), done))
        # Who no longer waits does not keep it from being done: the transaction is open and has the turn.
        await done

    def close(self) -> None:
        """Wait for a commit under way, and close the connection."""
        self._orders.put(None)
        self._thread.join()
        self._database.close()

    def _work(self) -> None:
        while (order := self._orders.get()) is not None:
            complete, done = order
            try:
                complete()
            except BaseException as error:  # noqa: BLE001 - whoever waits for it is told
                self._loop.call_soon_threadsafe(_fail, done, error)
            else:
                self._loop.call_soon_threadsafe(settle, done)


def _fail(done: Done, error: BaseException) -> None:
    if not done.done():
        done.set_exception(error)
