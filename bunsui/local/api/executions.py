"""Executions: start, stop, describe, list, history, redrive."""

from __future__ import annotations

import random
import uuid
from collections.abc import Sequence
from typing import Any

import orjson

from bunsui.asl import ExecutionStart, HistoryEvent, Stop
from bunsui.asl.history import History
from bunsui.asl.limits import MAX_PAYLOAD
from bunsui.local.api.arns import checked_name, parse
from bunsui.local.api.call import Call, Operation, limited
from bunsui.local.api.errors import ApiError, no_execution, no_express, not_found
from bunsui.local.api.host import Host, NewRun
from bunsui.local.api.machines import Chosen, Machines, describe
from bunsui.local.api.tables import Run

STATUSES = ("RUNNING", "SUCCEEDED", "FAILED", "TIMED_OUT", "ABORTED", "PENDING_REDRIVE")
_UNSUCCESSFUL = ("FAILED", "TIMED_OUT", "ABORTED")
_DATA = ("input", "output", "cause", "error", "parameters", "assignedVariables")


class Runner:
    """Begins executions, for callers of the API and for states that start executions."""

    def __init__(self, host: Host, machines: Machines, wait_scale: float) -> None:
        self._host = host
        self._machines = machines
        self._wait_scale = wait_scale
        self._dice = random.Random()

    def choose(self, arn: str) -> Chosen:
        """The machine to run. Raises ApiError."""
        return self._machines.choose(arn, self._dice.random())

    def begin(self, chosen: Chosen, name: str | None, input: Any, parent: str | None = None) -> Run:
        """Begin an execution, or find the one that runs with this name and input. Raises ApiError.

        `parent` names the task that begins it: asked again after a crash, it finds the one it began.
        """
        run_name = checked_name(name) if name is not None else str(uuid.uuid4())
        arn = _execution_arn(chosen, run_name)
        known = self._host.runs.find(arn)
        if known is not None:
            ours = parent is not None and known.body.get("parent") == parent
            return known if ours else _same(known, chosen, input)
        new = self._new(chosen, arn, run_name, input)
        new.body["parent"] = parent
        number = self._host.begin(new)
        run = self._host.runs.numbered(number)
        if run is None:
            raise no_execution(arn)
        return run

    def _new(self, chosen: Chosen, arn: str, name: str, input: Any) -> NewRun:
        body, machine = chosen.body, chosen.machine
        start = ExecutionStart(
            arn=arn,
            name=name,
            input=input,
            started_at=round(self._host.now(), 3),
            state_machine_arn=machine.arn,
            state_machine_name=body["name"],
            role_arn=body["roleArn"],
            seed=f"{arn} {uuid.uuid4()}",
            region=parse(machine.arn, "stateMachine").place.region,
            wait_scale=self._wait_scale,
            state_machine_version_arn=chosen.version_arn,
            state_machine_alias_arn=chosen.alias_arn,
        )
        told = {
            "name": name,
            "input": orjson.dumps(input).decode(),
            "type": body["type"],
            "version": chosen.version_arn,
            "alias": chosen.alias_arn,
        }
        return NewRun(
            start=start,
            definition=orjson.loads(body["definition"]),
            type=body["type"],
            machine=machine.arn,
            body=told,
            case=chosen.case,
        )


class ExecutionOperations:
    """Operations on executions."""

    def __init__(self, host: Host, machines: Machines, runner: Runner) -> None:
        self._host = host
        self._machines = machines
        self._runner = runner

    @property
    def operations(self) -> dict[str, Operation]:
        """Operations by name."""
        return {
            "StartExecution": self.start,
            "StartSyncExecution": self.start_sync,
            "StopExecution": self.stop,
            "DescribeExecution": self.describe,
            "DescribeStateMachineForExecution": self.machine_of,
            "ListExecutions": self.list_all,
            "GetExecutionHistory": self.history,
            "RedriveExecution": self.redrive,
        }

    async def start(self, call: Call) -> dict[str, Any]:
        run = self._begin(call, self._runner.choose(call.text("stateMachineArn")))
        return {"executionArn": run.arn, "startDate": run.started_at}

    async def start_sync(self, call: Call) -> dict[str, Any]:
        chosen = self._runner.choose(call.text("stateMachineArn"))
        if chosen.body["type"] != "EXPRESS":
            raise no_express(chosen.machine.arn)
        run = await self._host.end_of(self._begin(call, chosen).execution)
        took = round(((run.ended_at or run.started_at) - run.started_at) * 1000)
        billing = {"billedMemoryUsedInMB": 64, "billedDurationInMilliseconds": -(-took // 100) * 100}
        status = "FAILED" if run.status == "ABORTED" else run.status
        return {**_told(run), "status": status, "billingDetails": billing}

    def _begin(self, call: Call, chosen: Chosen) -> Run:
        limited("input", call.optional("input") or "", MAX_PAYLOAD)
        text = "Invalid State Machine Execution Input"
        given = call.document("input", "{}", "InvalidExecutionInput", text)
        return self._runner.begin(chosen, call.optional("name"), given)

    async def stop(self, call: Call) -> dict[str, Any]:
        run = self._standard(call.text("executionArn"))
        if run.status == "RUNNING":
            signal = Stop(self._host.now(), call.optional("error"), call.optional("cause"))
            await self._host.send(run.execution, signal)
            run = self._run(run.arn)
        return {"stopDate": run.ended_at or self._host.now()}

    async def describe(self, call: Call) -> dict[str, Any]:
        arn = call.text("executionArn")
        child = self._child(arn)
        return child if child is not None else _described(self._standard(arn))

    async def machine_of(self, call: Call) -> dict[str, Any]:
        run = self._standard(call.text("executionArn"))
        _, definition = self._host.definition(run)
        found = describe(self._machines.choose(run.body["version"] or run.machine))
        found["definition"] = orjson.dumps(definition).decode()
        found["updateDate"] = found.pop("creationDate")
        return {name: value for name, value in found.items() if name not in ("status", "type", "description")}

    async def list_all(self, call: Call) -> dict[str, Any]:
        status = call.one_of("statusFilter", STATUSES)
        redriven = call.one_of("redriveFilter", ("REDRIVEN", "NOT_REDRIVEN"))
        map_run = call.optional("mapRunArn")
        rows = self._children(map_run) if map_run else self._rows(call)
        wanted = [
            row
            for row in rows
            if status in (None, row["status"])
            and redriven in (None, "REDRIVEN" if row.get("redriveCount") else "NOT_REDRIVEN")
        ]
        page, more = call.page(wanted)
        return {"executions": list(page), **more}

    def _rows(self, call: Call) -> list[dict[str, Any]]:
        chosen = self._machines.choose(call.text("stateMachineArn"))
        if chosen.body["type"] == "EXPRESS":
            raise no_express(chosen.machine.arn)
        found = self._host.runs.of_machine(chosen.machine.arn)
        return [
            _row(_described(run))
            for run in found
            if (chosen.alias_arn in (None, run.body["alias"]))
            and (chosen.alias_arn or chosen.version_arn in (None, run.body["version"]))
        ]

    def _children(self, map_run: str) -> list[dict[str, Any]]:
        parse(map_run, "mapRun")
        if self._host.runs.map_run(map_run) is None:
            raise not_found(map_run)
        return [_row(child) for child in self._host.runs.children(map_run)]

    async def history(self, call: Call) -> dict[str, Any]:
        arn = call.text("executionArn")
        child = self._child(arn)
        if child is not None:
            events = History.decode(self._host.runs.child_history(arn) or b"[]")
        else:
            events = self._host.history(self._standard(arn))
        ordered: Sequence[HistoryEvent] = events[::-1] if call.body.get("reverseOrder") else events
        page, more = call.page(ordered)
        with_data = call.body.get("includeExecutionData", True)
        return {"events": [event_of(event, with_data=with_data) for event in page], **more}

    async def redrive(self, call: Call) -> dict[str, Any]:
        run = self._standard(call.text("executionArn"))
        if run.status == "RUNNING":
            raise _not_redrivable("Execution is RUNNING and cannot be redriven")
        outcome = await self._host.redrive(run)
        if isinstance(outcome, str):
            raise _not_redrivable(outcome)
        return {"redriveDate": outcome}

    # Inside

    def _run(self, arn: str) -> Run:
        run = self._host.runs.find(arn)
        if run is None:
            raise no_execution(arn)
        return run

    def _standard(self, text: str) -> Run:
        """The Standard execution. Express ones are told by logs only, on AWS as here."""
        arn = parse(text, "execution")
        return self._run(arn.text)

    def _child(self, text: str) -> dict[str, Any] | None:
        arn = parse(text, "execution", "express")
        found = self._host.runs.child(text) if "/" in arn.names[0] else None
        return None if found is None else {name: value for name, value in found.items() if value is not None}


def event_of(event: HistoryEvent, *, with_data: bool) -> dict[str, Any]:
    """An event as GetExecutionHistory gives it."""
    told = event.to_aws()
    if with_data:
        return told
    for details in told.values():
        if isinstance(details, dict):
            for name in _DATA:
                details.pop(name, None)
    return told


def _execution_arn(chosen: Chosen, name: str) -> str:
    machine = parse(chosen.machine.arn, "stateMachine")
    if chosen.body["type"] == "EXPRESS":
        return machine.place.arn("express", machine.names[0], name, str(uuid.uuid4()))
    return machine.place.arn("execution", machine.names[0], name)


def _same(known: Run, chosen: Chosen, input: Any) -> Run:
    """A start with the name, machine and input of one that runs gives that one."""
    same = orjson.loads(known.body["input"]) == input and known.machine == chosen.machine.arn
    if known.status == "RUNNING" and same:
        return known
    raise ApiError("ExecutionAlreadyExists", f"Execution Already Exists: '{known.arn}'")


def _told(run: Run) -> dict[str, Any]:
    """What all answers about an execution have in common."""
    found = {
        "executionArn": run.arn,
        "stateMachineArn": run.machine,
        "name": run.body["name"],
        "status": run.status,
        "startDate": run.started_at,
        "stopDate": run.ended_at,
        "input": run.body["input"],
        "inputDetails": {"included": True},
        "output": run.output,
        "outputDetails": None if run.output is None else {"included": True},
        "error": run.error if run.status != "RUNNING" else None,
        "cause": run.cause if run.status != "RUNNING" else None,
    }
    return {name: value for name, value in found.items() if value is not None}


def _described(run: Run) -> dict[str, Any]:
    redrivable = run.status in _UNSUCCESSFUL
    found = {
        **_told(run),
        "stateMachineVersionArn": run.body.get("version"),
        "stateMachineAliasArn": run.body.get("alias"),
        "redriveCount": run.body.get("redriveCount", 0),
        "redriveDate": run.body.get("redriveDate"),
        "redriveStatus": "REDRIVABLE" if redrivable else "NOT_REDRIVABLE",
        "redriveStatusReason": None if redrivable else f"Execution is {run.status} and cannot be redriven",
    }
    return {name: value for name, value in found.items() if value is not None}


_ROW = (
    "executionArn",
    "stateMachineArn",
    "name",
    "status",
    "startDate",
    "stopDate",
    "mapRunArn",
    "itemCount",
    "stateMachineVersionArn",
    "stateMachineAliasArn",
    "redriveCount",
    "redriveDate",
)


def _row(described: dict[str, Any]) -> dict[str, Any]:
    return {name: described[name] for name in _ROW if described.get(name) is not None}


def _not_redrivable(reason: str) -> ApiError:
    return ApiError("ExecutionNotRedrivable", reason)
