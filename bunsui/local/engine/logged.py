"""One execution on the SQLite log, for a caller that drives it: a state machine without a worker."""

from __future__ import annotations

from bunsui.asl.effects import Effect
from bunsui.asl.machine import Machine
from bunsui.asl.signals import Signal
from bunsui.asl.start import ExecutionStart
from bunsui.local.engine.durable import DurableExecution
from bunsui.local.engine.executions import Executions, NewExecution, create, same
from bunsui.local.engine.journal import Journal, append
from bunsui.local.sqlite.database import Database

BATCH = 8192
"""Entries that may wait for a commit while nothing is issued or shown."""


class LoggedExecution:
    """Gives effects only when what led to them is committed; the end is committed when it can be seen.

    With a name that is known already it goes on where the log ends: ask for `execution.open_tasks`.
    Raises Conflict when that execution has another definition or input, StoreCorrupt when its log
    does not fit, StoreFull, StoreError.
    """

    def __init__(self, database: Database, machine: Machine, start: ExecutionStart) -> None:
        self._database = database
        new = NewExecution(
            name=start.name,
            definition=dict(machine.definition),
            type=machine.type,
            start=start.to_json(),
            created_at=round(start.started_at * 1_000_000),
        )
        self._new: NewExecution | None = new
        known = Executions(database).by_name(start.name)
        self._durable = DurableExecution(known.id if known else 0, machine, start)
        self.execution = self._durable.execution
        if known is not None:
            self._resume(same(known, new))

    def start(self) -> list[Effect]:
        """Begin; the first effects. The start record is committed with what follows from it at once."""
        return self._committed(self._durable.begin())

    def apply(self, signal: Signal) -> list[Effect]:
        """Take a signal; the effects that it gives."""
        return self._committed(self._durable.apply(signal))

    @property
    def status(self) -> str:
        """As of the execution."""
        return self.execution.status

    @property
    def now(self) -> float:
        """As of the execution."""
        return self.execution.now

    @property
    def runnable(self) -> bool:
        """As of the execution."""
        return self.execution.runnable

    @property
    def next_timer(self) -> float | None:
        """As of the execution."""
        return self.execution.next_timer

    def _resume(self, number: int) -> None:
        journal = Journal(self._database)
        history = journal.history(number)
        if history:
            self._durable.replay(journal.signals(number), history)

    def _committed(self, effects: list[Effect]) -> list[Effect]:
        if effects or self._durable.pending >= BATCH or self.execution.status != "RUNNING":
            self._commit()
        return effects

    def _commit(self) -> None:
        delta = self._durable.delta()
        if delta is None:
            return
        with self._database.write() as connection:
            if self._new is not None:
                delta.execution = self._durable.number = create(connection, self._new)
            append(connection, delta)
        self._new = None
        self._durable.committed(delta)
