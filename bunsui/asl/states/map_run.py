"""A Map Run: the child executions of one distributed Map.

Children are started only as concurrency and the budget of a step allow, and are dropped when they end,
so that the memory of a run grows with what runs and what is left of the results, not with what is to come.
Ids of a child's tasks are ``run/child/id``.
"""

from __future__ import annotations

from collections import deque
from dataclasses import replace
from typing import Any

import orjson

from bunsui.asl import signals as s
from bunsui.asl.effects import (
    CancelTask,
    Effect,
    ReadItems,
    RecordMapRun,
    StartTask,
    WriteResults,
)
from bunsui.asl.errors import StateFailure
from bunsui.asl.items import UnreadableItems
from bunsui.asl.limits import MAX_CHILDREN
from bunsui.asl.start import ExecutionStart
from bunsui.asl.states.map_child import Child
from bunsui.asl.states.map_loader import Loader
from bunsui.asl.states.map_plan import DistributedPlan
from bunsui.asl.states.map_source import Source
from bunsui.asl.states.reader import Tolerance
from bunsui.asl.states.writer import ChildRecord, Writer
from bunsui.asl.strand import Engine, Phase, Run, Strand

_EXCEEDED = "The specified tolerated failure threshold was exceeded"


class MapRun(Run):
    """The run of one distributed Map state; ``id`` prefixes all ids of its children."""

    __slots__ = (
        "_child_count",
        "_children",
        "_ended",
        "_failed",
        "_failed_items",
        "_failure",
        "_limit",
        "_loader",
        "_queue",
        "_request",
        "_source",
        "_started_at",
        "_succeeded_items",
        "_tolerance",
        "_value",
        "arn",
        "closed",
        "execution",
        "redrives",
        "state",
        "strand",
    )

    def __init__(
        self,
        execution: Engine,
        strand: Strand,
        state: DistributedPlan,
        value: Any,
        limit: int,
        tolerance: Tolerance,
    ) -> None:
        self.execution = execution
        self.strand = strand
        self.state = state
        self.id = ""
        self.arn = ""
        self.closed = False
        self.redrives = 0
        self._value = value
        self._limit = _bounded(limit)
        self._tolerance = tolerance
        self._source: Source | None = None
        self._loader: Loader | None = None
        self._children: dict[int, Child] = {}
        self._child_count = 0
        self._queue: deque[Child] = deque()
        self._ended: dict[int, ChildRecord] = {}
        self._failed: dict[int, Child] = {}
        self._failed_items = 0
        self._succeeded_items = 0
        self._failure: StateFailure | None = None
        self._request: Effect | None = None
        self._started_at = execution.now

    # Beginning

    def begin(self) -> None:
        """Record the start of the run."""
        execution, start = self.execution, self.execution.record_of_start
        label = self.state.label or execution.chance.uuid()
        machine = start.state_machine_arn or execution.arn.replace(":execution:", ":stateMachine:")
        base = machine.replace(":stateMachine:", ":mapRun:")
        self.arn = f"{base}/{label}:{execution.chance.uuid()}"
        number = execution.record(self.strand, "MapRunStarted", {"mapRunArn": self.arn})
        self.id = f"m{number}"
        self.strand.phase = Phase.WAITING
        self.strand.pending = self
        execution.map_runs[self.id] = self
        self._record_run("RUNNING")

    def use(self, items: list[Any]) -> None:
        """Map over these items."""
        try:
            self._source = Source(self.state, self.strand, self._value, items)
        except StateFailure as failure:
            self._fail(failure)
            return
        self._close_if_done()

    def read(self, request: ReadItems) -> None:
        """Ask for the items."""
        try:
            self._loader = Loader(request)
        except UnreadableItems as exc:
            self._reader_failed(str(exc))
            return
        self._ask(request)

    def _ask(self, request: Effect) -> None:
        self._request = request
        self.execution.emit(request)

    def answer(self, signal: Any) -> None:
        """The answer of a reader or writer."""
        if self._request is None:
            return
        reading = isinstance(self._request, ReadItems)
        if reading is not isinstance(signal, (s.ItemsRead, s.ItemsUnreadable)):
            return
        self._request = None
        if isinstance(signal, s.ItemsRead) and self._loader is not None:
            self._take(signal, self._loader)
        elif isinstance(signal, s.ItemsUnreadable):
            self._reader_failed(signal.cause, signal.error)
        elif isinstance(signal, s.ResultsWritten):
            self._close()
        else:
            self._failure = StateFailure("States.ResultWriterFailed", signal.cause)
            self._close()

    def _take(self, signal: s.ItemsRead, loader: Loader) -> None:
        try:
            loader.take(signal)
        except UnreadableItems as exc:
            self._reader_failed(str(exc))
            return
        if loader.request is not None:
            self._ask(loader.request)
            return
        self._loader = None
        self.use(loader.items)

    def _reader_failed(self, cause: str | None, error: str | None = None) -> None:
        self._fail(StateFailure(error or "States.ItemReaderFailed", cause))

    # Running

    @property
    def has_items(self) -> bool:
        """Whether the items are known."""
        return self._source is not None

    @property
    def runnable(self) -> bool:
        """Whether a child can go on, or the next one can start."""
        return not self.closed and (bool(self._queue) or self._may_start())

    def _may_start(self) -> bool:
        if self._source is None or self._failure is not None or self._request is not None:
            return False
        return not self._source.is_empty and len(self._children) < self._limit

    def advance(self, budget: int) -> int:
        """Run children, and start new ones, while the budget lasts; gives what is left of it."""
        while budget > 0 and not self.closed:
            if self._queue:
                child = self._queue.popleft()
                budget -= self._step(child, s.Continue(self.execution.now))
            elif self._source is not None and self._may_start():
                budget -= self._start_next(self._source)
            else:
                break
        return budget

    def _start_next(self, source: Source) -> int:
        try:
            value, count = source.next_input()
        except StateFailure as failure:
            self._fail(failure)
            return 1
        child = Child(self._spawn(value), self._child_count, count)
        self._child_count += 1
        self._children[child.index] = child
        return self._step(child, None)

    def _spawn(self, value: Any) -> Engine:
        parent = self.execution.record_of_start
        name = self.execution.chance.uuid()
        path = self.arn.partition(":mapRun:")
        run_path = path[2].rpartition(":")[0]
        start = ExecutionStart(
            arn=f"{path[0]}:execution:{run_path}:{name}",
            name=name,
            input=value,
            started_at=self.execution.now,
            state_machine_arn=f"{path[0]}:stateMachine:{run_path}",
            state_machine_name=run_path,
            role_arn=parent.role_arn,
            seed=f"{parent.seed}/{self.id}/{self._child_count}",
            region=parent.region,
            budget=parent.budget,
            wait_scale=parent.wait_scale,
        )
        return self.execution.spawn(self.state.machine, start)

    def _step(self, child: Child, signal: s.Signal | None) -> int:
        """Let a child take a signal (None starts it); gives the transitions that it took."""
        execution = child.execution
        before = len(execution.history)
        effects = execution.start() if signal is None else execution.apply(signal)
        self._forward(child, effects)
        if execution.status != "RUNNING":
            self._child_ended(child)
        else:
            self._settle(child)
        # A transition writes two events or more; counting events costs nothing.
        return 1 + (len(execution.history) - before) // 2

    def _settle(self, child: Child) -> None:
        execution = child.execution
        if execution.runnable:
            self._queue.append(child)
        # One timer of the parent stands for all of the child's, so that the driver sees one clock.
        due = execution.next_timer
        if child.timer is not None and child.timer.due != due:
            child.quiet()
        if due is not None and child.timer is None:
            child.timer = self.execution.timers.add(due, lambda: self._tick(child))
        if not child.recorded:
            child.recorded = True
            self._record_child(child)

    def _tick(self, child: Child) -> None:
        child.timer = None
        if child.index in self._children:
            self._step(child, s.TimeReached(self.execution.now))

    def _forward(self, child: Child, effects: list[Effect]) -> None:
        for effect in effects:
            self.execution.emit(self._renamed(child, effect))

    def _renamed(self, child: Child, effect: Effect) -> Effect:
        prefix = f"{self.id}/{child.index}/"
        if isinstance(effect, StartTask):
            return effect.renamed(prefix + effect.task_id)
        if isinstance(effect, CancelTask):
            return CancelTask(prefix + effect.task_id)
        if isinstance(effect, ReadItems):
            return replace(effect, read_id=prefix + effect.read_id)
        if isinstance(effect, WriteResults):
            return replace(effect, write_id=prefix + effect.write_id)
        return effect

    def route(self, rest: str, signal: Any, field: str) -> None:
        """Hand a signal to the child that ``rest`` (``child/id``) names."""
        index, _, inner = rest.partition("/")
        child = self._children.get(int(index)) if index.isdigit() else None
        if child is not None:
            self._step(child, replace(signal, at=self.execution.now, **{field: inner}))

    def open_tasks(self) -> list[StartTask]:
        """Open tasks of all children."""
        return [
            effect.renamed(f"{self.id}/{child.index}/{effect.task_id}")
            for child in self._children.values()
            for effect in child.execution.open_tasks
        ]

    def open_requests(self) -> list[Effect]:
        """Open readers and writers, also of children."""
        own = [] if self._request is None else [self._request]
        inner = [
            self._renamed(child, effect)
            for child in self._children.values()
            for effect in child.execution.open_requests
        ]
        return own + inner

    def update(self, signal: s.UpdateMapRun) -> bool:
        """Take other bounds. A lower limit ends no child: the next one starts when fewer are left."""
        if self.arn != signal.map_run_arn and self.state.name != signal.state:
            self._update_inside(signal)
            return False
        if signal.max_concurrency is not None:
            self._limit = _bounded(signal.max_concurrency)
        count, percentage = signal.tolerated_failure_count, signal.tolerated_failure_percentage
        before = self._tolerance
        self._tolerance = Tolerance(
            before.count if count is None else count,
            before.percentage if percentage is None else percentage,
        )
        self._record_run("RUNNING")
        if self._tolerance != before:
            self._check_tolerance()
            self._close_if_done()
        return True

    def _update_inside(self, signal: s.UpdateMapRun) -> None:
        """Look for a Map Run with that ARN inside the children; names of states are those out here."""
        for child in list(self._children.values()) if signal.map_run_arn else ():
            if child.execution.map_runs:
                self._step(child, replace(signal, at=self.execution.now))

    # Ending

    def _child_ended(self, child: Child) -> None:
        child.quiet()
        del self._children[child.index]
        record = self._ended[child.index] = child.record()
        self._record_child(child, record)
        if record.status == "SUCCEEDED":
            self._succeeded_items += child.items
        else:
            self._failed[child.index] = child
            self._failed_items += child.items
            self._check_tolerance()
        self._close_if_done()

    def _record_child(self, child: Child, record: ChildRecord | None = None) -> None:
        if self.execution.records:
            self.execution.emit(child.effect(self.arn, record))

    def _check_tolerance(self) -> None:
        total = len(self._source or ())
        if self._failure is None and self._tolerance.exceeded(self._failed_items, total):
            self._failure = StateFailure("States.ExceedToleratedFailureThreshold", _EXCEEDED)
            self._abort_children()

    def _abort_children(self) -> None:
        for child in list(self._children.values()):
            self._forward(child, child.execution.apply(s.Stop(self.execution.now)))
            child.quiet()
            self._failed[child.index] = child
            self._record_child(child)
        self._children.clear()
        self._queue.clear()

    def _close_if_done(self) -> None:
        if self.closed or self._children or self._request is not None:
            return
        if self._failure is None and self._source is not None and not self._source.is_empty:
            return
        writer = self.state.writer
        if writer is not None and writer.resource is not None:
            self._write(writer, writer.resource)
        else:
            self._close()

    def _write(self, writer: Writer, resource: str) -> None:
        try:
            bucket, prefix = writer.destination(self.strand, self.state.document(self._value))
        except StateFailure as failure:
            self._fail(failure)
            return
        files, _ = writer.files(bucket, prefix, self.arn, self._groups())
        self._ask(WriteResults(self.id, resource, bucket, files))

    def _groups(self) -> dict[str, list[ChildRecord]]:
        groups: dict[str, list[ChildRecord]] = {"SUCCEEDED": [], "FAILED": [], "PENDING": []}
        for _, record in sorted(self._ended.items()):
            groups["SUCCEEDED" if record.status == "SUCCEEDED" else "FAILED"].append(record)
        return groups

    def _close(self) -> None:
        """The run is over: leave the state, or fail it."""
        self.closed = True
        self.execution.map_runs.pop(self.id, None)
        if self._failure is not None:
            self._fail_now(self._failure)
            return
        self.execution.record(self.strand, "MapRunSucceeded")
        self._record_run("SUCCEEDED")
        self.execution.resume(self.strand, self._leave)

    def _leave(self, execution: Engine, strand: Strand) -> None:
        self.state.succeed(execution, strand, self._result())

    def _result(self) -> Any:
        writer, groups = self.state.writer, self._groups()
        if writer is None:
            return [orjson.loads(record.output or "null") for record in groups["SUCCEEDED"]]
        if writer.resource is None:
            return writer.transform(groups["SUCCEEDED"])
        bucket, prefix = writer.destination(self.strand, self.state.document(self._value))
        _, manifest = writer.files(bucket, prefix, self.arn, groups)
        return {"MapRunArn": self.arn, "ResultWriterDetails": {"Bucket": bucket, "Key": manifest}}

    def _fail(self, failure: StateFailure) -> None:
        """Fail without waiting for anything."""
        self._failure = failure
        self._abort_children()
        self.closed = True
        self.execution.map_runs.pop(self.id, None)
        self._fail_now(failure)

    def _fail_now(self, failure: StateFailure) -> None:
        details = {"error": failure.error, "cause": failure.cause}
        known = {name: value for name, value in details.items() if value is not None}
        self.execution.record(self.strand, "MapRunFailed", known)
        self._record_run("FAILED")
        self.execution.fail_state(self.strand, failure)

    def abort(self, *, record: bool) -> None:
        if record:
            self.execution.record(self.strand, "MapRunAborted")
        self._abort_children()
        self.closed = True
        self._request = None
        self.execution.map_runs.pop(self.id, None)
        self._record_run("ABORTED")

    def redrive(self) -> None:
        """Run failed and aborted children again: Standard ones from where they stood, Express ones anew."""
        self.redrives += 1
        self.closed, self._failure, self._failed_items = False, None, 0
        self.strand.phase = Phase.WAITING
        execution = self.execution
        details = {"mapRunArn": self.arn, "redriveCount": self.redrives}
        execution.record(self.strand, "MapRunRedriven", details)
        execution.map_runs[self.id] = self
        again, self._failed = self._failed, {}
        for index, child in again.items():
            self._ended.pop(index, None)
            self._children[index] = child
        for child in again.values():
            if not self.closed:
                self._redrive_child(child)
        self._close_if_done()

    def _redrive_child(self, child: Child) -> None:
        if self.state.machine.is_standard:
            self._step(child, s.Redrive(self.execution.now))
            return
        start = replace(child.execution.record_of_start, started_at=self.execution.now)
        child.execution = self.execution.spawn(self.state.machine, start)
        self._step(child, None)

    # Records

    def _record_run(self, status: str) -> None:
        if not self.execution.records:
            return
        total = len(self._source or ())
        counts = {
            "total": total,
            "succeeded": self._succeeded_items,
            "failed": self._failed_items,
            "running": sum(child.items for child in self._children.values()),
        }
        effect = RecordMapRun(
            map_run_arn=self.arn,
            execution_arn=self.execution.arn,
            status=status,
            started_at=self._started_at,
            ended_at=None if status == "RUNNING" else self.execution.now,
            max_concurrency=0 if self._limit == MAX_CHILDREN else self._limit,
            tolerated_failure_count=self._tolerance.count or 0,
            tolerated_failure_percentage=self._tolerance.percentage or 0.0,
            counts=counts,
            redrive_count=self.redrives,
        )
        self.execution.emit(effect)


def _bounded(limit: int) -> int:
    """How many children run at once; 0 stands for as many as there may be."""
    return min(limit or MAX_CHILDREN, MAX_CHILDREN)
