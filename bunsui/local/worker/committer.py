"""Commits that do not hold up the event loop: it goes on while the disk is waited for."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from bunsui.local.sqlite.database import Database


class Committer:
    """Writes on a connection of its own; only the wait for the disk happens in a thread.

    The statements themselves are quick, and in a thread they would wait for the interpreter's lock one by
    one.
    """

    def __init__(self, database: Database) -> None:
        self._database = database.twin()
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="commit")

    async def commit(self, work: Callable[[sqlite3.Connection], None]) -> None:
        """Commit what `work` writes. Raises StoreFull, StoreError, StoreCorrupt, and what `work` raises."""
        complete = self._database.prepare(work)
        # Who no longer waits must not keep it from being done: the transaction is open and has the turn.
        await asyncio.shield(asyncio.get_running_loop().run_in_executor(self._thread, complete))

    def close(self) -> None:
        """Wait for a commit under way, and close the connection."""
        self._thread.shutdown()
        self._database.close()
