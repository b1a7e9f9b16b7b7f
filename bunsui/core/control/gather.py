"""`finish` of a map job: its items are counted, and their results put in order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from bunsui.core.control.failures import event_of, failure_of
from bunsui.core.control.ports import ControlPorts
from bunsui.core.control.scene import Scene
from bunsui.core.models.base import JsonValue
from bunsui.core.models.job import JobRun
from bunsui.core.models.payload import Failure
from bunsui.core.models.pipeline import MapSpec
from bunsui.core.models.status import JobStatus
from bunsui.core.payloads import keep, read_payload
from bunsui.core.ports.store import Transaction
from bunsui.core.session.reducer import OWN_ERROR, JobEvent, job_after

THRESHOLD_ERROR = "States.ExceedToleratedFailureThreshold"
ITEMS_FAILED = "ItemsFailed"
NO_OUTCOME = f"{OWN_ERROR}NoOutcome"
_NAMED = 3
_CAUSE_CHARACTERS = 300

Ending = tuple[JobEvent, dict[str, object]]
"""What becomes of the job, and what else changes of it."""


async def gathered(
    ports: ControlPorts, scene: Scene, job: JobRun, mapped: MapSpec, outcome: Mapping[str, JsonValue]
) -> Ending:
    """How a map job ended. Its output is the list of its items' outputs, in the order of the items.

    Items whose failure is tolerated are left out of it, as a distributed Map leaves them out.
    """
    whole = failure_of(outcome) if "error" in outcome else None
    rows = await _settled(ports, scene, job, whole)
    if whole is not None:
        return event_of(whole), {"failure": whole}
    bad = [row for row in rows if not row.status.good]
    if exceeded(mapped, len(bad), len(rows)):
        return JobEvent.FAILED, {"failure": _failure(mapped, bad, len(rows))}
    outputs: JsonValue = [await read_payload(ports.blobs, row.output) for row in rows if row.output]
    detail = f"{len(bad)} of {len(rows)} items failed, which is tolerated" if bad else job.detail
    return JobEvent.SUCCEEDED, {"output": await keep(ports.blobs, outputs), "detail": detail}


def exceeded(mapped: MapSpec, failed: int, total: int) -> bool:
    """Whether more items failed than the map tolerates; none where it says nothing."""
    count, percentage = mapped.tolerated_failure_count, mapped.tolerated_failure_percentage
    if count is None and percentage is None:
        return failed > 0
    too_many = count is not None and failed > count
    return too_many or (percentage is not None and failed * 100 > percentage * total)


async def _settled(ports: ControlPorts, scene: Scene, job: JobRun, whole: Failure | None) -> list[JobRun]:
    """The items, of which none is open any more: the Map has ended."""
    rows = await ports.store.jobs.items(job.session_id, job.run_id, job.attempt, job.job)
    left = [row for row in rows if not row.status.ended]
    if not left:
        return rows
    closed = {row.item: _closed(scene, row, whole) for row in left}
    await ports.store.commit(Transaction(put=list(closed.values())))
    return [closed.get(row.item, row) for row in rows]


def _closed(scene: Scene, row: JobRun, whole: Failure | None) -> JobRun:
    """An item that nobody reported: it did not begin, or its call broke in a way that nothing catches."""
    if whole is not None or row.status is JobStatus.RUNNING:
        return job_after(row, JobEvent.STOPPED, scene.at)
    failure = Failure(error=NO_OUTCOME, cause="its call ended without an outcome")
    return job_after(row, JobEvent.FAILED, scene.at, failure=failure)


def _failure(mapped: MapSpec, bad: Sequence[JobRun], total: int) -> Failure:
    tolerant = mapped.tolerated_failure_count is not None or mapped.tolerated_failure_percentage is not None
    told = [f"{row.item}: {_why(row)}" for row in bad[:_NAMED]]
    more = [f"and {len(bad) - _NAMED} more"] if len(bad) > _NAMED else []
    limits = [
        *([f"{mapped.tolerated_failure_count}"] if mapped.tolerated_failure_count is not None else []),
        *(
            [f"{mapped.tolerated_failure_percentage:g} %"]
            if mapped.tolerated_failure_percentage is not None
            else []
        ),
    ]
    allowed = f" ({' and '.join(limits)} tolerated)" if limits else ""
    cause = f"{len(bad)} of {total} items failed{allowed}: " + "; ".join([*told, *more])
    return Failure(error=THRESHOLD_ERROR if tolerant else ITEMS_FAILED, cause=cause)


def _why(row: JobRun) -> str:
    if row.failure is None:
        return row.status.value
    cause = row.failure.cause
    short = cause if len(cause) <= _CAUSE_CHARACTERS else f"{cause[:_CAUSE_CHARACTERS]}…"
    return f"{row.failure.error}: {short}" if short else row.failure.error
