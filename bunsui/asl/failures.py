"""Failures of a running state, with the words that Step Functions uses."""

from __future__ import annotations

from typing import Any

from bunsui.asl.errors import StateFailure
from bunsui.asl.payload import dump
from bunsui.asl.strand import Strand


class EvaluationFailure(StateFailure):
    """A JSONata failure: it has an event of its own, which names the field (``location``)."""

    def __init__(self, cause: str, location: str) -> None:
        super().__init__("States.QueryEvaluationError", cause)
        self.location = location


def text_of(value: Any) -> str:
    """A value as causes show it."""
    return dump(value).decode()


def describe(strand: Strand, reason: str) -> str:
    """The cause of a failure inside a state."""
    where = f"the state '{strand.state.name}' (entered at the event id #{strand.entered_id})"
    return f"An error occurred while executing {where}. {reason}"


def runtime(strand: Strand, reason: str, error: str = "States.Runtime") -> StateFailure:
    """A failure of the state that ``strand`` is in."""
    return StateFailure(error, describe(strand, reason))


def missing_path(strand: Strand, path: str, field: str, document: Any, error: str) -> StateFailure:
    """A path that selects nothing."""
    reason = (
        f"The JSONPath '{path}' specified for the field '{field}'"
        f" could not be found in the input '{text_of(document)}'"
    )
    return runtime(strand, reason, error)


def jsonata(strand: Strand, expression: str, field: str, reason: str) -> EvaluationFailure:
    """A JSONata expression that failed; ``reason`` follows the name of the field."""
    cause = f"The JSONata expression '{expression}' specified for the field '{field}' {reason}"
    return EvaluationFailure(describe(strand, cause), field)


_KINDS = {bool: "boolean", int: "number", float: "number", str: "string", list: "array", dict: "object"}


def unexpected_type(
    strand: Strand, expression: str, field: str, expected: str, value: Any
) -> EvaluationFailure:
    """A JSONata expression whose value has another type than the field needs."""
    kind = _KINDS.get(type(value), "null")
    reason = (
        f"returned an unexpected result type. Expected '{expected}',"
        f" but was '{kind}' for value: {text_of(value)}"
    )
    return jsonata(strand, expression, field, reason)
