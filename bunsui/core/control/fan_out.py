"""`begin` of a map job: its items as records, and the calls to make for those that run."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

import orjson

from bunsui.core.control.answers import SENT_BYTES, idempotency_key, operation_answer
from bunsui.core.control.checkpoints import checkpoint_key
from bunsui.core.control.places import calls_of, limited
from bunsui.core.control.ports import ControlPorts
from bunsui.core.control.scene import Scene
from bunsui.core.models.base import JsonValue
from bunsui.core.models.job import Fingerprint, JobRun
from bunsui.core.models.pipeline import EcsOperation, MapMode, MapSpec
from bunsui.core.models.plan import JobPlan
from bunsui.core.models.status import Action, JobStatus
from bunsui.core.payloads import keep, read_payload
from bunsui.core.pipeline import Bindings
from bunsui.core.pipeline.fan_out import INLINE_CONCURRENCY, MAX_CALLS, inline_calls
from bunsui.core.pipeline.items import Item, items_of
from bunsui.core.pipeline.version import item_fingerprint
from bunsui.core.ports.store import Transaction
from bunsui.core.session.items import ItemFacts, decided
from bunsui.core.session.reducer import JobEvent, job_after
from bunsui.errors import RunFailed

ITEMS_PER_COMMIT = 1_000
BATCH = "bunsui:batch"
"""Key of an event that holds a list of calls; our bootstrap makes them one after the other."""


async def spread(
    ports: ControlPorts, scene: Scene, job: JobRun, mapped: MapSpec, bindings: Bindings, mark: Fingerprint
) -> JobRun:
    """The map job as running, its items recorded: queued, or with the results that they keep.

    Raises RunFailed for items that are none, or too many.
    """
    pipeline = scene.definition.pipeline
    items = items_of(job.job, pipeline.jobs[job.job], mapped, bindings)
    now = item_fingerprint(pipeline, job.job, dict(scene.attempt.params), mark.code)
    rows = await _rows(ports, scene, job, items, now)
    calls = -(-sum(row.action is Action.RUN for row in rows) // (mapped.batch or 1))
    if calls > MAX_CALLS:
        raise _too_many(job.job, calls)
    await _record(ports, rows)
    # Under limits it has the place of a job, and more when all jobs have gone that can.
    most = 1 if limited(scene.definition, job.job) else calls_of(scene.definition, job.job).most
    values: JsonValue = [item.value for item in items]
    return job_after(
        job,
        JobEvent.STARTED,
        scene.at,
        input=await keep(ports.blobs, values),
        fingerprint=mark,
        items=len(items),
        slots=max(1, min(most, calls)),
    )


async def _rows(
    ports: ControlPorts, scene: Scene, job: JobRun, items: list[Item], now: Fingerprint
) -> list[JobRun]:
    plan = scene.attempt.jobs[job.job]
    planned = {item.key: item for item in plan.items}
    before = await _before(ports, scene, job, plan)
    rows: list[JobRun] = []
    for index, item in enumerate(items):
        given = await keep(ports.blobs, item.inputs)
        mark = now.model_copy(update={"inputs": given.digest})
        was = before.get(item.key)
        action, reason = decided(plan, planned, item.key, ItemFacts.of(was) if was else None, mark)
        fresh = job.model_copy(
            update={
                "version": 1,
                "item": item.key,
                "index": index,
                "action": action,
                "reason": reason,
                "detail": plan.detail if reason is plan.reason else "",
                "queued_at": scene.at,
                "token": None,
                "fingerprint": mark,
                "input": given,
            }
        )
        rows.append(fresh if action is Action.RUN or was is None else _kept(fresh, was))
    return rows


def _kept(fresh: JobRun, was: JobRun) -> JobRun:
    """The result that an item has, at its place in this attempt."""
    place = fresh.model_dump(include={"attempt", "job", "item", "index", "action", "reason", "detail"})
    status = JobStatus.REUSED if was.status.good else was.status
    moved = {"version": 1, "status": status, "position": fresh.position, "origin_job": was.made_at[-1]}
    return was.model_copy(update={**place, **moved})


async def _before(ports: ControlPorts, scene: Scene, job: JobRun, plan: JobPlan) -> Mapping[str, JobRun]:
    """The items that an earlier attempt has recorded, also under the former name of the job."""
    if plan.items_from is None:
        return {}
    names = (plan.items_as or job.job, scene.definition.pipeline.jobs[job.job].renamed_from or job.job)
    for name in dict.fromkeys(names):
        found = await ports.store.jobs.items(job.session_id, job.run_id, plan.items_from, name)
        if found:
            return {item.item: item for item in found}
    return {}


async def _record(ports: ControlPorts, rows: list[JobRun]) -> None:
    """Commit the items before the job; those that a call before has recorded stay."""
    if not rows:
        return
    one = rows[0]
    known = {
        item.item for item in await ports.store.jobs.items(one.session_id, one.run_id, one.attempt, one.job)
    }
    missing = [row for row in rows if row.item not in known]
    for start in range(0, len(missing), ITEMS_PER_COMMIT):
        await ports.store.commit(Transaction(put=missing[start : start + ITEMS_PER_COMMIT]))


async def calls_for(ports: ControlPorts, scene: Scene, job: JobRun, mapped: MapSpec) -> JsonValue:
    """The answer for a map job that runs: the calls themselves, or the object that holds them.

    Only a distributed Map can be given more places while it runs.
    """
    rows = await ports.store.jobs.items(job.session_id, job.run_id, job.attempt, job.job)
    open_ = [row for row in rows if not row.status.ended]
    caller = _Caller(ports, scene, job, mapped)
    calls = [await caller.call(group) for group in _groups(open_, mapped.batch or 1)]
    data = orjson.dumps(calls)
    fits = len(calls) <= inline_calls(scene.definition.pipeline) and len(data) <= SENT_BYTES
    fixed = job.slots <= INLINE_CONCURRENCY and not job.elastic
    if mapped.mode is MapMode.INLINE and fits and fixed:
        return {"action": "inline", "calls": calls, "concurrency": job.slots}
    bucket, key = ports.blobs.location(await ports.blobs.put(data))
    return {
        "action": "distributed",
        "reader": {"Bucket": bucket, "Key": key},
        "concurrency": job.slots,
    }


def _groups(rows: list[JobRun], size: int) -> Iterator[list[JobRun]]:
    return (rows[start : start + size] for start in range(0, len(rows), size))


@dataclass(frozen=True, slots=True)
class _Caller:
    """Makes the calls of one map job."""

    ports: ControlPorts
    scene: Scene
    job: JobRun
    mapped: MapSpec

    async def call(self, rows: list[JobRun]) -> JsonValue:
        """One call for an item, or for a batch of them."""
        operations = await (self._batch(rows) if self.mapped.batch else self._single(rows[0]))
        keys: list[JsonValue] = [row.item for row in rows]
        return {"place": self._place, "keys": keys, "operations": operations}

    @property
    def _place(self) -> JsonValue:
        """What the report of the call needs; a child execution sees nothing else."""
        last = self._operations[-1]
        return {
            **self._limits,
            "session": self.job.session_id,
            "run": self.job.run_id,
            "attempt": self.job.attempt,
            "batch": self.mapped.batch is not None,
            "operation": len(self._operations) - 1 if isinstance(last, EcsOperation) else None,
        }

    @property
    def _limits(self) -> dict[str, JsonValue]:
        """What tells a report when to look whether places have become free; nothing without limits."""
        definition, name = self.scene.definition, self.job.job
        return {"places": calls_of(definition, name).to_json()} if limited(definition, name) else {}

    @property
    def _operations(self) -> tuple[object, ...]:
        return self.scene.definition.pipeline.jobs[self.job.job].operations

    async def _single(self, row: JobRun) -> list[JsonValue]:
        operations = self.scene.definition.pipeline.jobs[row.job].operations
        inputs = await _inputs(self.ports, row)
        return [
            await operation_answer(self.ports, self.scene, row, index, operation, inputs[index])
            for index, operation in enumerate(operations)
        ]

    async def _batch(self, rows: list[JobRun]) -> list[JsonValue]:
        """A function gets the list in an envelope, a container as its input."""
        operation = self.scene.definition.pipeline.jobs[self.job.job].operations[0]
        given = [(await _inputs(self.ports, row))[0] for row in rows]
        if isinstance(operation, EcsOperation):
            inside = [one["input"] if isinstance(one, dict) else one for one in given]
            first = given[0] if isinstance(given[0], dict) else {}
            together: JsonValue = {**first, "input": list(self._envelopes(rows, inside))}
            return [await operation_answer(self.ports, self.scene, rows[0], 0, operation, together)]
        event: JsonValue = {BATCH: list(self._envelopes(rows, given))}
        return [await operation_answer(self.ports, self.scene, self.job, 0, operation, event)]

    def _envelopes(self, rows: Iterable[JobRun], inputs: Iterable[JsonValue]) -> Iterator[JsonValue]:
        exchange = self.ports.exchange
        for row, given in zip(rows, inputs, strict=True):
            yield {
                "key": row.item,
                "idempotency_key": idempotency_key(row, 0),
                "checkpoints": exchange.checkpoints(row.session_id, checkpoint_key(row, 0)),
                "input": given,
            }


async def _inputs(ports: ControlPorts, row: JobRun) -> list[JsonValue]:
    found = await read_payload(ports.blobs, row.input) if row.input else []
    return found if isinstance(found, list) else []


def _too_many(name: str, calls: int) -> RunFailed:
    return RunFailed(
        f"Job {name} would make {calls:,} calls; a Map of Step Functions can hand on {MAX_CALLS:,}.",
        next_steps=("give `map` a `batch`, so that one call takes several items",),
        details={"error": "Bunsui.LimitExceeded", "job": name},
    )
