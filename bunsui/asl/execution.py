"""One execution: it takes signals, gives effects, and keeps the history."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from hashlib import blake2b
from typing import Any, ClassVar

from bunsui.asl import signals as s
from bunsui.asl.chance import Chance
from bunsui.asl.context import context_object, execution_part
from bunsui.asl.effects import CancelTask, Effect, StartTask
from bunsui.asl.errors import StateFailure
from bunsui.asl.failures import EvaluationFailure
from bunsui.asl.history import History
from bunsui.asl.jsonata import Host
from bunsui.asl.limits import (
    MAX_EVENTS,
    MAX_EXPRESS_SECONDS,
    MAX_PAYLOAD,
    MAX_REDRIVES,
    MAX_STANDARD_SECONDS,
    MAX_VARIABLES,
    REDRIVE_SECONDS,
)
from bunsui.asl.machine import Machine
from bunsui.asl.payload import dump, encode, too_large
from bunsui.asl.retry import Retrier, matches
from bunsui.asl.start import ExecutionStart
from bunsui.asl.states.simple import Delay
from bunsui.asl.strand import Action, Call, Engine, Handler, Node, Phase, Run, Strand
from bunsui.asl.timers import Timers

UNSUCCESSFUL = ("FAILED", "TIMED_OUT", "ABORTED")


class _HistoryFull(Exception):
    """The history has no room for more than the last event."""


class Execution:
    """A running or ended execution of a :class:`Machine`.

    :meth:`start` and :meth:`apply` give the effects that the driver has to carry out. The attributes
    ``status``, ``output``, ``error``, ``cause`` and ``history`` may be read at any time between calls.
    Without ``records`` there are no effects that are for records only: ``RecordMapRun``, ``RecordChild``.
    """

    def __init__(self, machine: Machine, start: ExecutionStart, *, records: bool = True) -> None:
        self.machine = machine
        self.record_of_start = start
        self.arn = start.arn
        self.region = start.region
        self.records = records
        self.status = "PENDING"
        self.output: Any = None
        self.error: str | None = None
        self.cause: str | None = None
        self.now = start.started_at
        self.ended_at: float | None = None
        self.redrives: list[float] = []
        self.history = History()
        self.chance = Chance(start.seed or start.arn)
        self.timers = Timers()
        self.calls: dict[str, Call] = {}
        self.map_runs: dict[str, Run] = {}
        self.concurrency: dict[str, int] = {}
        self._raw = self.history.raw
        self._ready: deque[Strand] = deque()
        self._current: Strand | None = None
        self._effects: list[Effect] = []
        self._tokens = 0
        self._deadline = start.started_at + MAX_STANDARD_SECONDS
        limit = MAX_EVENTS if machine.is_standard else 1 << 62
        self._room = (start.max_events or limit) - 1
        self._execution_part: dict[str, Any] | None = None
        self._root = Strand(self, machine.first, start.input, "")

    # What a driver calls

    def start(self) -> list[Effect]:
        """Begin. Gives the first effects."""
        start = self.record_of_start
        self.status = "RUNNING"
        text = dump(start.input).decode()
        details = {"input": text, "roleArn": start.role_arn}
        if start.state_machine_version_arn:
            details["stateMachineVersionArn"] = start.state_machine_version_arn
        if start.state_machine_alias_arn:
            details["stateMachineAliasArn"] = start.state_machine_alias_arn
        self._raw.append(("ExecutionStarted", self.now, 0, details))
        self._root.text = text
        self._watch_timeout()
        self._ready.append(self._root)
        return self._step()

    def apply(self, signal: s.Signal) -> list[Effect]:
        """Take a signal. One that no longer matters changes nothing and gives no effects."""
        self.now = max(self.now, signal.at)
        if self.status != "RUNNING" and not isinstance(signal, s.Redrive):
            return []
        if self.status == "RUNNING" and self.now > self._deadline:
            self._time_out()
            return self._step()
        return self._step(signal)

    @property
    def next_timer(self) -> float | None:
        """When the driver has to apply ``TimeReached`` next."""
        return self.timers.next_due if self.status == "RUNNING" else None

    @property
    def runnable(self) -> bool:
        """Whether the last step ended because its budget was used up: apply ``Continue``."""
        if self.status != "RUNNING":
            return False
        return bool(self._ready) or any(run.runnable for run in self.map_runs.values())

    @property
    def open_tasks(self) -> list[StartTask]:
        """Tasks that were asked for and have no answer yet, also of child executions."""
        own = [call.effect for call in self.calls.values()]
        return own + [effect for run in self.map_runs.values() for effect in run.open_tasks()]

    @property
    def open_requests(self) -> list[Effect]:
        """Readers and writers without an answer."""
        return [effect for run in self.map_runs.values() for effect in run.open_requests()]

    @property
    def active_states(self) -> list[str]:
        """Names of the states that run or wait now, inner states after the one that holds them."""
        return [] if self.status != "RUNNING" else [strand.state.name for strand in self._root.walk()]

    def redrive_refusal(self, at: float) -> str | None:
        """Why this execution cannot be redriven at this time; None where it can.

        https://docs.aws.amazon.com/step-functions/latest/dg/redrive-executions.html
        """
        if not self.machine.is_standard:
            return "Express executions cannot be redriven"
        if self.status not in UNSUCCESSFUL:
            return f"Execution is {self.status} and cannot be redriven"
        if at - (self.ended_at or at) > REDRIVE_SECONDS:
            return "Execution has exceeded the maximum redrivable period of 14 days"
        if len(self.redrives) >= MAX_REDRIVES:
            return f"Execution has been redriven {MAX_REDRIVES} times, which is the maximum"
        if len(self._raw) >= self._room:
            return "Execution event history limit exceeded"
        return None

    # Steps

    def _step(self, signal: s.Signal | None = None) -> list[Effect]:
        try:
            if signal is not None:
                self._handlers[type(signal)](self, signal)
            self._run_ready()
        except _HistoryFull:
            self._fail_full()
        effects, self._effects = self._effects, []
        return effects

    def _run_ready(self) -> None:
        budget = self.record_of_start.budget
        ready = self._ready
        while budget > 0:
            while ready and budget > 0:
                budget = self._advance(ready.popleft(), budget)
            runs = [run for run in self.map_runs.values() if run.runnable]
            if not runs:
                return
            for run in runs:
                budget = run.advance(budget)

    def _advance(self, strand: Strand, budget: int) -> int:
        """Run a strand until it waits or ends, or the budget is gone."""
        running = Phase.RUNNING
        self._current = strand
        try:
            while strand.phase is running and budget > 0:
                budget -= 1
                try:
                    strand.state.run(self, strand)
                except StateFailure as failure:
                    self.fail_state(strand, failure)
        finally:
            self._current = None
        # First again in the next step: a strand that used up a budget keeps its turn.
        if strand.phase is running and self.status == "RUNNING":
            self._ready.appendleft(strand)
        return budget

    def ready(self, strand: Strand) -> None:
        """Run this strand when its turn comes; the one that is running goes on by itself."""
        strand.phase = Phase.RUNNING
        if strand is not self._current:
            self._ready.append(strand)

    def attempt(self, strand: Strand, action: Action) -> bool:
        """Do something for a strand; its failures go to Retry and Catch. Whether it went well."""
        try:
            action(self, strand)
        except StateFailure as failure:
            self.fail_state(strand, failure)
            return False
        return True

    def resume(self, strand: Strand, action: Action) -> None:
        """Go on with a strand that waited, beginning with ``action``."""
        strand.pending = None
        strand.phase = Phase.RUNNING
        if self.attempt(strand, action) and strand.phase is Phase.RUNNING:
            self.ready(strand)

    # Events

    def record(self, strand: Strand, kind: str, details: dict[str, Any] | None = None) -> int:
        """Append an event to the history; gives its id."""
        raw = self._raw
        if len(raw) >= self._room:
            raise _HistoryFull
        raw.append((kind, self.now, strand.last_id, details or {}))
        strand.last_id = len(raw)
        return strand.last_id

    def enter(self, strand: Strand) -> None:
        """Record that the strand enters its state."""
        raw, state = self._raw, strand.state
        if len(raw) >= self._room:
            raise _HistoryFull
        raw.append((state.entered, self.now, strand.last_id, state.name, strand.text, None))
        strand.entered_id = strand.last_id = len(raw)
        strand.entered_at = self.now
        strand.attempts = None
        strand.retry_count = 0
        strand.token = None

    def leave(
        self,
        strand: Strand,
        following: Node | None,
        output: Any,
        assigned: dict[str, Any] | None,
        text: str | None = None,
    ) -> None:
        """Record that the strand leaves its state, and go to the following one; None ends the strand.

        ``text`` is the output as JSON where the caller has it.
        """
        raw, state = self._raw, strand.state
        if len(raw) >= self._room:
            raise _HistoryFull
        # Most states pass a value on as it is, and its text with it.
        if text is None:
            text = strand.text if output is strand.value else encode(output, state.name)
        shown = None if assigned is None else self._assign(strand, assigned)
        raw.append((state.exited, self.now, strand.last_id, state.name, text, shown))
        strand.last_id = len(raw)
        strand.entered_id = 0
        strand.value = output
        strand.text = text
        if following is None:
            self._finish(strand)
        else:
            strand.state = following
            strand.phase = Phase.RUNNING

    def _assign(self, strand: Strand, assigned: dict[str, Any]) -> dict[str, str]:
        shown = {name: encode(value, strand.state.name) for name, value in assigned.items()}
        # Characters, which are cheap to count, tell whether bytes may matter.
        if sum(map(len, shown.values())) > 1024 and self._overflows(strand, assigned, shown):
            raise too_large(strand.state.name)
        strand.variables = {**strand.variables, **assigned}
        return shown

    def _overflows(self, strand: Strand, assigned: dict[str, Any], shown: dict[str, str]) -> bool:
        if sum(len(text.encode()) for text in shown.values()) > MAX_PAYLOAD:
            return True
        return len(dump({**strand.variables, **assigned})) > MAX_VARIABLES

    # Ends

    def _finish(self, strand: Strand) -> None:
        strand.phase = Phase.DONE
        if strand.join is not None:
            strand.join.child_done(strand)
            return
        self.record(strand, "ExecutionSucceeded", {"output": strand.text})
        self.output = strand.value
        self._end("SUCCEEDED")

    def fail_state(self, strand: Strand, failure: StateFailure) -> None:
        """Let Retry and Catch of the strand's state handle a failure, or end the strand with it."""
        state = strand.state
        if isinstance(failure, EvaluationFailure):
            self._record_evaluation(strand, failure)
        retrier = _retrier(strand, failure)
        if retrier is not None:
            self._retry(strand, *retrier)
            return
        state.failed(self, strand)
        catcher = _catcher(state, failure)
        if catcher is None:
            self._fail_strand(strand, failure)
            return
        try:
            output, assigned = catcher.output(strand, failure)
            self.leave(strand, catcher.next, output, assigned)
        except StateFailure as second:
            if isinstance(second, EvaluationFailure):
                self._record_evaluation(strand, second)
            self._fail_strand(strand, second)
            return
        if strand.phase is Phase.RUNNING:
            strand.pending = None
            self.ready(strand)

    def _record_evaluation(self, strand: Strand, failure: EvaluationFailure) -> None:
        details = {
            "error": failure.error,
            "cause": failure.cause,
            "location": failure.location,
            "state": strand.state.name,
        }
        self.record(strand, "EvaluationFailed", details)

    def _retry(self, strand: Strand, at: int, retrier: Retrier) -> None:
        attempts = strand.attempts = strand.attempts or {}
        used = attempts.get(at, 0)
        attempts[at] = used + 1
        strand.retry_count += 1
        due = self.now + retrier.delay(used, self.chance) * self.record_of_start.wait_scale
        strand.phase = Phase.WAITING
        timer = self.timers.add(due, lambda: self.resume(strand, strand.state.again))
        strand.pending = Delay(timer)

    def _fail_strand(self, strand: Strand, failure: StateFailure) -> None:
        strand.phase = Phase.FAILED
        if strand.join is not None:
            strand.join.child_failed(strand, failure)
            return
        self.error, self.cause = failure.error, failure.cause
        self.record(strand, "ExecutionFailed", _reason(failure.error, failure.cause))
        self._end("FAILED")

    def abort_strand(self, strand: Strand, *, record: bool) -> None:
        """End a strand from outside, with everything inside of it; it keeps its place for a redrive."""
        if strand.pending is not None:
            strand.pending.abort(record=record)
        if record and strand.phase is Phase.WAITING:
            strand.state.aborted(self, strand)
        strand.phase = Phase.ABORTED

    def _end(self, status: str) -> None:
        self.status = status
        self.ended_at = self.now
        self.timers = Timers()
        self._ready.clear()

    def _end_early(self, status: str, kind: str, error: str | None, cause: str | None) -> None:
        last = len(self._raw)
        self.abort_strand(self._root, record=False)
        self.error, self.cause = error, cause
        self._raw.append((kind, self.now, last, _reason(error, cause)))
        self._end(status)

    def _fail_full(self) -> None:
        cause = f"The execution reached the maximum number of history events ({self._room + 1})."
        self._end_early("FAILED", "ExecutionFailed", "States.Runtime", cause)

    def _watch_timeout(self) -> None:
        seconds = self.machine.timeout
        if not self.machine.is_standard:
            seconds = min(seconds or MAX_EXPRESS_SECONDS, MAX_EXPRESS_SECONDS)
        # The year is no timer: one more in every execution would keep drivers from seeing that all is quiet.
        self._deadline = self.now + MAX_STANDARD_SECONDS
        if seconds is not None:
            self.timers.add(self.now + seconds, self._time_out)

    def _time_out(self) -> None:
        self._end_early("TIMED_OUT", "ExecutionTimedOut", "States.Timeout", None)

    # What states use

    def emit(self, effect: Effect) -> None:
        """Ask the driver for something."""
        self._effects.append(effect)

    def scaled(self, due: float) -> float:
        """When a wait ends that should end at ``due``."""
        scale = self.record_of_start.wait_scale
        return due if scale == 1.0 else self.now + max(0.0, due - self.now) * scale

    def cancel_call(self, call: Call) -> None:
        """Tell the driver that a task's answer no longer counts."""
        self._effects.append(CancelTask(call.effect.task_id))

    def spawn(self, machine: Any, start: ExecutionStart) -> Engine:
        """A child execution; its effects and signals go through this one."""
        return Execution(machine, start, records=self.records)

    def new_token(self) -> str:
        """A task token: the same in every replay, and no other execution's."""
        self._tokens += 1
        name = f"{self.arn} {self.record_of_start.seed} {self._tokens}"
        return blake2b(name.encode(), digest_size=32).hexdigest()

    def host(self) -> Host:
        """What expressions see."""
        return Host(self.chance, self.now)

    def context(self, strand: Strand) -> dict[str, Any]:
        """The context object of a strand."""
        part = self._execution_part
        if part is None:
            standard = self.machine.is_standard
            part = execution_part(self.record_of_start, self.redrives, standard=standard)
            self._execution_part = part
        return context_object(self.record_of_start, part, strand)

    # Signals

    def _to_child(self, identity: str, signal: s.Signal, field: str) -> bool:
        """Route a signal of a child execution of a distributed Map, whose ids are ``run/child/id``."""
        run_id, found, rest = identity.partition("/")
        if found and run_id in self.map_runs:
            self.map_runs[run_id].route(rest, signal, field)
        return bool(found)

    def _on_task(self, signal: Any) -> None:
        if self._to_child(signal.task_id, signal, "task_id"):
            return
        call = self.calls.get(signal.task_id)
        if call is not None:
            _CALL_HANDLERS[type(signal)](call, signal)

    def _on_request(self, signal: Any) -> None:
        field = "read_id" if hasattr(signal, "read_id") else "write_id"
        identity = getattr(signal, field)
        if self._to_child(identity, signal, field):
            return
        run = self.map_runs.get(identity)
        if run is not None:
            run.answer(signal)

    def _on_update(self, signal: s.UpdateMapRun) -> None:
        met = [run.update(signal) for run in list(self.map_runs.values())]
        if signal.state is not None and signal.max_concurrency is not None and not any(met):
            self.concurrency[signal.state] = signal.max_concurrency

    def _on_time(self, signal: s.TimeReached) -> None:
        while self.status == "RUNNING":
            action = self.timers.pop(self.now)
            if action is None:
                return
            action()

    def _on_continue(self, signal: s.Continue) -> None:
        """The step itself is all there is to do."""

    def _on_stop(self, signal: s.Stop) -> None:
        self._end_early("ABORTED", "ExecutionAborted", signal.error, signal.cause)

    def _on_redrive(self, signal: s.Redrive) -> None:
        if self.redrive_refusal(signal.at) is not None:
            return
        self.redrives.append(self.now)
        # The context object shows the redrive.
        self._execution_part = None
        self.status, self.ended_at = "RUNNING", None
        self.error = self.cause = None
        # What waited is aborted, and the clock of the machine's timeout starts again.
        self.timers = Timers()
        self._watch_timeout()
        root = self._root
        root.last_id = len(self._raw)
        self.record(root, "ExecutionRedriven", {"redriveCount": len(self.redrives)})
        root.attempts, root.retry_count, root.phase = None, 0, Phase.RUNNING
        self.redrive(root)

    def redrive(self, strand: Strand) -> None:
        """Go on with a strand where it ended; a state that it had not entered yet is entered now."""
        if strand.entered_id:
            strand.state.redrive(self, strand)
        else:
            self.ready(strand)

    _handlers: ClassVar[dict[type[s.Signal], Callable[[Execution, Any], None]]] = {
        s.TaskStarted: _on_task,
        s.TaskSubmitted: _on_task,
        s.TaskSucceeded: _on_task,
        s.TaskFailed: _on_task,
        s.TaskHeartbeat: _on_task,
        s.ItemsRead: _on_request,
        s.ItemsUnreadable: _on_request,
        s.ResultsWritten: _on_request,
        s.ResultsUnwritable: _on_request,
        s.UpdateMapRun: _on_update,
        s.TimeReached: _on_time,
        s.Continue: _on_continue,
        s.Stop: _on_stop,
        s.Redrive: _on_redrive,
    }


_CALL_HANDLERS: dict[type[s.Signal], Callable[[Call, Any], None]] = {
    s.TaskStarted: lambda call, signal: call.start(signal.worker_name),
    s.TaskSubmitted: lambda call, signal: call.submit(signal.output),
    s.TaskSucceeded: lambda call, signal: call.succeed(signal.output),
    s.TaskFailed: lambda call, signal: call.fail(signal.error, signal.cause, signal.event),
    s.TaskHeartbeat: lambda call, signal: call.beat(),  # noqa: ARG005 - one signature
}


def _retrier(strand: Strand, failure: StateFailure) -> tuple[int, Retrier] | None:
    """The retrier that takes a failure, if it has an attempt left."""
    for at, retrier in enumerate(strand.state.retriers):
        if matches(retrier.errors, failure.error, failure.aliases, task=failure.task):
            used = (strand.attempts or {}).get(at, 0)
            return (at, retrier) if used < retrier.max_attempts else None
    return None


def _catcher(state: Node, failure: StateFailure) -> Handler | None:
    for catcher in state.catchers:
        if matches(catcher.errors, failure.error, failure.aliases, task=failure.task):
            return catcher
    return None


def _reason(error: str | None, cause: str | None) -> dict[str, Any]:
    details = {"error": error, "cause": cause}
    return {name: value for name, value in details.items() if value is not None}


def replay(machine: Machine, start: ExecutionStart, signals: Sequence[s.Signal]) -> Execution:
    """The execution after these signals; the effects of the past are dropped."""
    execution = Execution(machine, start)
    execution.start()
    for signal in signals:
        execution.apply(signal)
    return execution
