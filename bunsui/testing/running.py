"""Run a state machine in a test: in process, under virtual time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from bunsui.asl import ExecutionStart, Machine
from bunsui.core.simulation import Definition, Simulation, Stuck, read_machine
from bunsui.errors import Conflict
from bunsui.testing import coverage
from bunsui.testing.faults import Fault, Faulty
from bunsui.testing.mocking import Answerer, plain, read_mocks
from bunsui.testing.outcome import MachineRun

ACCOUNT = "123456789012"
STARTED_AT = 1_767_225_600.0
"""2026-01-01, 00:00 UTC: virtual time begins here, so that a run is the same on every day."""


def run(  # noqa: PLR0913 - all but two are rarely given, and by name
    definition: Definition | Machine,
    input: Any = None,
    *,
    mocks: Mapping[str, Any] | Path | str | None = None,
    case: str | None = None,
    faults: Sequence[Fault] = (),
    objects: Mapping[str, str] | None = None,
    type: str = "STANDARD",
    name: str = "",
    seed: str = "test",
    at: float = STARTED_AT,
) -> MachineRun:
    """Run a definition to its end.

    Args:
        definition: the object, JSON or YAML text, the path of a file, or a compiled machine.
        input: a JSON value, `{}` if left out.
        mocks: by name of state, Lambda function or resource; or a file in bunsui's or AWS's format.
        case: the test case in AWS's format.
        faults: what goes wrong, see `fail`, `time_out` and `delay`.
        objects: texts under `bucket/key` that item readers find.
        type: `STANDARD` or `EXPRESS`.
        name: name of the machine in ARNs, in the report of coverage, and in AWS's mock format.
        seed: decides all that is random.
        at: when the execution starts, in epoch seconds.

    Raises:
        DefinitionInvalid: the definition has errors.
        NotFound: a task was called that has no mock.
        Conflict: the execution waits for an answer that nobody gives.
        AssertionError: a mock raised it.
    """
    machine = definition if isinstance(definition, Machine) else read_machine(definition, type)
    label = name or (definition.stem.partition(".")[0] if isinstance(definition, Path) else "")
    answer = Answerer(read_mocks(mocks or {}, name or None, case))
    faulty = Faulty(answer, faults, seed)
    start = _start(label or "machine", plain({} if input is None else input), seed, at)
    simulation = Simulation(machine, start, faulty, objects)
    try:
        simulation.run()
    except Stuck as stuck:
        raise _stuck(simulation, stuck) from None
    outcome = MachineRun(simulation)
    coverage.record(label, machine.definition, outcome.histories)
    return outcome


def _start(name: str, input: Any, seed: str, at: float) -> ExecutionStart:
    prefix = f"arn:aws:states:us-east-1:{ACCOUNT}"
    return ExecutionStart(
        arn=f"{prefix}:execution:{name}:test",
        name="test",
        input=input,
        started_at=at,
        state_machine_arn=f"{prefix}:stateMachine:{name}",
        state_machine_name=name,
        role_arn=f"arn:aws:iam::{ACCOUNT}:role/test",
        seed=seed,
    )


def _stuck(simulation: Simulation, stuck: Stuck) -> Conflict:
    tree = "\n".join(MachineRun(simulation).picture)
    return Conflict(
        f"{stuck}\n{tree}", next_steps=["answer it with a mock, or give the state a TimeoutSeconds"]
    )
