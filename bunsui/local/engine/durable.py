"""An execution with its log: what has to be committed before its effects may be carried out."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from bunsui.asl.effects import CancelTask, Effect, StartTask
from bunsui.asl.execution import Execution
from bunsui.asl.history import History
from bunsui.asl.machine import Machine
from bunsui.asl.signals import Signal, TaskFailed, TaskSucceeded
from bunsui.asl.start import ExecutionStart
from bunsui.errors import StoreCorrupt
from bunsui.local.engine.journal import Delta, Ending

RUNNING = "RUNNING"


class DurableExecution:
    """Drives one execution and gathers what each commit has to write.

    `begin`, `apply` and `replay` advance it; `delta` is what the log lacks, and after `committed` the
    log is complete. `number` is the execution's number in the store; for `records` see `Execution`.
    """

    def __init__(self, number: int, machine: Machine, start: ExecutionStart, *, records: bool = True) -> None:
        self.number = number
        self.execution = Execution(machine, start, records=records)
        self._signals: list[Signal] = []
        self._opened: list[StartTask] = []
        self._answered: list[str] = []
        self._with_token: set[str] = set()
        self._logged_signals = 0
        self._logged_events = 0
        self._logged_status = RUNNING

    def begin(self) -> list[Effect]:
        """Start; gives the first effects."""
        return self._noted(self.execution.start())

    def apply(self, signal: Signal) -> list[Effect]:
        """Take a signal; its effects may be carried out once the delta is committed."""
        self._signals.append(signal)
        if isinstance(signal, (TaskSucceeded, TaskFailed)):
            self._note_answer(signal.task_id)
        return self._noted(self.execution.apply(signal))

    def replay(self, signals: Sequence[Signal], history: Iterable[tuple[int, int, bytes]]) -> None:
        """Bring a new instance to where its log ends. Raises StoreCorrupt when the log differs."""
        self.execution.start()
        for signal in signals:
            self.execution.apply(signal)
        self._logged_signals = len(signals)
        self._logged_events = self._compare(history)
        self._logged_status = self.execution.status
        self._with_token = {task.task_id for task in self.execution.open_tasks if task.token is not None}

    @property
    def pending(self) -> int:
        """How many entries the log lacks."""
        return len(self._signals) + len(self.execution.history) - self._logged_events

    def delta(self) -> Delta | None:
        """What the log lacks; None where it is complete."""
        events = len(self.execution.history) - self._logged_events
        if not self._signals and not events:
            return None
        return Delta(
            execution=self.number,
            first_signal=self._logged_signals,
            signals=tuple(self._signals),
            first_event=self._logged_events,
            events=events,
            history=self.execution.history.encode(self._logged_events) if events else b"",
            opened=tuple(self._opened),
            answered=tuple(self._answered),
            ending=self._ending(),
        )

    def committed(self, delta: Delta) -> None:
        """The delta is in the log."""
        self._logged_signals += len(delta.signals)
        self._logged_events += delta.events
        self._logged_status = self.execution.status
        self._signals.clear()
        self._opened.clear()
        self._answered.clear()

    def _noted(self, effects: list[Effect]) -> list[Effect]:
        for effect in effects:
            if isinstance(effect, StartTask) and effect.token is not None:
                self._opened.append(effect)
                self._with_token.add(effect.task_id)
            elif isinstance(effect, CancelTask):
                self._note_answer(effect.task_id)
        return effects

    def _note_answer(self, task_id: str) -> None:
        if task_id in self._with_token:
            self._with_token.discard(task_id)
            self._answered.append(task_id)

    def _ending(self) -> Ending | None:
        execution = self.execution
        if execution.status == self._logged_status:
            return None
        return Ending(
            status=execution.status,
            output=execution.output,
            error=execution.error,
            cause=execution.cause,
            at=round((execution.ended_at or execution.now) * 1_000_000),
        )

    def _compare(self, history: Iterable[tuple[int, int, bytes]]) -> int:
        """The number of events, once the replay is known to equal what was recorded."""
        raw, end = self.execution.history.raw, 0
        for first, count, body in history:
            if first != end or History(raw[first : first + count]).encode() != body:
                raise self._diverged(f"from event {first + 1} on")
            end += count
        if end != len(raw):
            raise self._diverged(f"after event {end}")
        return end

    def _diverged(self, where: str) -> StoreCorrupt:
        return StoreCorrupt(
            f"Replaying {self.execution.arn} gives another history than was recorded, {where}",
            next_steps=[
                "Stop the session and rerun it: what succeeded is reused",
                "If bunsui was updated while it ran, finish it with the version that began it",
            ],
        )
