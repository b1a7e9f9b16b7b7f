"""Run a state as TestState does: checks, the execution, the response."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from bunsui.asl.effects import StartTask
from bunsui.asl.machine import Machine
from bunsui.asl.signals import Signal, TaskFailed, TaskSubmitted, TaskSucceeded, TimeReached
from bunsui.asl.start import ExecutionStart
from bunsui.asl.states.base import State
from bunsui.asl.states.task import Task
from bunsui.asl.test_state.answer import response
from bunsui.asl.test_state.execution import MockedMap, MockedParallel, WatchedExecution
from bunsui.asl.test_state.mock_schema import ShapeSource, check_result
from bunsui.asl.test_state.request import Mock, Request, TestStateError, parse_request
from bunsui.asl.test_state.subject import compile_alone, select
from bunsui.asl.test_state.trace import Seen, trace
from bunsui.asl.validation.integrations import REQUEST
from bunsui.asl.validation.model import State as Part
from bunsui.asl.validation.model import machines
from bunsui.asl.validation.resources import parse_call

Call = Callable[[StartTask], Signal]

_ACCOUNT = "123456789012"


def test_state(
    definition: str | Mapping[str, Any],
    request: Mapping[str, Any],
    *,
    call: Call | None = None,  # noqa: PT028
    shapes: ShapeSource | None = None,  # noqa: PT028
    at: float = 0.0,  # noqa: PT028
) -> dict[str, Any]:
    """Test a state.

    Args:
        definition: a state, or a whole state machine where ``request`` has a ``stateName``.
        request: the other arguments of the API call, in its shape.
        call: makes the call of a Task that is not mocked: gives ``TaskSucceeded`` or ``TaskFailed``.
        shapes: shapes of API answers that mocked results are checked against; without it they are not.
        at: the time of the test, in epoch seconds.

    Returns:
        The response of the API: status, output, error, cause, nextState, inspectionData.

    Raises:
        TestStateError: the request or the definition is refused.
    """
    checked = parse_request(request)
    part = select(definition, checked)
    _check_mock(part, checked, shapes)
    if part.type == "Task" and checked.mock is None:
        _check_call(checked, call)
    machine, state = compile_alone(part)
    seen: Seen = {}
    trace(state, checked.input, seen)
    machine.first = _mocked(machine, state, checked, seen)
    execution = WatchedExecution(machine, _start(machine, checked, at), checked)
    _run(execution, checked.mock, call)
    return response(execution, checked, seen)


test_state.__test__ = False  # type: ignore[attr-defined]


def _check_mock(part: Part, request: Request, shapes: ShapeSource | None) -> None:
    mock, kind = request.mock, part.type
    if mock is None:
        if kind in ("Map", "Parallel"):
            raise TestStateError(f"State type '{kind}' is not supported when a mock is not specified")
        return
    if kind not in ("Task", "Map", "Parallel"):
        raise TestStateError(f"State type '{kind}' is not supported when a mock is specified")
    if mock.fails:
        _check_origin(part, request.configuration.caused_by)
    else:
        _check_result(part, mock, shapes)


def _check_result(part: Part, mock: Mock, shapes: ShapeSource | None) -> None:
    if part.type == "Task":
        if shapes is not None:
            _check_shape(part, mock, shapes)
    elif part.type == "Map" and "ResultWriter" in part.value:
        if not isinstance(mock.result, dict):
            raise TestStateError("Mocked result must be a JSON object.")
    elif not isinstance(mock.result, list):
        raise TestStateError("Mocked result must be an array.")


def _check_origin(part: Part, name: str | None) -> None:
    """The state that an error is said to come from is one inside of the Map or Parallel state."""
    alone = {"States": {part.name: part.value}}
    inside = {inner for machine in machines(alone, "STANDARD")[1:] for inner in machine.states}
    if name is not None and name not in inside:
        raise TestStateError(f"The state '{name}' of errorCausedByState is not inside the state under test")


def _check_shape(part: Part, mock: Mock, shapes: ShapeSource) -> None:
    call = parse_call(part.value["Resource"])
    shape = shapes(call.service, call.action) if call is not None and call.pattern == REQUEST else None
    if shape is not None:
        check_result(mock.result, shape, mock.validation)


def _check_call(request: Request, call: Call | None) -> None:
    if request.role_arn is None:
        raise TestStateError("RoleArn must be specified when testing a Task state")
    if call is None:
        raise TestStateError("A Task state can only be tested with a mock here: nothing can make its call")


def _mocked(machine: Machine, state: State, request: Request, seen: Seen) -> State:
    """The state, for a Map or Parallel state with the mock in place of what is inside."""
    if request.mock is None or isinstance(state, Task):
        return state
    if state.kind == "Parallel":
        mocked: State = MockedParallel(state, request.mock, seen)
    else:
        mocked = MockedMap(state, machine, request.mock, request.configuration, seen)
    trace(mocked, request.input, seen)
    mocked.next = state.next
    for new, old in zip(mocked.catchers, state.catchers, strict=True):
        new.next = old.next
    return mocked


def _start(machine: Machine, request: Request, at: float) -> ExecutionStart:
    """AWS runs a test as an Express execution."""
    prefix = f"arn:aws:states:us-east-1:{_ACCOUNT}"
    return ExecutionStart(
        arn=f"{prefix}:express:TestState:test:{machine.first.name}",
        name="test",
        input=request.input,
        started_at=at,
        state_machine_arn=f"{prefix}:stateMachine:TestState",
        state_machine_name="TestState",
        role_arn=request.role_arn or f"arn:aws:iam::{_ACCOUNT}:role/TestState",
    )


def _run(execution: WatchedExecution, mock: Mock | None, call: Call | None) -> None:
    effects = execution.start()
    while execution.status == "RUNNING":
        task = next((effect for effect in effects if isinstance(effect, StartTask)), None)
        if task is not None:
            signals = [call(task)] if mock is None and call is not None else _answer(execution, task, mock)
            effects = [effect for signal in signals for effect in execution.apply(signal)]
        elif execution.failure is not None or execution.next_timer is None:
            return
        else:
            effects = execution.apply(TimeReached(execution.next_timer))


def _answer(execution: WatchedExecution, task: StartTask, mock: Mock | None) -> list[Signal]:
    if mock is None:
        return []
    if mock.fails:
        return [TaskFailed(execution.now, task.task_id, mock.error, mock.cause)]
    submitted = TaskSubmitted(execution.now, task.task_id, {})
    return [submitted, TaskSucceeded(execution.now, task.task_id, mock.result)]
