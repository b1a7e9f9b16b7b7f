"""The state under test: found in its definition, validated, and compiled as a machine of its own."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from bunsui.asl.errors import DefinitionError
from bunsui.asl.machine import compile_machine
from bunsui.asl.states.base import State
from bunsui.asl.test_state.request import Request, TestStateError
from bunsui.asl.validation import Code, Diagnostic, Diagnostics, parse_definition, validate
from bunsui.asl.validation.graph import transitions
from bunsui.asl.validation.model import State as Part
from bunsui.asl.validation.model import machines
from bunsui.asl.validation.source import SourceProblem

SOLE_NAME = "StateName"
"""What AWS calls a state that is given without its machine."""

Spec = dict[str, Any]


def select(definition: str | Mapping[str, Any], request: Request) -> Part:
    """The state that is to be tested.

    Raises:
        TestStateError: ``InvalidDefinition`` with AWS's message, or no state of that name.
    """
    spec = _read(definition)
    if request.state_name is None:
        whole = {"StartAt": SOLE_NAME, "States": {SOLE_NAME: spec}}
        _refuse([one for one in validate(whole) if not _is_of_missing_machine(one)])
        return _part(whole, SOLE_NAME)
    _refuse(validate(spec))
    return _part(spec, request.state_name)


def _is_of_missing_machine(found: Diagnostic) -> bool:
    """Whether it is about the states around a state that was given alone."""
    inside = (f"/States/{SOLE_NAME}/{field}/" for field in ("Branches", "ItemProcessor", "Iterator"))
    if found.code == Code.DUPLICATE_STATE:
        return found.location.endswith(f"/States/{SOLE_NAME}")
    return found.code in (Code.TARGET, Code.NO_TERMINAL) and not found.location.startswith(tuple(inside))


def _read(definition: str | Mapping[str, Any]) -> Spec:
    if isinstance(definition, Mapping):
        return json.loads(json.dumps(definition))  # type: ignore[no-any-return]
    try:
        return parse_definition(definition)
    except SourceProblem as problem:
        message = f"Invalid State Machine Definition: '{Code.JSON}: {problem.message}'"
        raise TestStateError(message, "InvalidDefinition") from None


def _refuse(found: Iterable[Diagnostic]) -> None:
    diagnostics = Diagnostics(tuple(found))
    if not diagnostics.ok:
        raise TestStateError(diagnostics.refusal(), "InvalidDefinition")


def _part(definition: Spec, name: str) -> Part:
    for machine in machines(definition, "STANDARD"):
        if name in machine.states:
            return machine.states[name]
    raise TestStateError("State not found in definition")


def compile_alone(part: Part) -> tuple[Any, State]:
    """A machine that begins with the state; states of the names where it may go on only stand there."""
    targets = {target for _, target in transitions(part)} - {part.name}
    states: Spec = {part.name: part.value, **{target: {"Type": "Succeed"} for target in targets}}
    definition = {"StartAt": part.name, "States": states, "QueryLanguage": part.machine.language}
    try:
        machine = compile_machine(definition, "EXPRESS")
    except DefinitionError as error:
        raise TestStateError(f"Invalid State Machine Definition: '{error}'", "InvalidDefinition") from None
    return machine, machine.first
