"""The heart of the worker: signals in, one commit, effects out.

All executions advance in one cycle: apply what has arrived, commit everything in one transaction, then
carry out the effects. An effect that only has to be recorded is dealt with before the commit, and what
follows from it is in the same one. While a commit takes its time the next posts gather, so that many
executions share a commit.
"""

from __future__ import annotations

import asyncio
import logging
import sqlite3
import time
from collections import deque
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from functools import partial
from heapq import heappop, heappush
from typing import Protocol

from bunsui.asl.effects import Effect
from bunsui.asl.signals import Continue, Signal, TimeReached
from bunsui.errors import StoreCorrupt, StoreError
from bunsui.local.engine.durable import DurableExecution
from bunsui.local.engine.executions import ExecutionRecord
from bunsui.local.engine.journal import Delta, Ending, append, end
from bunsui.local.sqlite.database import Database
from bunsui.local.worker.committer import Committer
from bunsui.local.worker.mailbox import Mailbox, Post, Write

log = logging.getLogger(__name__)

STEP_SECONDS = 0.02
POLL_SECONDS = 0.1
PATIENCE_SECONDS = 0.5


class Carrier(Protocol):
    """Carries out effects of executions, once they are committed."""

    def at_once(self, record: ExecutionRecord, effect: Effect) -> Coroutine[None, None, Post | None]:
        """What an effect comes to that needs nothing but to be recorded, for the commit that records it.

        None for one that is to be issued after that commit; so is one that would have to wait for something.
        """
        ...

    def issue(self, record: ExecutionRecord, effect: Effect) -> None:
        """Begin with an effect; its answers come as posts. Calls that an earlier worker made are adopted."""
        ...

    def ended(self, record: ExecutionRecord) -> None:
        """The execution has ended: end what still runs for it, and tell control."""
        ...


@dataclass(slots=True)
class Live:
    """An execution in memory: effects that wait for the commit, and the time it is next looked at."""

    record: ExecutionRecord
    durable: DurableExecution
    effects: list[Effect] = field(default_factory=list)
    broken: bool = False
    timer: float | None = None


@dataclass(frozen=True, slots=True)
class _Cycle:
    """What was applied together: to be committed together, then carried out."""

    effects: list[tuple[Live, list[Effect]]]
    deltas: list[tuple[Live, Delta]]
    writes: list[Write]
    after: list[Callable[[], None]]

    def write(self, connection: sqlite3.Connection) -> None:
        """Write all of it, inside a transaction."""
        for _, delta in self.deltas:
            append(connection, delta)
        for write in self.writes:
            write(connection)


def failing(execution: int, cause: str, now: float) -> Write:
    """The end of an execution that cannot be driven: an error that no Catch holds."""
    ending = Ending(status="FAILED", output=None, error="States.Runtime", cause=cause, at=round(now * 1e6))
    return lambda connection: end(connection, execution, ending)


def without_waiting(work: Coroutine[None, None, Post | None]) -> Post | None:
    """What this gives without waiting, else None.

    Nobody else may go on between a signal and the commit that it belongs to: a result that came meanwhile
    would be of a later commit, and its file already given to a call of this one.
    """
    try:
        work.send(None)
    except StopIteration as end:
        post: Post | None = end.value
        return post
    work.close()
    return None


class Driver:
    """Advances executions."""

    def __init__(self, database: Database, mailbox: Mailbox, carrier: Carrier) -> None:
        self._database = database
        self._mailbox = mailbox
        self._carrier = carrier
        self._live: dict[int, Live] = {}
        self._writes: list[Write] = []
        self._after: list[Callable[[], None]] = []
        self._touched: dict[int, Live] = {}
        self._unfinished: deque[int] = deque()
        self._timers: list[tuple[float, int]] = []
        self._stopping = False

    def stop(self) -> None:
        """End after the current cycle."""
        self._stopping = True
        self._mailbox.wake()

    @property
    def running(self) -> int:
        """How many executions run."""
        return len(self._live)

    def open_tasks(self) -> set[tuple[int, str]]:
        """The tasks that executions wait for."""
        return {
            (number, task.task_id)
            for number, live in self._live.items()
            for task in live.durable.execution.open_tasks
        }

    def add(self, record: ExecutionRecord, durable: DurableExecution, effects: list[Effect]) -> None:
        """Take in a new execution with its first effects."""
        self._live[record.id] = live = Live(record, durable)
        self._note(live, effects)
        self._mailbox.wake()

    def refuse(self, record: ExecutionRecord, cause: str) -> None:
        """Fail an execution that cannot be driven at all."""
        write = failing(record.id, cause, self._mailbox.now())
        then = partial(self._carrier.ended, record)
        self._mailbox.post(Post(execution=record.id, writes=(write,), then=then))

    def adopt(self, record: ExecutionRecord, durable: DurableExecution) -> None:
        """Take in an execution that an earlier worker has driven."""
        self._live[record.id] = live = Live(record, durable)
        self._note(live, [*durable.execution.open_tasks, *durable.execution.open_requests])
        self._mailbox.wake()

    async def run(self, look: Callable[[], None]) -> None:
        """Cycle until `stop`; `look` brings in what other processes committed.

        Raises StoreCorrupt when the database can no longer be trusted.
        """
        committer = Committer(self._database)
        try:
            while not self._stopping:
                await self._mailbox.wait(self._idle_seconds())
                look()
                self._fire_timers()
                self._apply_posts()
                self._go_on()
                self._settle()
                cycle = self._gathered()
                await self._commit(cycle, committer)
                self._issue(cycle)
        finally:
            committer.close()

    def _idle_seconds(self) -> float:
        if self._unfinished:
            return 0.0
        if not self._timers:
            return POLL_SECONDS
        return max(0.0, min(POLL_SECONDS, self._timers[0][0] - self._mailbox.now()))

    # Applying

    def _fire_timers(self) -> None:
        now = self._mailbox.now()
        while self._timers and self._timers[0][0] <= now:
            at, number = heappop(self._timers)
            live = self._live.get(number)
            if live is not None and live.timer == at:
                live.timer = None
                self._fire(live, now)

    def _fire(self, live: Live, now: float) -> None:
        due = live.durable.execution.next_timer
        if due is not None and due <= now:
            self._apply(live, TimeReached(now))
        else:
            self._watch(live)

    def _watch(self, live: Live) -> None:
        due = live.durable.execution.next_timer
        if due is not None and (live.timer is None or due < live.timer):
            live.timer = due
            heappush(self._timers, (due, live.record.id))

    def _apply_posts(self) -> None:
        for post in self._mailbox.take():
            live = self._live.get(post.execution)
            self._take(live, post)

    def _take(self, live: Live | None, post: Post) -> None:
        if live is not None and post.signal is not None:
            self._apply(live, post.signal)
        self._writes.extend(post.writes)
        if post.then is not None:
            self._after.append(post.then)

    def _settle(self) -> None:
        """Deal with the effects that only have to be recorded, and with those that follow from them."""
        for live in list(self._touched.values()):
            try:
                self._settle_one(live)
            except Exception as error:
                log.exception("execution %s cannot go on", live.record.name)
                self._break(live, f"{type(error).__name__}: {error}")

    def _settle_one(self, live: Live) -> None:
        waiting, kept = deque(live.effects), list[Effect]()
        while waiting and not live.broken:
            effect = waiting.popleft()
            post = without_waiting(self._carrier.at_once(live.record, effect))
            if post is None:
                kept.append(effect)
            else:
                live.effects = []
                self._take(live, post)
                waiting.extend(live.effects)
        live.effects = [] if live.broken else kept

    def _go_on(self) -> None:
        """Continue executions that used up a step, in turn, for a while."""
        until = time.monotonic() + STEP_SECONDS
        while self._unfinished and time.monotonic() < until:
            live = self._live.get(self._unfinished.popleft())
            if live is not None and live.durable.execution.runnable:
                self._apply(live, Continue(self._mailbox.now()))

    def _apply(self, live: Live, signal: Signal) -> None:
        if live.broken:
            return
        try:
            self._note(live, live.durable.apply(signal))
        except Exception as error:
            # A defect that one execution meets must not stop the others.
            log.exception("execution %s cannot go on", live.record.name)
            self._break(live, f"{type(error).__name__}: {error}")

    def _break(self, live: Live, cause: str) -> None:
        live.broken = True
        live.effects.clear()
        self._touched.pop(live.record.id, None)
        self._live.pop(live.record.id, None)
        self._writes.append(failing(live.record.id, cause, self._mailbox.now()))
        self._after.append(partial(self._carrier.ended, live.record))

    def _note(self, live: Live, effects: list[Effect]) -> None:
        live.effects.extend(effects)
        self._touched[live.record.id] = live
        if live.durable.execution.runnable:
            self._unfinished.append(live.record.id)
        self._watch(live)

    # Committing and carrying out

    def _gathered(self) -> _Cycle:
        """All that this cycle has to commit and to carry out. What comes meanwhile is for the next one."""
        touched, self._touched = self._touched, {}
        writes, self._writes = self._writes, []
        after, self._after = self._after, []
        effects = [(live, live.effects) for live in touched.values()]
        for live in touched.values():
            live.effects = []
        deltas = [(live, live.durable.delta()) for live in touched.values()]
        return _Cycle(effects, [(live, delta) for live, delta in deltas if delta is not None], writes, after)

    async def _commit(self, cycle: _Cycle, committer: Committer) -> None:
        """Commit all of the cycle. A full disk is waited out: nothing is carried out until it is written."""
        if not cycle.deltas and not cycle.writes:
            return
        while True:
            try:
                await committer.commit(cycle.write)
            except StoreCorrupt:
                raise
            except StoreError as error:
                log.warning("cannot record, trying again: %s", error.message)
                await asyncio.sleep(PATIENCE_SECONDS)
            else:
                break
        for live, delta in cycle.deltas:
            live.durable.committed(delta)

    def _issue(self, cycle: _Cycle) -> None:
        for action in cycle.after:
            action()
        for live, effects in cycle.effects:
            for effect in effects:
                self._carrier.issue(live.record, effect)
            if live.durable.execution.status != "RUNNING":
                self._forget(live)
                self._carrier.ended(live.record)

    def _forget(self, live: Live) -> None:
        """Let go of an execution, unless it was taken in anew while its end was committed: it is redriven."""
        if self._live.get(live.record.id) is live:
            del self._live[live.record.id]
