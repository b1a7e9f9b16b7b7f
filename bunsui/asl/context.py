"""The context object: ``$$`` in JSONPath, ``$states.context`` in JSONata.

https://docs.aws.amazon.com/step-functions/latest/dg/input-output-contextobject.html
"""

from __future__ import annotations

from typing import Any

from bunsui.asl.clock import iso
from bunsui.asl.start import ExecutionStart
from bunsui.asl.strand import Strand


def execution_part(start: ExecutionStart, redrives: list[float], *, standard: bool) -> dict[str, Any]:
    """``Execution``, which stays the same until a redrive."""
    part: dict[str, Any] = {
        "Id": start.arn,
        "Input": start.input,
        "Name": start.name,
        "RoleArn": start.role_arn,
        "StartTime": iso(start.started_at),
    }
    if standard:
        part["RedriveCount"] = len(redrives)
    if redrives:
        part["RedriveTime"] = iso(redrives[-1])
    return part


def context_object(start: ExecutionStart, execution: dict[str, Any], strand: Strand) -> dict[str, Any]:
    """The whole context object of a state."""
    context: dict[str, Any] = {
        "Execution": execution,
        "StateMachine": {"Id": start.state_machine_arn, "Name": start.state_machine_name},
        "State": {"Name": strand.state.name, "EnteredTime": iso(strand.entered_at)},
    }
    if strand.state.catchable:
        context["State"]["RetryCount"] = strand.retry_count
    if strand.token is not None:
        context["Task"] = {"Token": strand.token}
    if strand.item is not None:
        index, value = strand.item
        context["Map"] = {"Item": {"Index": index, "Value": value}}
    return context
