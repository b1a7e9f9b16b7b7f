"""`item`: what became of the items of one call of a map job."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from bunsui.core.control.answers import slot_of
from bunsui.core.control.checkpoints import forget_progress
from bunsui.core.control.failures import INVALID_OUTPUT, event_of, failure_of
from bunsui.core.control.give_back import give_back
from bunsui.core.control.hold import is_held, release_kept, waiting_items
from bunsui.core.control.ports import ControlPorts
from bunsui.core.control.scene import Place
from bunsui.core.models.base import JsonValue
from bunsui.core.models.job import JobRun
from bunsui.core.models.payload import Failure
from bunsui.core.models.status import JobStatus
from bunsui.core.payloads import keep_result, read_payload
from bunsui.core.ports.store import Transaction
from bunsui.core.session.closing import job_event
from bunsui.core.session.contention import retried
from bunsui.core.session.reducer import JobEvent, job_after
from bunsui.errors import DefinitionInvalid, RunFailed, UsageError


@dataclass(frozen=True, slots=True)
class Report:
    """What the report `call` changes.

    `held`: nothing may begin in the session. `keeps`: then the call keeps its place, since another item
    would begin in it.
    """

    call: Mapping[str, Any]
    ended: list[JobRun]
    held: bool
    keeps: bool

    @property
    def place(self) -> Place:
        """The map that it is about."""
        return _place(self.call)

    @property
    def follows(self) -> bool:
        """Whether there is anything to do after the commit."""
        return self.released or isinstance(self.call.get("places"), Mapping)

    @property
    def released(self) -> bool:
        """Whether the calls of the map that kept their places may end: nothing is left that would begin."""
        return self.held and not self.keeps

    @property
    def changes(self) -> Transaction:
        """What is to be committed."""
        events = [job_event(row, row.finished_at) for row in self.ended if row.failure and row.finished_at]
        return Transaction(put=self.ended, events=events)


async def record_items(ports: ControlPorts, call: Mapping[str, Any]) -> bool:
    """Record the outcomes of the items of a call; says whether another may not begin in its place.

    An item that has ended keeps what was recorded. Raises UsageError for a payload that no machine of
    ours sends.
    """

    async def step() -> Report:
        report = await report_of(ports, call)
        await ports.store.commit(report.changes)
        return report

    report = await retried(step)
    await reported(ports, report)
    return report.keeps


async def report_of(ports: ControlPorts, call: Mapping[str, Any]) -> Report:
    """Read a report; a backend may commit its changes beside the answer. Raises as `record_items`.

    The progress of what has succeeded is forgotten already: were it left behind, a rerun from the beginning
    would begin in the middle.
    """
    rows, outcome = await _read(ports, call)
    held = await is_held(ports, str(call["session"]))
    own = sum(row.status is JobStatus.QUEUED for row in rows)
    keeps = held and await waiting_items(ports, _place(call)) > own
    ended = await _changes(ports, call, rows, outcome)
    for row in ended:
        await forget_progress(ports, row, 1)
    return Report(call, ended, held, keeps)


async def reported(ports: ControlPorts, report: Report) -> None:
    """After the commit: perhaps the map does not need all its places any more."""
    await give_back(ports, report.call)
    if report.released:
        await release_kept(ports, report.place)


async def _read(ports: ControlPorts, call: Mapping[str, Any]) -> tuple[list[JobRun], Any]:
    """The items of a call, and what it tells of them. Raises UsageError."""
    try:
        rows = [await _item(ports, call, str(key)) for key in call["keys"]]
        outcome = call["outcome"]
    except (KeyError, TypeError, ValueError) as exc:
        raise UsageError(f"A report about items lacks or misspells {exc}.") from exc
    return [row for row in rows if row], outcome


async def _changes(
    ports: ControlPorts, call: Mapping[str, Any], rows: list[JobRun], outcome: Any
) -> list[JobRun]:
    """The items of a call as they have become."""
    open_ = [row for row in rows if not row.status.ended]
    if not open_:
        return []
    outcomes = await _outcomes(ports, call, rows, outcome)
    at = ports.clock.now()
    begun = _begun(call.get("begun"), at)
    return [await _ended(ports, row, outcomes[row.item], begun, at) for row in open_]


def _place(call: Mapping[str, Any]) -> Place:
    return Place(str(call["session"]), str(call["run"]), int(call["attempt"]), str(call["job"]))


async def _item(ports: ControlPorts, call: Mapping[str, Any], key: str) -> JobRun | None:
    place = _place(call)
    return await ports.store.jobs.job_run(place.session_id, place.run_id, place.attempt, place.job, key)


async def _outcomes(
    ports: ControlPorts, call: Mapping[str, Any], rows: Sequence[JobRun], outcome: Mapping[str, JsonValue]
) -> dict[str, Mapping[str, JsonValue]]:
    """The outcome of each item by its key: `{output}` or `{error, cause}`."""
    if "output" not in outcome:
        return dict.fromkeys((row.item for row in rows), outcome)
    try:
        output = await _output(ports, call, rows, outcome["output"])
        if call.get("batch"):
            return await _of_batch(ports, rows, output)
    except (DefinitionInvalid, RunFailed) as exc:
        return _all(rows, exc.message)
    return {row.item: {"output": output} for row in rows}


async def _output(
    ports: ControlPorts, call: Mapping[str, Any], rows: Sequence[JobRun], output: JsonValue
) -> JsonValue:
    """What the call gave; a container leaves it in the exchange, under the first item of a batch."""
    operation = call.get("operation")
    if operation is None:
        return output
    return await ports.exchange.get_output(slot_of(rows[0], int(operation)))


async def _of_batch(
    ports: ControlPorts, rows: Sequence[JobRun], output: JsonValue
) -> dict[str, Mapping[str, JsonValue]]:
    value = await read_payload(ports.blobs, await keep_result(ports.blobs, output))
    listed = value.get("bunsui:batch") if isinstance(value, dict) else value
    if not isinstance(listed, list) or len(listed) != len(rows):
        return _all(rows, f"a batch of {len(rows)} items gives a list of as many outcomes")
    return {row.item: _one(given) for row, given in zip(rows, listed, strict=True)}


def _one(given: JsonValue) -> Mapping[str, JsonValue]:
    if isinstance(given, dict) and ("output" in given or "error" in given):
        return {name: given[name] for name in ("error", "cause") if name in given} or given
    cause = "an outcome is {output} or {error, cause}"
    return {"error": INVALID_OUTPUT, "cause": cause}


def _all(rows: Iterable[JobRun], cause: str) -> dict[str, Mapping[str, JsonValue]]:
    return {row.item: {"error": INVALID_OUTPUT, "cause": cause} for row in rows}


async def _ended(
    ports: ControlPorts, row: JobRun, outcome: Mapping[str, JsonValue], begun: datetime, at: datetime
) -> JobRun:
    """The item with its outcome, in one new version."""
    queued = row.status is JobStatus.QUEUED
    running = job_after(row, JobEvent.STARTED, begun) if queued else row
    if "output" in outcome:
        ended = await _succeeded(ports, running, outcome["output"], at)
    else:
        failure: Failure = failure_of(outcome)
        ended = job_after(running, event_of(failure), at, failure=failure)
    return ended.model_copy(update={"version": row.version + 1}) if queued else ended


async def _succeeded(ports: ControlPorts, row: JobRun, output: JsonValue, at: datetime) -> JobRun:
    """The item with its output, or failed where no record can hold that."""
    try:
        kept = await keep_result(ports.blobs, output)
    except RunFailed as exc:
        return job_after(row, JobEvent.FAILED, at, failure=Failure(error=INVALID_OUTPUT, cause=exc.message))
    return job_after(row, JobEvent.SUCCEEDED, at, output=kept)


def _begun(text: object, at: datetime) -> datetime:
    try:
        return min(datetime.fromisoformat(str(text)), at)
    except ValueError:
        return at
