"""Map runs and their child executions, as they are told."""

from __future__ import annotations

import sqlite3
from collections import Counter
from typing import Any

from bunsui.asl import RecordChild, RecordMapRun
from bunsui.local.api.arns import parse
from bunsui.local.api.call import Call, Operation
from bunsui.local.api.errors import no_execution, not_found
from bunsui.local.api.host import Host
from bunsui.local.api.tables import save_child, save_map_run


class MapRuns:
    """Operations on map runs."""

    def __init__(self, host: Host) -> None:
        self._host = host

    @property
    def operations(self) -> dict[str, Operation]:
        """Operations by name."""
        return {"ListMapRuns": self.list_all, "DescribeMapRun": self.describe}

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
        found = self._host.runs.map_run(arn)
        if found is None:
            raise not_found(arn)
        children = self._host.runs.children(arn)
        statuses = Counter(_COUNTED[child["status"]] for child in children)
        return {**found, "executionCounts": {**_NONE, **statuses, "total": len(children)}}


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
