"""Map runs and their child executions, as they are told."""

from __future__ import annotations

import sqlite3
from collections import Counter
from typing import Any

from bunsui.asl import RecordChild, RecordMapRun, UpdateMapRun
from bunsui.local.api.arns import parse
from bunsui.local.api.call import Call, Operation
from bunsui.local.api.errors import ApiError, no_execution, not_found, out_of_range
from bunsui.local.api.host import Host
from bunsui.local.api.tables import save_child, save_map_run


class MapRuns:
    """Operations on map runs."""

    def __init__(self, host: Host) -> None:
        self._host = host

    @property
    def operations(self) -> dict[str, Operation]:
        """Operations by name."""
        return {
            "ListMapRuns": self.list_all,
            "DescribeMapRun": self.describe,
            "UpdateMapRun": self.update,
        }

    async def list_all(self, call: Call) -> dict[str, Any]:
        arn = parse(call.text("executionArn"), "execution").text
        run = self._host.runs.find(arn)
        if run is None:
            raise no_execution(arn)
        page, more = call.page(self._host.runs.map_runs(arn))
        fields = ("mapRunArn", "executionArn", "startDate", "stopDate")
        rows = [{name: one[name] for name in fields if name in one} for one in page]
        return {"mapRuns": [{**row, "stateMachineArn": run.machine} for row in rows], **more}

    async def describe(self, call: Call) -> dict[str, Any]:
        arn = parse(call.text("mapRunArn"), "mapRun").text
        found = self._found(arn)
        children = self._host.runs.children(arn)
        statuses = Counter(_COUNTED[child["status"]] for child in children)
        return {**found, "executionCounts": {**_NONE, **statuses, "total": len(children)}}

    async def update(self, call: Call) -> dict[str, Any]:
        arn = parse(call.text("mapRunArn"), "mapRun").text
        found, bounds = self._found(arn), _bounds(call)
        if found["status"] != "RUNNING":
            text = f"Map Run {arn} is {found['status']} and cannot be updated"
            raise ApiError("ValidationException", text, reason="CANNOT_UPDATE_COMPLETED_MAP_RUN")
        execution = self._driven_by(found["executionArn"])
        await self._host.send(execution, UpdateMapRun(self._host.now(), map_run_arn=arn, **bounds))
        # What was told of the run after that is committed with this.
        await self._host.send(execution, None)
        return {}

    def _found(self, arn: str) -> dict[str, Any]:
        found = self._host.runs.map_run(arn)
        if found is None:
            raise not_found(arn)
        return found

    def _driven_by(self, execution: str) -> int:
        """The number of the execution in which an execution of a Map Run runs, however deep."""
        run = self._host.runs.find(execution)
        if run is not None:
            return run.execution
        child = self._host.runs.child(execution)
        if child is None:
            raise no_execution(execution)
        return self._driven_by(self._found(child["mapRunArn"])["executionArn"])


def _bounds(call: Call) -> dict[str, Any]:
    """The bounds that a call gives, by the names that the signal has for them. Raises ApiError."""
    given = {name: call.body.get(name) for name in _FIELDS}
    known = {name: value for name, value in given.items() if value is not None}
    if not known:
        text = (
            "At least one of maxConcurrency, toleratedFailureCount and toleratedFailurePercentage is required"
        )
        raise ApiError("ValidationException", text, reason="MISSING_REQUIRED_PARAMETER")
    for name, value in known.items():
        if value < 0:
            raise out_of_range(name, value, "have value greater than or equal to 0")
        if name == "toleratedFailurePercentage" and value > _ALL:
            raise out_of_range(name, value, f"have value less than or equal to {_ALL}")
    return {_FIELDS[name]: value for name, value in known.items()}


_FIELDS = {
    "maxConcurrency": "max_concurrency",
    "toleratedFailureCount": "tolerated_failure_count",
    "toleratedFailurePercentage": "tolerated_failure_percentage",
}
_ALL = 100
_COUNTED = {
    "RUNNING": "running",
    "SUCCEEDED": "succeeded",
    "FAILED": "failed",
    "TIMED_OUT": "timedOut",
    "ABORTED": "aborted",
}
_NAMES = ("pending", "running", "succeeded", "failed", "timedOut", "aborted", "total", "resultsWritten")
_NONE = dict.fromkeys((*_NAMES, "failuresNotRedrivable", "pendingRedrive"), 0)


def record_map_run(connection: sqlite3.Connection, *, effect: RecordMapRun) -> None:
    """Write a map run, inside a transaction."""
    body: dict[str, Any] = {
        "mapRunArn": effect.map_run_arn,
        "executionArn": effect.execution_arn,
        "status": effect.status,
        "startDate": effect.started_at,
        "maxConcurrency": effect.max_concurrency,
        "toleratedFailureCount": effect.tolerated_failure_count,
        "toleratedFailurePercentage": effect.tolerated_failure_percentage,
        "itemCounts": {**_NONE, **effect.counts},
        "redriveCount": effect.redrive_count,
    }
    if effect.ended_at is not None:
        body["stopDate"] = effect.ended_at
    save_map_run(connection, effect.map_run_arn, effect.execution_arn, effect.started_at, body)


def record_child(connection: sqlite3.Connection, *, effect: RecordChild, history: bytes) -> None:
    """Write a child execution, inside a transaction."""
    body = {
        "executionArn": effect.execution_arn,
        "mapRunArn": effect.map_run_arn,
        "name": effect.name,
        "status": effect.status,
        "startDate": effect.started_at,
        "stopDate": effect.ended_at,
        "input": effect.input,
        "output": effect.output,
        "error": effect.error,
        "cause": effect.cause,
        "redriveCount": 0,
        "redriveStatus": "NOT_REDRIVABLE"
        if effect.status in ("RUNNING", "SUCCEEDED")
        else "REDRIVABLE_BY_MAP_RUN",
    }
    save_child(connection, effect.execution_arn, effect.map_run_arn, effect.started_at, body, history)
