"""One execution under virtual time: time passes only when nothing else is left to happen."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from heapq import heappop, heappush
from itertools import count

from bunsui.asl import (
    AslError,
    CancelTask,
    Continue,
    Effect,
    Execution,
    ExecutionStart,
    ItemsRead,
    ItemsUnreadable,
    Machine,
    ReadItems,
    RecordChild,
    ResultsWritten,
    Signal,
    StartTask,
    TimeReached,
    WriteResults,
)
from bunsui.core.models.base import JsonValue
from bunsui.core.simulation.reply import Reply

Answer = Callable[[StartTask], Reply]


class Stuck(AslError):
    """The execution waits for an answer that nobody will give; `states` are where it waits."""

    def __init__(self, states: list[str]) -> None:
        super().__init__(f"the execution waits for ever in {', '.join(states) or 'no state'}")
        self.states = states


@dataclass(frozen=True, slots=True)
class CallRecord:
    """One call of a task: what was asked for, when (epoch seconds), and the reply to it."""

    task: StartTask
    at: float
    reply: Reply


class Simulation:
    """Drives an execution; `answer` replies to tasks, `objects` holds texts under `bucket/key`.

    `objects` also receives what the execution writes. `children` are the child executions that ended, by ARN.
    """

    def __init__(
        self,
        machine: Machine,
        start: ExecutionStart,
        answer: Answer,
        objects: Mapping[str, str] | None = None,
    ) -> None:
        self.execution = Execution(machine, start)
        self.calls: list[CallRecord] = []
        self.children: dict[str, RecordChild] = {}
        self.objects = dict(objects or {})
        self._answer = answer
        self._pending: list[tuple[float, int, Signal]] = []
        self._numbers = count()
        self._open: set[str] = set()

    def run(self) -> None:
        """Run to the end. Raises Stuck, and whatever `answer` raises."""
        while self.step():
            pass

    def step(self) -> bool:
        """Do the next thing; whether the execution goes on. Raises Stuck, and whatever `answer` raises."""
        execution = self.execution
        if execution.status == "PENDING":
            self._carry_out(execution.start())
        elif execution.runnable:
            self._carry_out(execution.apply(Continue(execution.now)))
        else:
            self._carry_out(execution.apply(self._next()))
        return execution.status == "RUNNING"

    @property
    def next_at(self) -> float | None:
        """When something happens next, in epoch seconds; None for at once, and where nothing can."""
        if self.execution.status == "PENDING" or self.execution.runnable:
            return None
        due = self.execution.next_timer
        answered = self._pending[0][0] if self._pending else None
        return min((at for at in (due, answered) if at is not None), default=None)

    def _next(self) -> Signal:
        """The earliest of what was answered and of the timers; of two at one time the answer."""
        due = self.execution.next_timer
        if self._pending and (due is None or self._pending[0][0] <= due):
            return heappop(self._pending)[2]
        if due is None:
            raise Stuck(self.execution.active_states)
        return TimeReached(due)

    def _carry_out(self, effects: Iterable[Effect]) -> None:
        for effect in effects:
            for signal in self._signals(effect):
                heappush(self._pending, (signal.at, next(self._numbers), signal))

    def _signals(self, effect: Effect) -> Iterable[Signal]:
        now = self.execution.now
        if isinstance(effect, StartTask):
            return self._call(effect, now)
        if isinstance(effect, ReadItems):
            return [self._read(effect, now)]
        if isinstance(effect, WriteResults):
            self.objects |= {f"{effect.bucket}/{key}": text for key, text in effect.files.items()}
            return [ResultsWritten(now, effect.write_id)]
        if isinstance(effect, RecordChild) and effect.ended_at is not None:
            self.children[effect.execution_arn] = effect
        elif isinstance(effect, CancelTask):
            self._drop(effect.task_id)
        return []

    def _call(self, task: StartTask, now: float) -> Iterable[Signal]:
        reply = self._answer(task)
        self.calls.append(CallRecord(task, now, reply))
        return reply.signals(task, now)

    def _drop(self, task_id: str) -> None:
        """Answers that no longer count must not hold the time."""
        kept = [entry for entry in self._pending if getattr(entry[2], "task_id", None) != task_id]
        self._pending = sorted(kept, key=lambda entry: entry[:2])

    def _read(self, effect: ReadItems, now: float) -> Signal:
        bucket = str(effect.parameters.get("Bucket", ""))
        if effect.resource.endswith(":listObjectsV2"):
            items = listed(self.objects, bucket, str(effect.parameters.get("Prefix", "")))
            return ItemsRead(now, effect.read_id, items=items)
        body = self.objects.get(f"{bucket}/{effect.parameters.get('Key')}")
        if body is None:
            return ItemsUnreadable(now, effect.read_id, "The specified key does not exist.")
        return ItemsRead(now, effect.read_id, body=body)


def listed(objects: Mapping[str, str], bucket: str, prefix: str) -> list[JsonValue]:
    """The objects of a bucket whose keys begin so, as a listing gives them."""
    start = f"{bucket}/{prefix}"
    keys = sorted(key for key in objects if key.startswith(start))
    return [{"Key": key.partition("/")[2], "Size": len(objects[key].encode())} for key in keys]
