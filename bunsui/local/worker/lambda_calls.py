"""Lambda functions of pipelines: from the arguments of `lambda:invoke` to a call in the pool, and back."""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass, replace
from pathlib import Path

import orjson

from bunsui.asl.signals import Signal
from bunsui.core.control.failures import failure_of
from bunsui.core.control.fan_out import BATCH
from bunsui.core.json_text import InexactJson
from bunsui.core.models.base import JsonValue, canonical_json
from bunsui.core.models.payload import Failure
from bunsui.core.models.status import JobStatus
from bunsui.core.ports.blobs import Blobs
from bunsui.core.ports.code import CodeVersions
from bunsui.core.ports.exchange import Slot
from bunsui.errors import InternalError
from bunsui.local.engine.executions import Owner
from bunsui.local.runners.outcomes import Failed, Outcome, Report, Returned, TaskOutcome
from bunsui.local.runners.pool import LambdaPool, Reserved
from bunsui.local.runners.specs import (
    CallContext,
    FunctionSpec,
    InFlight,
    Invocation,
    StartedCallback,
    frozen_env,
)
from bunsui.local.worker.assignment import Answer, Assignment
from bunsui.local.worker.batches import recordable, unrecordable
from bunsui.local.worker.masking import Mask
from bunsui.local.worker.payloads import offload, restore
from bunsui.local.worker.programs import Program, Programs
from bunsui.local.worker.runner_calls import Place, cancelled

_TIMED_OUT = "Sandbox.Timedout"
_KEPT = 256


@dataclass(slots=True, kw_only=True)
class LambdaWork:
    """One call of a function; of a batch `others` are the items behind the first."""

    pool: LambdaPool
    blobs: Blobs
    function: FunctionSpec
    event: JsonValue
    context: CallContext
    slot: Slot
    timeout: float
    code: str | None
    mask: Mask
    others: tuple[str, ...] = ()
    kind: str = "lambda"
    reserved: Reserved | None = None

    @property
    def memory(self) -> int:
        """The memory that the function may use, in MiB."""
        return self.function.memory_mb

    def reserve(self, call_id: str) -> Reserved | None:
        self.reserved = self.pool.reserve(self.function, call_id, self.timeout)
        return self.reserved

    def free(self) -> None:
        if self.reserved is not None:
            self.pool.free(self.reserved)

    async def call(self, place: Place, started: StartedCallback) -> Outcome:
        reserved, self.reserved = self.reserved, None
        invocation = Invocation(
            id=place.id,
            payload=canonical_json(_placed(self.event, place)),
            context=self.context if place.number == 1 else replace(self.context, try_number=place.number),
            log_path=place.log,
            spool_path=place.spool,
            timeout=self.timeout,
        )
        return await self.pool.invoke(self.function, invocation, started, reserved)

    async def adopt(self, flight: InFlight) -> Outcome:
        return await self.pool.adopt(flight)

    def end(self, call_id: str) -> bool:
        return self.pool.cancel(call_id)

    def answered(self, spool: Path) -> None:
        if self.mask.hides:
            self.pool.spools.release(spool)
        else:
            self.pool.spools.answered(spool)

    def recorded(self, spool: Path) -> bool:
        return self.pool.spools.recorded(spool)

    def begun(self, now: float) -> Signal | None:
        return None

    async def answer(self, outcome: Outcome | TaskOutcome) -> Answer:
        """The response of `lambda:invoke`, or the error of the function as Catch sees it."""
        ended = cancelled(outcome)
        if ended is not None:
            return ended
        if isinstance(outcome, Returned):
            return await self._returned(outcome.report, self.mask.document(outcome.payload))
        if isinstance(outcome, Failed):
            return _failure(outcome, self.mask)
        raise InternalError(f"A function cannot end as {type(outcome).__name__}")

    async def _returned(self, report: Report, result: bytes) -> Answer:
        batch = bool(entries(self.event))
        try:
            result = recordable(result) if batch else result
            payload = await offload(self.blobs, result)
        except InexactJson as refusal:
            return _answer(report, failure=unrecordable(refusal), status=JobStatus.FAILED)
        return _answer(report, output=response(payload), items=_items_of(result) if batch else ())


class LambdaCalls:
    """Prepares calls of the functions that a pipeline declares."""

    def __init__(self, *, pool: LambdaPool, blobs: Blobs, programs: Programs, code: CodeVersions) -> None:
        self._pool = pool
        self._blobs = blobs
        self._programs = programs
        self._code = code
        self._specs: dict[tuple[int, str, str], FunctionSpec] = {}

    async def declares(self, owner: Owner, name: str) -> bool:
        """Whether the attempt's pipeline has a function with that name."""
        return name in (await self._programs.of(owner)).compiled.functions

    async def prepare(self, assignment: Assignment, owner: Owner) -> LambdaWork:
        """The call of an assignment. Raises NotFound for an unknown function or handler."""
        program = await self._programs.of(owner)
        arguments = assignment.task.parameters
        function = program.function(function_name(arguments))
        code = await self._code.code_of(program.run.project, program.job(function.job))
        context = call_context(client_context(arguments), owner, function.job)
        timeout = min(900.0, assignment.task.timeout_seconds or function.timeout)
        event = program.reveal(await restore(self._blobs, arguments.get("Payload", {})))
        keys = [str(entry["key"]) for entry in entries(event)]
        slot = slot_of(context, function.operation)
        return LambdaWork(
            pool=self._pool,
            blobs=self._blobs,
            function=self._spec(assignment, program, function.name, code),
            event=event,
            context=context,
            slot=replace(slot, item=keys[0]) if keys else slot,
            others=tuple(keys[1:]),
            timeout=timeout,
            code=code,
            mask=program.mask(),
        )

    def _spec(self, assignment: Assignment, program: Program, name: str, code: str) -> FunctionSpec:
        """The function; every item of a map asks for the same."""
        key = (assignment.record.id, name, code)
        if key not in self._specs:
            if len(self._specs) >= _KEPT:
                self._specs.clear()
            self._specs[key] = self._new_spec(assignment, program, name, code)
        return self._specs[key]

    def _new_spec(self, assignment: Assignment, program: Program, name: str, code: str) -> FunctionSpec:
        function = program.function(name)
        python = assignment.record.options.python
        return FunctionSpec(
            name=name,
            project=program.project,
            handler=function.handler,
            memory_mb=program.overrides(function.job).memory or function.memory,
            env=frozen_env(function.env),
            code_hash=code,
            python=Path(python) if python else None,
        )


def entries(event: JsonValue) -> list[dict[str, JsonValue]]:
    """The calls for several items that an event holds; none where it is the event of one call."""
    listed = event.get(BATCH) if isinstance(event, dict) else None
    found = listed if isinstance(listed, list) else []
    return [entry for entry in found if isinstance(entry, dict)]


def _placed(event: JsonValue, place: Place) -> JsonValue:
    """The event of a batch with the files of this try: a log for each item, and what is finished."""
    if not place.logs:
        return event
    listed = zip(entries(event), place.logs, strict=True)
    return {BATCH: [{**entry, "log": str(log)} for entry, log in listed], "progress": str(place.progress)}


def _items_of(result: bytes) -> tuple[Failure | None, ...]:
    outcomes = entries(orjson.loads(result))
    return tuple(failure_of(outcome) if "error" in outcome else None for outcome in outcomes)


def function_name(arguments: dict[str, JsonValue]) -> str:
    """The name of a function given by name, by name and qualifier, or by ARN."""
    name = str(arguments.get("FunctionName", ""))
    parts = name.split(":")
    return parts[6] if name.startswith("arn:") and len(parts) > 6 else parts[0]


def client_context(arguments: dict[str, JsonValue]) -> dict[str, JsonValue]:
    """The `custom` object of a client context; empty where there is none."""
    text = arguments.get("ClientContext")
    if not isinstance(text, str):
        return {}
    try:
        found = orjson.loads(base64.b64decode(text))
    except (binascii.Error, ValueError):
        return {}
    custom = found.get("custom") if isinstance(found, dict) else None
    return custom if isinstance(custom, dict) else {}


def call_context(custom: dict[str, JsonValue], owner: Owner, job: str) -> CallContext:
    """The context of a call; what it does not say follows from the attempt."""
    item = str(custom.get("item") or "")
    default = f"{owner.session_id}:{owner.run_id}:{job}:{item}"
    return CallContext(
        session=owner.session_id,
        run=owner.run_id,
        attempt=owner.attempt,
        job=job,
        idempotency_key=str(custom.get("idempotency_key") or default),
        item=item or None,
        checkpoints=str(custom["checkpoints"]) if custom.get("checkpoints") else None,
    )


def slot_of(context: CallContext, operation: int) -> Slot:
    """The operation that a call belongs to."""
    return Slot(
        session_id=context.session,
        run_id=context.run,
        attempt=context.attempt,
        job=context.job,
        item=context.item or "",
        operation=operation,
    )


def response(payload: JsonValue) -> JsonValue:
    """What `lambda:invoke` gives for a function that returned `payload`."""
    return {"ExecutedVersion": "$LATEST", "Payload": payload, "StatusCode": 200}


def _failure(outcome: Failed, mask: Mask) -> Answer:
    error = outcome.error
    timed_out = error.error_type == _TIMED_OUT
    failure = Failure(error=error.error_type, cause=mask.document(error.to_json().encode()).decode())
    status = JobStatus.TIMED_OUT if timed_out else JobStatus.FAILED
    return _answer(outcome.report, failure=failure, status=status)


def _answer(
    report: Report,
    *,
    output: JsonValue = None,
    failure: Failure | None = None,
    status: JobStatus = JobStatus.SUCCEEDED,
    items: tuple[Failure | None, ...] = (),
) -> Answer:
    return Answer(
        output=output,
        items=items,
        failure=failure,
        status=status,
        duration=report.duration_ms / 1000,
        max_memory=report.max_memory_mb,
    )
