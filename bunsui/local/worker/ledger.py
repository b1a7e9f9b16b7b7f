"""Tries and calls in the store: written before a call is made, and with its result."""

from __future__ import annotations

import asyncio
import logging
import sqlite3
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from bunsui.core.models.event import SessionEvent
from bunsui.core.models.job import Try
from bunsui.core.models.payload import Failure
from bunsui.core.models.status import JobStatus
from bunsui.core.ports.clock import Clock
from bunsui.core.ports.exchange import Slot
from bunsui.errors import StoreCorrupt, StoreError
from bunsui.local.engine import calls
from bunsui.local.engine.calls import Call
from bunsui.local.logs import log_key
from bunsui.local.runners.specs import Started
from bunsui.local.sqlite.database import Database
from bunsui.local.sqlite.events import put_events
from bunsui.local.sqlite.items import begin_item
from bunsui.local.sqlite.tables import put
from bunsui.local.worker.assignment import Answer
from bunsui.local.worker.mailbox import Mailbox, Post, Write, settle

log = logging.getLogger(__name__)

PATIENCE_SECONDS = 0.5


@dataclass(slots=True)
class Trial:
    """A call being made: its try (`stored` once it is in the store) and its row among the calls in flight.

    `log` and `spool` are its files. `others` are the further items of a batch: each has the same tries, with
    a log of its own.
    """

    try_: Try
    call: Call
    log: Path
    spool: Path
    stored: bool = False
    others: tuple[str, ...] = ()

    def tries(self, one: Try) -> list[Try]:
        """The try of the first item, and those of the others like it."""
        return [one, *(of_item(one, key) for key in self.others)]


class Ledger:
    """Records trials. A full disk is waited out: nothing is called before it is recorded."""

    def __init__(self, database: Database, clock: Clock, mailbox: Mailbox) -> None:
        self._database = database
        self._mailbox = mailbox
        self._clock = clock

    def starting(self, trial: Trial, started: Started) -> Write:
        """What to commit before a process sees the payload: who it is. The trial counts as stored now."""
        call = replace(
            trial.call, pid=started.pid, create_time=started.create_time, deadline=started.deadline
        )
        fresh = trial.try_.model_copy(update={"started_at": self._clock.now()})
        try_: Try = fresh.next() if trial.stored else fresh
        tries, event = trial.tries(try_), None if trial.stored else _event(try_, "try.started")
        trial.try_, trial.call, trial.stored = try_, call, True
        return lambda connection: _write(connection, tries, call, event)

    async def started(self, trial: Trial, started: Started) -> None:
        """A process stands ready for the call: commit who it is before it sees the payload."""
        await self._together(trial.call, self.starting(trial, started))

    async def lost(self, trial: Trial, reason: str) -> Call:
        """The runner died without a result: commit that, and give the row for the next call."""
        ended = self._ended(trial.try_, JobStatus.LOST, Failure(error="RunnerLost", cause=reason))
        return await self._over(trial, ended, trial.call.lost + 1)

    async def not_made(self, trial: Trial) -> Call:
        """The runner never saw the call: commit that, and give the row for the next one. Nothing is lost."""
        return await self._over(trial, self._ended(trial.try_, JobStatus.STOPPED, None), trial.call.lost)

    async def _over(self, trial: Trial, ended: Try, lost: int) -> Call:
        call = replace(trial.call, lost=lost, pid=None)
        if trial.stored:
            tries, event = trial.tries(ended), _event(ended, "try.ended")
            await self._commit(lambda connection: _write(connection, tries, call, event))
        return call

    async def cut_short(self, trial: Trial, known: Sequence[Failure | None]) -> Call:
        """A batch ended with its process: commit what became of its items; gives the row for the next call.

        `known` are the first of them; the others were not called.
        """
        call = replace(trial.call, pid=None)
        begun = trial.tries(trial.try_)
        called = zip(begun, known, strict=False)
        tries = [
            *(self._ended(one, JobStatus.FAILED if why else JobStatus.SUCCEEDED, why) for one, why in called),
            *(self._ended(one, JobStatus.STOPPED, None) for one in begun[len(known) :]),
        ]
        await self._commit(lambda connection: _write(connection, tries, call, None))
        return call

    def answered(self, trial: Trial, answer: Answer) -> Write:
        """What to commit together with the signal that carries the answer."""
        measured = {"duration": _rounded(answer.duration), "max_memory": answer.max_memory}
        ended = self._ended(trial.try_, answer.status, answer.failure, **measured)

        def write(connection: sqlite3.Connection) -> None:
            calls.forget(connection, trial.call)
            if trial.stored:
                for one in _by_item(trial.tries(ended), answer):
                    put(connection, one)
                if not ended.item:
                    put_events(connection, [_event(ended, "try.ended")])

        return write

    def forgotten(self, call: Call) -> Write:
        """What to commit when a task is given up between two calls."""
        return lambda connection: calls.forget(connection, call)

    def _ended(self, try_: Try, status: JobStatus, failure: Failure | None, **measured: float | None) -> Try:
        at = self._clock.now()
        ended: Try = try_.next(status=status, finished_at=at, failure=failure, **measured)
        return ended

    async def _together(self, call: Call, write: Write) -> None:
        """Have it committed in the driver's next cycle, with what others have to commit."""
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._mailbox.post(Post(execution=call.execution, writes=(write,), then=partial(settle, done)))
        await done

    async def _commit(self, write: Write) -> None:
        await patiently(lambda: self._in_transaction(write))

    def _in_transaction(self, write: Write) -> None:
        with self._database.write() as connection:
            write(connection)


async def patiently(commit: Callable[[], None]) -> None:
    """Repeat a commit until there is room for it. Raises StoreCorrupt at once."""
    while True:
        try:
            commit()
        except StoreCorrupt:
            raise
        except StoreError as error:
            log.warning("cannot record, trying again: %s", error.message)
            await asyncio.sleep(PATIENCE_SECONDS)
        else:
            return


class Discards:
    """Files of calls whose results are committed. A thread removes them: a busy disk makes it wait."""

    def __init__(self) -> None:
        self._paths: list[Path] = []

    def add(self, paths: Iterable[Path]) -> None:
        """Remove these files, together with others that are to go at the same time."""
        if not self._paths:
            asyncio.get_running_loop().call_soon(self._flush)
        self._paths.extend(paths)

    def _flush(self) -> None:
        paths, self._paths = self._paths, []
        asyncio.get_running_loop().run_in_executor(None, _remove, paths)


def _remove(paths: list[Path]) -> None:
    for path in paths:
        path.unlink(missing_ok=True)


def _rounded(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds, 6)


def of_item(one: Try, key: str) -> Try:
    """The same try of another item."""
    place = Slot(
        session_id=one.session_id,
        run_id=one.run_id,
        attempt=one.attempt,
        job=one.job,
        item=key,
        operation=one.operation,
    )
    return one.model_copy(update={"item": key, "log": log_key(place, one.number)})


def _by_item(tries: list[Try], answer: Answer) -> list[Try]:
    """The tries of a batch, each with what became of its item."""
    if not answer.items:
        return tries
    return [
        one.model_copy(update={"failure": failure, "status": JobStatus.FAILED if failure else one.status})
        for one, failure in zip(tries, answer.items, strict=True)
    ]


def _write(connection: sqlite3.Connection, tries: list[Try], call: Call, event: SessionEvent | None) -> None:
    """Write tries with their call; events tell of jobs, the records of items speak for themselves."""
    for try_ in tries:
        put(connection, try_)
        if try_.item and try_.status is JobStatus.RUNNING:
            begin_item(connection, try_)
    calls.save(connection, call)
    if event is not None and not event.item:
        put_events(connection, [event])


def _event(try_: Try, kind: str) -> SessionEvent:
    return SessionEvent(
        session_id=try_.session_id,
        at=try_.finished_at or try_.started_at,
        kind=kind,
        run_id=try_.run_id,
        attempt=try_.attempt,
        job=try_.job,
        item=try_.item or None,
        data={"operation": try_.operation, "number": try_.number, "status": try_.status.value},
    )
