"""Validation of state machine definitions, as ValidateStateMachineDefinition does it and beyond.

`validate` reads a definition (JSON, YAML or a mapping), checks each object against the field tables in
`fields`, then applies the rules that concern several fields or states, and gives `Diagnostics`:
findings with AWS's codes, a location, and line and column in the source.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bunsui.asl.validation import graph, names, resources, variables
from bunsui.asl.validation.diagnostics import Code, Diagnostic, Diagnostics, Severity
from bunsui.asl.validation.fields import FOREIGN_TASK, MACHINES, STATES
from bunsui.asl.validation.findings import Findings, Site
from bunsui.asl.validation.maps import mode
from bunsui.asl.validation.model import EXPRESS, JSONATA, STANDARD, Machine, State, machines
from bunsui.asl.validation.source import MAX_BYTES, Source, SourceProblem, parse_definition, read

__all__ = ["Code", "Diagnostic", "Diagnostics", "Severity", "SourceProblem", "parse_definition", "validate"]


def validate(definition: str | Mapping[str, Any], *, type: str = STANDARD) -> Diagnostics:
    """Check a definition.

    Args:
        definition: JSON text, YAML text, or the definition itself (findings then have no lines).
        type: ``STANDARD`` or ``EXPRESS``.

    Raises:
        ValueError: for another type.
    """
    if type not in (STANDARD, EXPRESS):
        raise ValueError(f"type is {STANDARD} or {EXPRESS}, not {type!r}")
    try:
        source = read(definition)
    except SourceProblem as problem:
        found = Diagnostic(Severity.ERROR, Code.JSON, problem.message, "/", problem.line, problem.column)
        return Diagnostics((found,))
    findings = Findings()
    _check(source, type, findings)
    return findings.diagnostics(source)


def _check(source: Source, type: str, findings: Findings) -> None:
    whole = Site(source.value, (), findings)
    _text(source, whole)
    found = machines(source.value, type)
    for machine in found:
        _machine(machine, found[0].language, findings)
    names.unique(found, whole)
    variables.check(found, findings)


def _text(source: Source, whole: Site) -> None:
    """What only the text shows: its size, and keys given twice."""
    if source.text is not None and len(source.text) > MAX_BYTES // 4:
        size = len(source.text.encode(errors="surrogatepass"))
        if size > MAX_BYTES:
            whole.error(f"The definition has {size} bytes; at most {MAX_BYTES} are allowed", Code.LIMIT)
    duplicates = source.duplicates
    for path in duplicates:
        if path[:-1] not in duplicates:
            whole.at(path).error(f"Duplicate field '{path[-1]}'", Code.JSON, at_key=True)


def _machine(machine: Machine, language: str, findings: Findings) -> None:
    site = Site(machine.value, machine.path, findings, language)
    MACHINES[machine.kind](site)
    names.states_shape(machine, site)
    for state in machine.states.values():
        _state(state, language, findings)
    graph.check(machine, site)


def _state(state: State, language: str, findings: Findings) -> None:
    site = Site(state.value, state.path, findings, state.language)
    record = STATES.get(state.type) if isinstance(state.type, str) else None
    if state.foreign:
        FOREIGN_TASK(site)
    elif record is not None:
        record(site)
    elif "Type" in state.value:
        types = ", ".join(STATES)
        site.error(f"The field 'Type' should have one of these values: [{types}]", key="Type")
    else:
        site.error("These fields are required: [Type]")
    names.length(state, site)
    names.language(state, language, site)
    if state.type == "Task":
        _task(state, site)
    elif state.type == "Map":
        mode(site, state)


def _task(state: State, site: Site) -> None:
    names.heartbeat(state, site)
    if "Resource" in state.value:
        resources.express(site.child("Resource"), state.machine.type)
    field = "Arguments" if state.language == JSONATA else "Parameters"
    if field in state.value:
        resources.parameters(site.child(field), state.value)
