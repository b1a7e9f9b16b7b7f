"""The tool that runs a state machine in process, with mocks in place of services."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

import orjson
from pydantic import Field

from bunsui.asl import AslError, ExecutionStart, StartTask
from bunsui.core.json_text import InexactJson, read_json
from bunsui.core.models.audit import CallerKind
from bunsui.core.models.base import JsonValue, Model
from bunsui.core.models.plan import Effect
from bunsui.core.simulation import (
    Mocks,
    Replies,
    Reply,
    Simulation,
    Step,
    Stuck,
    Tracer,
    function_of,
    load_mocks,
    read_machine,
    trace,
)
from bunsui.errors import Conflict, PermissionDenied, UsageError
from bunsui.tools.context import Progress, ToolContext, silent
from bunsui.tools.fields import Positional
from bunsui.tools.text import line
from bunsui.tools.tool import Input, Output, Tool

_ACCOUNT = "123456789012"
_MOST_EVENTS = 100_000
NO_MOCK = "States.TaskFailed"


class RunInput(Input):
    """What to run, on which input, with which mocks."""

    file: Annotated[str, Positional("FILE")] = Field(
        description="The definition, in the Amazon States Language, as JSON or YAML.", max_length=4_096
    )
    input: str = Field(default="{}", description="The input as JSON, or @FILE.", max_length=1_000_000)
    mocks: str | None = Field(
        default=None,
        description="File of mocks: replies by state, function or resource, or AWS's mock configuration.",
    )
    case: str | None = Field(default=None, description="Test case of an AWS mock configuration.")
    machine: str | None = Field(default=None, description="State machine of an AWS mock configuration.")
    type: Literal["STANDARD", "EXPRESS"] = Field(default="STANDARD", description="Type of the workflow.")
    seed: str = Field(default="1", description="Decides everything that is random.", max_length=200)
    real_time: bool = Field(default=False, description="Let waits take their time instead of none.")
    limit: int = Field(default=500, description="Most states to return.", ge=1, le=10_000)


class StateLine(Model):
    """One visit of a state, or an iteration of a Map state; `depth` counts what it stands inside of.

    `at` and `seconds` are virtual time, from the start of the execution. `tries` counts calls of a Task.
    """

    name: str
    type: str
    depth: int
    status: Literal["running", "succeeded", "caught", "failed", "aborted"]
    at: float
    seconds: float | None
    tries: int
    error: str | None
    cause: str | None


class Ran(Output):
    """An execution from its start to its end. `seconds` is virtual time; `states` are in tree order."""

    schema_name: Literal["bunsui.execution_run/1"] = Field("bunsui.execution_run/1", alias="schema")
    status: Literal["SUCCEEDED", "FAILED", "TIMED_OUT", "ABORTED"]
    output: JsonValue
    error: str | None
    cause: str | None
    seconds: float
    events: int
    calls: int
    states: tuple[StateLine, ...]
    complete: bool

    @property
    def headline(self) -> str:
        reason = f" with {line(self.error)}" if self.error else ""
        return f"{self.status}{reason} after {len(self.states)} state(s) and {self.calls} call(s)"


@dataclass(frozen=True, slots=True, kw_only=True)
class Moved(Progress):
    """Something happened to states: `step` was just entered or left. `tree` holds all so far."""

    step: Step
    tracer: Tracer
    begun: float


async def _run(context: ToolContext, input: RunInput) -> Ran:
    if input.input.startswith("@") and context.caller.kind is CallerKind.MODEL:
        raise PermissionDenied(
            "a model may not have a file read as the input of an execution",
            next_steps=["give the input itself, as JSON"],
        )
    machine = read_machine(Path(input.file), input.type)
    mocks = load_mocks(Path(input.mocks), machine=input.machine, case=input.case) if input.mocks else Mocks()
    if input.case and not input.mocks:
        raise UsageError("a test case needs a file of mocks", next_steps=["name it with --mocks FILE"])
    watched = context.emit is not silent
    start = _start(input, context.ports.clock.now().timestamp(), budget=1 if watched else 1_000)
    simulation = Simulation(machine, start, _Answerer(mocks))
    try:
        await (_watched(context, simulation, input) if watched else _drive(simulation, input))
    except Stuck as stuck:
        raise Conflict(
            f"{input.file}: {stuck}",
            next_steps=[
                "give what it waits for a reply in the file of --mocks, or give the state a TimeoutSeconds"
            ],
        ) from None
    except AslError as error:
        raise UsageError(f"{input.file}: {error}") from error
    return _document(simulation, input.limit)


async def _drive(simulation: Simulation, input: RunInput) -> None:
    while await _step(simulation, input):
        pass


async def _watched(context: ToolContext, simulation: Simulation, input: RunInput) -> None:
    """The same, telling of every state that is entered or left."""
    tracer, seen, goes_on = Tracer(), 0, True
    begun = simulation.execution.record_of_start.started_at
    while goes_on:
        goes_on = await _step(simulation, input)
        history = simulation.execution.history
        for event in history[seen:]:
            tracer.take(event)
            step = tracer.moved(event)
            if step is not None:
                message = f"{step.name} {'entered' if step.status == 'running' else step.status}"
                await context.emit(
                    Moved(message=line(message), done=event.id, step=step, tracer=tracer, begun=begun)
                )
        seen = len(history)


async def _step(simulation: Simulation, input: RunInput) -> bool:
    at, now = simulation.next_at, simulation.execution.now
    waits = input.real_time and at is not None and at > now
    # Without a wait the loop gets its turn all the same: a long execution must not hold up a server.
    await asyncio.sleep((at or now) - now if waits else 0)
    return simulation.step()


class _Answerer:
    """Answers from mocks; a task without one fails, and says so."""

    def __init__(self, mocks: Mocks) -> None:
        self._replies = Replies(mocks)
        self._source = mocks.source

    def __call__(self, task: StartTask) -> Reply:
        reply = self._replies.next(task)
        if reply is not None:
            return reply
        return Reply.thrown(NO_MOCK, self._lacking(task))

    def _lacking(self, task: StartTask) -> str:
        """What has no mock, and how it is given one."""
        what = f"There is no mock for {task.resource} (state {task.state})"
        entry = f"`{function_of(task) or task.state}: {{Return: {{}}}}`"
        if self._source:
            return f"{what}: {self._source} has none. Add one, for instance {entry}."
        how = f"Write one, for instance {entry}, and name it with --mocks FILE."
        return f"{what}: no file of mocks was given. {how}"


def _start(input: RunInput, now: float, budget: int) -> ExecutionStart:
    name = Path(input.file).name.partition(".")[0]
    prefix = f"arn:aws:states:us-east-1:{_ACCOUNT}"
    return ExecutionStart(
        arn=f"{prefix}:execution:{name}:run",
        name="run",
        input=_input(input.input),
        started_at=now,
        state_machine_arn=f"{prefix}:stateMachine:{name}",
        state_machine_name=name,
        role_arn=f"arn:aws:iam::{_ACCOUNT}:role/run",
        seed=input.seed,
        budget=budget,
        # An Express workflow has no limit of events, and under virtual time a loop would never end.
        max_events=_MOST_EVENTS if input.type == "EXPRESS" else None,
    )


def _input(text: str) -> JsonValue:
    try:
        content = Path(text[1:]).read_text(encoding="utf-8-sig") if text.startswith("@") else text
    except (OSError, UnicodeDecodeError) as error:
        why = getattr(error, "strerror", None) or error
        raise UsageError(
            f"input: {text[1:]} cannot be read: {why}", next_steps=["check the path behind the @"]
        ) from error
    try:
        return read_json(content)
    except InexactJson as error:
        raise UsageError(f"input: {error}") from None
    except orjson.JSONDecodeError as error:
        raise UsageError(
            f"input: no JSON: {error}", next_steps=["give JSON such as '{\"order\": 7}', or @FILE"]
        ) from None


def _document(simulation: Simulation, limit: int) -> Ran:
    execution = simulation.execution
    begun = execution.record_of_start.started_at
    steps = trace(execution.history)
    return Ran.model_validate(
        {
            "status": execution.status,
            "output": execution.output,
            "error": execution.error,
            "cause": execution.cause,
            "seconds": execution.now - begun,
            "events": len(execution.history),
            "calls": len(simulation.calls),
            "states": [state_line(step, begun) for step in steps[:limit]],
            "complete": len(steps) <= limit,
        }
    )


def state_line(step: Step, begun: float) -> StateLine:
    """A step as it is told. `begun` is the start of the execution, in epoch seconds."""
    return StateLine(
        name=step.name,
        type=step.kind,
        depth=step.depth,
        status=step.status,
        at=step.entered_at - begun,
        seconds=None if step.ended_at is None else step.ended_at - step.entered_at,
        tries=step.tries,
        error=step.error,
        cause=step.cause,
    )


RUN = Tool(
    name="execution_run",
    title="Run a state machine with mocks",
    summary="Run a state machine in process, with mocks, in no time.",
    description="Runs a definition in the Amazon States Language as Step Functions would, without an "
    "account: nothing is called, mocks answer in place of services, and waits take virtual time. Tells the "
    "path, the output, and the error where it fails. A task without a mock fails.",
    effect=Effect.READ,
    input=RunInput,
    output=Ran,
    handler=_run,
)
