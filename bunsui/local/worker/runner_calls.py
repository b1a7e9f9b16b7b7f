"""Calls that a runner process makes, one try after the other: recorded, made, adopted, made again."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property, partial
from pathlib import Path
from typing import Protocol

from bunsui.asl.effects import StartTask
from bunsui.asl.signals import Signal, TaskFailed, TaskSubmitted, TaskSucceeded
from bunsui.core.models.job import Try
from bunsui.core.models.payload import Failure
from bunsui.core.models.status import JobStatus
from bunsui.core.ports.clock import Clock
from bunsui.core.ports.exchange import Slot
from bunsui.core.ports.store import Store
from bunsui.local.engine.calls import Call, Calls
from bunsui.local.logs import FileLogs, log_key
from bunsui.local.runners.outcomes import Cancelled, Lost, Outcome, TaskOutcome
from bunsui.local.runners.pool import Reserved
from bunsui.local.runners.specs import InFlight, Started, StartedCallback
from bunsui.local.worker.assignment import Answer, Assignment
from bunsui.local.worker.batches import LOST, end_of_process, skip, skipped
from bunsui.local.worker.ledger import Discards, Ledger, Trial
from bunsui.local.worker.mailbox import Mailbox, Post, Write
from bunsui.local.worker.masking import Mask

LOST_CALLS_REPEATED = 1
"""How often a call whose runner died is made again without asking the retry policy."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where one try writes: its id, its number among the tries of the operation, its log and spool file.

    A batch has a log for each of its items, and a file for what is finished of it, which outlives a call.
    """

    id: str
    number: int
    log: Path
    spool: Path
    logs: tuple[Path, ...] = ()
    progress: Path | None = None


class Work(Protocol):
    """One operation as its kind of runner makes it. `memory` in MiB, `timeout` in seconds.

    `others` are the items of a batch behind the first one, which `slot` names.
    """

    kind: str
    slot: Slot
    others: tuple[str, ...]
    timeout: float
    code: str | None
    mask: Mask

    @property
    def memory(self) -> int:
        """The memory that the call may use."""
        ...

    async def call(self, place: Place, started: StartedCallback) -> Outcome | TaskOutcome:
        """Make the call and wait for its end."""
        ...

    async def adopt(self, flight: InFlight) -> Outcome | TaskOutcome:
        """Wait for the end of a call that an earlier worker made."""
        ...

    def end(self, call_id: str) -> bool:
        """End a call; its outcome says so. False: it is not in flight."""
        ...

    def answered(self, spool: Path) -> None:
        """The result in the spool file is about to be recorded."""
        ...

    def recorded(self, spool: Path) -> bool:
        """The result in the spool file is recorded; whether its runner goes on using the file."""
        ...

    def begun(self, now: float) -> Signal | None:
        """What to tell the machine when the call begins."""
        ...

    async def answer(self, outcome: Outcome | TaskOutcome) -> Answer:
        """The answer in the shape that the integration gives on AWS."""
        ...


class WarmWork(Work, Protocol):
    """An operation whose runners outlive a call, so that one may stand ready for the next."""

    def reserve(self, call_id: str) -> Reserved | None:
        """Take a runner for a call that is about to be made; None where none is idle."""
        ...

    def free(self) -> None:
        """Give back what was reserved and is not needed."""
        ...


@dataclass(frozen=True, slots=True)
class Ahead:
    """A call that is recorded with the task itself, and made after that commit."""

    work: WarmWork
    trial: Trial
    write: Write


@dataclass(frozen=True, slots=True)
class Adopter:
    """How calls of one kind are taken over from an earlier worker, and ended."""

    adopt: Callable[[InFlight], Awaitable[Outcome | TaskOutcome]]
    end: Callable[[str], bool]


@dataclass(slots=True)
class _Open:
    """A call under way, and why it is being ended."""

    work: Work
    carrying: asyncio.Task[None]
    limit: float | None
    issued_at: float
    call_id: str = ""
    reason: JobStatus | None = None


class RunnerCalls:
    """Makes the calls of assignments and posts their answers."""

    def __init__(
        self,
        *,
        store: Store,
        calls: Calls,
        ledger: Ledger,
        logs: FileLogs,
        spool: Path,
        mailbox: Mailbox,
        clock: Clock,
        adopters: Mapping[str, Adopter],
    ) -> None:
        self._adopters = adopters
        self._unwanted: set[tuple[int, str]] = set()
        self._store = store
        self._calls = calls
        self._ledger = ledger
        self._logs = logs
        self._spool = spool
        self._mailbox = mailbox
        self._clock = clock
        self._open: dict[tuple[int, str], _Open] = {}
        self._discards = Discards()

    async def ahead(self, assignment: Assignment, work: WarmWork) -> Ahead | None:
        """Assign an idle runner, so that it is recorded in the commit that makes the task.

        None where there is none, and for a task whose call an earlier worker may have made.
        """
        if assignment.key in self._inherited:
            return None
        call_id = str(uuid.uuid4())
        reserved = work.reserve(call_id)
        if reserved is None:
            return None
        try:
            trial = await self._trial(assignment, work, call_id, spool=reserved.spool)
        except BaseException:
            work.free()
            raise
        return Ahead(work, trial, self._ledger.starting(trial, reserved.started))

    async def carry(self, assignment: Assignment, work: Work, ahead: Ahead | None = None) -> None:
        """Make the call, or go on with it; a call whose runner died is made once more."""
        current = asyncio.current_task()
        if current is None:
            raise RuntimeError("calls are made in tasks")
        entry = _Open(work, current, assignment.task.timeout_seconds, assignment.issued_at)
        if assignment.key in self._unwanted:
            self._unwanted.discard(assignment.key)
            if ahead is not None:
                await self._withdraw(assignment, entry, ahead)
            return
        self._open[assignment.key] = entry
        try:
            await self._until_answered(assignment, entry, ahead)
        finally:
            del self._open[assignment.key]

    async def _until_answered(self, assignment: Assignment, entry: _Open, ahead: Ahead | None) -> None:
        work, call = entry.work, self._left(assignment)
        made = ahead.trial if ahead is not None else None
        while call is None or not await self._spent(call, work) or self._behind(call, work, _died(call)):
            trial, outcome = await self._once(assignment, entry, call, made)
            made = None
            if work.mask.hides:
                for one in trial.tries(trial.try_):
                    work.mask.file(self._logs.path(one.log))
            if isinstance(outcome, Lost):
                call = await self._lost(trial, outcome)
            elif (ended := end_of_process(outcome)) and (known := self._behind(trial.call, work, ended)):
                call = await self._ledger.cut_short(trial, known)
            else:
                self._report(assignment, trial, await work.answer(outcome), entry)
                return
            self._discards.add([trial.spool])
        self._give_up(assignment, call)

    async def _lost(self, trial: Trial, outcome: Lost) -> Call:
        """Record a call without a result. A runner that saw it has opened its log before anything else."""
        if trial.log.exists():
            return await self._ledger.lost(trial, outcome.reason)
        return await self._ledger.not_made(trial)

    async def _withdraw(self, assignment: Assignment, entry: _Open, ahead: Ahead) -> None:
        """Close what was recorded of a call that is not to be made."""
        ahead.work.free()
        entry.reason = JobStatus.STOPPED
        answer = await entry.work.answer(Cancelled(id=ahead.trial.call.id))
        self._report(assignment, ahead.trial, answer, entry)

    def _left(self, assignment: Assignment) -> Call | None:
        """The call of a task that an earlier worker left; those of our own are made here, one by one."""
        if assignment.key not in self._inherited:
            return None
        self._inherited.discard(assignment.key)
        return self._calls.find(*assignment.key)

    @cached_property
    def _inherited(self) -> set[tuple[int, str]]:
        """The tasks with calls that an earlier worker recorded: looked up before the first one of our own."""
        return {(call.execution, call.task) for call in self._calls.all()}

    async def reap(self, call: Call) -> None:
        """End a call that nobody waits for, and forget it."""
        call, flight = self._taken_over(call)
        if call.pid is not None:
            adopter = self._adopters[call.kind]
            ending = asyncio.ensure_future(adopter.adopt(flight))
            await asyncio.sleep(0)
            adopter.end(call.id)
            await ending
        forget = self._ledger.forgotten(call)
        then = partial(self._discards.add, [flight.spool_path, self._progress(call)])
        self._mailbox.post(Post(execution=call.execution, writes=(forget,), then=then))

    def cancel(self, key: tuple[int, str]) -> None:
        """End a call because its answer no longer counts, or keep it from being made."""
        entry = self._open.get(key)
        if entry is None:
            self._unwanted.add(key)
            return
        late = entry.limit is not None and self._mailbox.now() >= entry.issued_at + _almost(entry.limit)
        entry.reason = JobStatus.TIMED_OUT if late else JobStatus.STOPPED
        if not (entry.call_id and entry.work.end(entry.call_id)):
            entry.carrying.cancel()

    def _behind(self, call: Call, work: Work, failure: Failure) -> tuple[Failure | None, ...]:
        """Let the next call of a batch begin behind the item under which its process ended.

        Gives what became of the items up to that one; nothing where the call cannot go on.
        """
        return skip(self._progress(call), 1 + len(work.others), failure) if work.others else ()

    async def _spent(self, call: Call, work: Work) -> bool:
        """Whether nothing runs and the operation has lost so many calls that the retry policy must decide."""
        if call.pid is not None:
            return False
        lost = [one for one in await self._tries(work.slot) if one.status is JobStatus.LOST]
        given_up = skipped(self._progress(call)) if work.others else 0
        return len(lost) > LOST_CALLS_REPEATED + given_up * (1 + LOST_CALLS_REPEATED)

    async def _tries(self, slot: Slot) -> list[Try]:
        found = await self._store.jobs.tries(slot.session_id, slot.run_id, slot.attempt, slot.job, slot.item)
        return [one for one in found if one.operation == slot.operation]

    async def _once(
        self, assignment: Assignment, entry: _Open, call: Call | None, made: Trial | None
    ) -> tuple[Trial, Outcome | TaskOutcome]:
        if call is not None and call.pid is not None:
            return await self._adopt(entry, call)
        lost = call.lost if call else 0
        trial = made or await self._trial(assignment, entry.work, str(uuid.uuid4()), lost=lost)
        entry.call_id = trial.call.id
        place = self._place(trial)
        outcome = await entry.work.call(
            place, lambda started: self._started(assignment, entry.work, trial, started)
        )
        return trial, outcome

    async def _started(self, assignment: Assignment, work: Work, trial: Trial, started: Started) -> None:
        await self._ledger.started(trial, started)
        signal = work.begun(self._mailbox.now())
        if signal is not None:
            self._mailbox.send(assignment.record.id, signal)

    async def _adopt(self, entry: _Open, call: Call) -> tuple[Trial, Outcome | TaskOutcome]:
        call, flight = self._taken_over(call)
        entry.call_id = call.id
        entry.issued_at = call.deadline - call.timeout
        slot = entry.work.slot
        found = next((one for one in await self._tries(slot) if one.number == call.number), None)
        try_ = found or self._new_try(slot, call.number, entry.work.code)
        trial = Trial(
            try_,
            call,
            log=self._logs.path(try_.log),
            spool=flight.spool_path,
            stored=found is not None,
            others=entry.work.others,
        )
        return trial, await entry.work.adopt(flight)

    def _taken_over(self, call: Call) -> tuple[Call, InFlight]:
        """A call that an earlier worker made, with its files where this data directory has them now.

        In a copy of a data directory the process belongs to the worker of the other one.
        """
        spool = Path(call.spool)
        copied = spool.parent.exists() and not spool.parent.samefile(self._spool)
        call = replace(call, spool=str(self._spool / spool.name))
        return call, replace(_flight(call), foreign=copied)

    async def _trial(
        self,
        assignment: Assignment,
        work: Work,
        call_id: str,
        *,
        lost: int = 0,
        spool: Path | None = None,
    ) -> Trial:
        slot = work.slot
        number = 1 + len(await self._tries(slot))
        try_ = self._new_try(slot, number, work.code)
        log, spool = self._logs.place(try_.log), spool or self._spool / call_id
        call = Call(
            execution=assignment.record.id,
            task=assignment.task.task_id,
            kind=work.kind,
            id=call_id,
            number=number,
            lost=lost,
            timeout=work.timeout,
            memory=work.memory,
            log=str(log),
            spool=str(spool),
        )
        return Trial(try_, call, log=log, spool=spool, others=work.others)

    def _place(self, trial: Trial) -> Place:
        call, number = trial.call, trial.try_.number
        if not trial.others:
            return Place(id=call.id, number=number, log=trial.log, spool=trial.spool)
        logs = tuple(self._logs.place(one.log) for one in trial.tries(trial.try_))
        return Place(
            id=call.id,
            number=number,
            log=trial.log,
            spool=trial.spool,
            logs=logs,
            progress=self._progress(call),
        )

    def _progress(self, call: Call) -> Path:
        return self._spool / f"{call.execution}-{call.task.replace('/', '-')}.progress"

    def _new_try(self, slot: Slot, number: int, code: str | None) -> Try:
        return Try(
            session_id=slot.session_id,
            run_id=slot.run_id,
            attempt=slot.attempt,
            job=slot.job,
            item=slot.item,
            operation=slot.operation,
            number=number,
            started_at=self._clock.now(),
            log=log_key(slot, number),
            code=code,
        )

    def _report(self, assignment: Assignment, trial: Trial, answer: Answer, entry: _Open) -> None:
        if entry.reason is not None and answer.failure is not None:
            answer = Answer(failure=answer.failure, status=entry.reason, duration=answer.duration)
        progress = [self._progress(trial.call)] if trial.others else []
        entry.work.answered(trial.spool)
        self._mailbox.post(
            Post(
                execution=assignment.record.id,
                signal=answer_signal(assignment.task, answer, self._mailbox.now()),
                writes=(self._ledger.answered(trial, answer),),
                then=partial(self._recorded, entry.work, trial.spool, progress),
            )
        )

    def _recorded(self, work: Work, spool: Path, progress: list[Path]) -> None:
        """The result is committed: the spool file is its runner's to use again, or of no use any more."""
        kept = work.recorded(spool)
        if progress or not kept:
            self._discards.add(progress if kept else [spool, *progress])

    def _give_up(self, assignment: Assignment, call: Call) -> None:
        answer = Answer(failure=_died(call), status=JobStatus.LOST)
        signal = answer_signal(assignment.task, answer, self._mailbox.now())
        from_calls = self._ledger.forgotten(call)
        then = partial(self._discards.add, [self._progress(call)])
        self._mailbox.post(
            Post(execution=assignment.record.id, signal=signal, writes=(from_calls,), then=then)
        )


def _died(call: Call) -> Failure:
    return Failure(error=LOST, cause=f"The process of the call died {call.lost} times without a result")


def answer_signal(task: StartTask, answer: Answer, now: float) -> Signal:
    """The signal that carries an answer; with a callback token the call was only the request."""
    if answer.failure is None and task.token is not None:
        return TaskSubmitted(now, task.task_id, answer.output)
    if answer.failure is None:
        return TaskSucceeded(now, task.task_id, answer.output)
    return TaskFailed(now, task.task_id, answer.failure.error, answer.failure.cause)


def cancelled(outcome: Outcome | TaskOutcome) -> Answer | None:
    """The answer of a call that was ended by us; None for any other."""
    if not isinstance(outcome, Cancelled):
        return None
    return Answer(
        failure=Failure(error="States.TaskFailed", cause="The call was ended"), status=JobStatus.STOPPED
    )


def _almost(seconds: float) -> float:
    """The machine's clock of a task starts a little before ours: its commit lies in between."""
    return max(seconds - 1.0, seconds / 2)


def _flight(call: Call) -> InFlight:
    started = Started(id=call.id, pid=call.pid or 0, create_time=call.create_time, deadline=call.deadline)
    return InFlight(
        started=started,
        spool_path=Path(call.spool),
        log_path=Path(call.log),
        memory_mb=call.memory,
        timeout=call.timeout,
    )
