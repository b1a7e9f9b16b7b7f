"""Strands, and what strands, states and the engine need of each other.

A strand is one line of states that runs through a machine, a branch or an iteration.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from enum import Enum
from typing import Any, Protocol

from bunsui.asl.chance import Chance
from bunsui.asl.effects import Effect, StartTask
from bunsui.asl.errors import StateFailure
from bunsui.asl.history import History
from bunsui.asl.jsonata import Host
from bunsui.asl.retry import Retrier
from bunsui.asl.signals import Signal, UpdateMapRun
from bunsui.asl.start import ExecutionStart
from bunsui.asl.timers import Timers


class Phase(Enum):
    """Where a strand stands."""

    RUNNING = "running"
    WAITING = "waiting"
    DONE = "done"
    FAILED = "failed"
    ABORTED = "aborted"


class Strand:
    """Position, value and variables of one line of execution.

    ``value`` is the input of the state that it is in, ``text`` the same as JSON. ``variables`` is never
    changed in place, so that branches can share it. ``pending`` is what the state waits for; it stays
    where the strand failed, for a redrive. ``item`` is index and value of the Map iteration around it.
    """

    __slots__ = (
        "attempts",
        "entered_at",
        "entered_id",
        "execution",
        "index",
        "item",
        "join",
        "last_id",
        "pending",
        "phase",
        "retry_count",
        "state",
        "text",
        "token",
        "value",
        "variables",
    )

    def __init__(self, execution: Engine, state: Node, value: Any, text: str) -> None:
        self.execution = execution
        self.state = state
        self.value = value
        self.text = text
        self.variables: dict[str, Any] = {}
        self.join: Parent | None = None
        self.index = 0
        self.item: tuple[int, Any] | None = None
        self.last_id = 0
        self.entered_id = 0
        self.entered_at = 0.0
        self.attempts: dict[int, int] | None = None
        self.retry_count = 0
        self.token: str | None = None
        self.pending: Pending | None = None
        self.phase = Phase.RUNNING

    def context(self) -> dict[str, Any]:
        """The context object (``$$``, ``$states.context``)."""
        return self.execution.context(self)

    def walk(self) -> Iterator[Strand]:
        """This strand and all inside of it that run or wait."""
        if self.phase in (Phase.RUNNING, Phase.WAITING):
            yield self
            for inner in self.pending.strands() if self.pending is not None else ():
                yield from inner.walk()


class Node(Protocol):
    """A state, as strands and the engine see it."""

    name: str
    kind: str
    entered: str
    exited: str
    catchable: bool

    @property
    def retriers(self) -> Sequence[Retrier]: ...
    @property
    def catchers(self) -> Sequence[Handler]: ...
    def run(self, execution: Engine, strand: Strand) -> None: ...
    def again(self, execution: Engine, strand: Strand) -> None: ...
    def redrive(self, execution: Engine, strand: Strand) -> None: ...
    def failed(self, execution: Engine, strand: Strand) -> None: ...
    def aborted(self, execution: Engine, strand: Strand) -> None: ...


class Handler(Protocol):
    """An entry of Catch."""

    errors: frozenset[str]

    @property
    def next(self) -> Node | None: ...
    def output(self, strand: Strand, failure: StateFailure) -> tuple[Any, dict[str, Any] | None]: ...


class Program(Protocol):
    """A compiled machine."""

    @property
    def is_standard(self) -> bool: ...


class Pending:
    """What a waiting strand waits for."""

    __slots__ = ()

    def strands(self) -> list[Strand]:
        """The strands inside."""
        return []

    def abort(self, *, record: bool) -> None:
        """Give up: cancel timers, tasks and children; ``record`` their ends in the history."""
        raise NotImplementedError


class Parent(Protocol):
    """What holds strands together; it is told how they end."""

    def child_done(self, child: Strand) -> None: ...
    def child_failed(self, child: Strand, failure: StateFailure) -> None: ...


class Call(Pending):
    """A task without an answer."""

    __slots__ = ("effect",)
    effect: StartTask

    def start(self, worker_name: str | None) -> None:
        """The call began."""
        raise NotImplementedError

    def submit(self, output: Any) -> None:
        """The service took the request."""
        raise NotImplementedError

    def beat(self) -> None:
        """The call is alive."""
        raise NotImplementedError

    def succeed(self, result: Any) -> None:
        """The call ended well."""
        raise NotImplementedError

    def fail(self, error: str | None, cause: str | None, event: str | None) -> None:
        """The call failed; ``event`` may name the failing event."""
        raise NotImplementedError


class Run(Pending):
    """A Map Run; ``id`` is the first part of the ids of all its children."""

    __slots__ = ("id",)
    id: str

    @property
    def runnable(self) -> bool:
        """Whether a child can go on, or the next one can start."""
        raise NotImplementedError

    def advance(self, budget: int) -> int:
        """Run children while the budget lasts; gives what is left of it."""
        raise NotImplementedError

    def answer(self, signal: Any) -> None:
        """The answer of a reader or writer."""
        raise NotImplementedError

    def route(self, rest: str, signal: Any, field: str) -> None:
        """Hand a signal to the child that ``rest`` (``child/id``) names."""
        raise NotImplementedError

    def update(self, signal: UpdateMapRun) -> bool:
        """Take other bounds if this run is meant, or let one inside of it do so; whether this one was."""
        raise NotImplementedError

    def open_tasks(self) -> list[StartTask]:
        """Open tasks of all children."""
        raise NotImplementedError

    def open_requests(self) -> list[Effect]:
        """Open readers and writers, also of children."""
        raise NotImplementedError


Action = Callable[["Engine", Strand], None]


class Engine(Protocol):
    """An execution, as states use it; :class:`bunsui.asl.execution.Execution` documents the methods."""

    arn: str
    region: str
    now: float
    status: str
    output: Any
    error: str | None
    cause: str | None
    ended_at: float | None
    redrives: list[float]
    record_of_start: ExecutionStart
    history: History
    chance: Chance
    timers: Timers
    calls: dict[str, Call]
    map_runs: dict[str, Run]
    concurrency: dict[str, int]
    records: bool

    @property
    def runnable(self) -> bool: ...
    @property
    def next_timer(self) -> float | None: ...
    @property
    def open_tasks(self) -> list[StartTask]: ...
    @property
    def open_requests(self) -> list[Effect]: ...
    def start(self) -> list[Effect]: ...
    def apply(self, signal: Signal) -> list[Effect]: ...
    def spawn(self, machine: Any, start: ExecutionStart) -> Engine: ...
    def enter(self, strand: Strand) -> None: ...
    def leave(
        self,
        strand: Strand,
        following: Node | None,
        output: Any,
        assigned: dict[str, Any] | None,
        text: str | None = None,
    ) -> None: ...
    def record(self, strand: Strand, kind: str, details: dict[str, Any] | None = None) -> int: ...
    def ready(self, strand: Strand) -> None: ...
    def attempt(self, strand: Strand, action: Action) -> bool: ...
    def resume(self, strand: Strand, action: Action) -> None: ...
    def fail_state(self, strand: Strand, failure: StateFailure) -> None: ...
    def abort_strand(self, strand: Strand, *, record: bool) -> None: ...
    def redrive(self, strand: Strand) -> None: ...
    def scaled(self, due: float) -> float: ...
    def cancel_call(self, call: Call) -> None: ...
    def emit(self, effect: Effect) -> None: ...
    def new_token(self) -> str: ...
    def host(self) -> Host: ...
    def context(self, strand: Strand) -> dict[str, Any]: ...
