"""Map jobs through control: items recorded, calls made, outcomes counted, results in order."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bunsui.core.control.checkpoints import checkpoint_key
from bunsui.core.control.handle import attempt_ended, handle
from bunsui.core.models.base import JsonValue
from bunsui.core.models.job import JobRun
from bunsui.core.models.session import Pause
from bunsui.core.models.status import JobStatus, Status
from bunsui.core.ports.store import ItemQuery, Transaction
from bunsui.core.session.requests import RerunRequest, StartRequest, Strategy
from bunsui.core.session.rerun import rerun
from bunsui.core.session.start import start
from bunsui.errors import Held, StoreFull
from bunsui.testing.memory import MemoryBlobs
from tests.unit.core.world import World

NAMES = ["b", "a", "c"]
ONE = {"handler": "handlers:run", "input": {"name": "{% $item %}"}}
OUTCOME: JsonValue = {"output": 1}


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


class Walk:
    """A session whose map job `each` is walked call by call."""

    def __init__(self, world: World, session: str, attempt: int = 1) -> None:
        self.world = world
        self.place: dict[str, JsonValue] = {"session": session, "run": "taxi", "attempt": attempt}

    async def tell(self, **payload: JsonValue) -> JsonValue:
        return await handle(self.world.control, {**self.place, "plan": "d", **payload})

    async def begin(self, job: str = "each") -> Any:
        token = f"t{self.place['attempt']}"
        await self.tell(op="begin", job=job, token=token)
        return self.world.engine.answers[token]

    async def report(self, call: Any, outcome: JsonValue, job: str = "each") -> None:
        given = {"op": "item", "job": job, "keys": call["keys"], "begun": "2026-01-01T00:00:00Z"}
        await handle(self.world.control, {**call["place"], **given, "outcome": outcome})

    async def finish(self, job: str = "each", **outcome: JsonValue) -> JobRun:
        await self.tell(op="finish", job=job, outcome=outcome or {"output": None})
        found = (await self.world.jobs(str(self.place["session"])))[job]
        await self.tell(op="end")
        return found

    async def items(self) -> dict[str, JobRun]:
        session, attempt = str(self.place["session"]), int(str(self.place["attempt"]))
        rows = await self.world.store.jobs.items(session, "taxi", attempt, "each")
        return {row.item: row for row in rows}


async def started(world: World, job: dict[str, Any] | None = None, **spec: Any) -> Walk:
    mapped = {"items": NAMES, "key": "{% $item %}", **spec}
    world.write({"each": {**(job or {"lambda": ONE}), "map": mapped}})
    request = StartRequest(profile="local", pipelines=(str(world.file),))
    return Walk(world, (await start(world.ports, request, by="ada")).session_id)


async def test_results_come_in_the_order_of_the_items(world: World) -> None:
    walk = await started(world)
    answer = await walk.begin()
    assert answer["action"] == "inline"
    for call in reversed(answer["calls"]):
        await walk.report(call, {"output": call["operations"][0]["payload"]["name"]})
    job = await walk.finish()
    assert (job.status, job.items) == (JobStatus.SUCCEEDED, 3)
    assert job.output is not None
    assert job.output.value == NAMES


async def test_progress_is_forgotten_before_the_success_is_recorded(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Cut short between the two, the item is reported again; the other way round it would be left behind."""
    walk = await started(world)
    calls = (await walk.begin())["calls"]
    await walk.report(calls[0], {"error": "Boom", "cause": "it broke"})
    assert world.exchange.forgotten == []
    monkeypatch.setattr(world.store, "commit", full)
    with pytest.raises(StoreFull):
        await walk.report(calls[1], OUTCOME)
    assert world.exchange.forgotten == [checkpoint_key((await walk.items())["a"], 0)]


async def full(transaction: Transaction) -> None:
    raise StoreFull("No space is left")


async def test_every_item_is_a_record_of_its_own(world: World) -> None:
    walk = await started(world)
    calls = (await walk.begin())["calls"]
    assert {row.status for row in (await walk.items()).values()} == {JobStatus.QUEUED}
    await walk.report(calls[1], {"error": "Boom", "cause": "it broke"})
    await walk.report(calls[1], OUTCOME)
    items = await walk.items()
    assert [(row.item, row.index) for row in items.values()] == [("b", 0), ("a", 1), ("c", 2)]
    assert items["a"].status is JobStatus.FAILED
    assert items["a"].failure is not None
    assert items["a"].failure.error == "Boom"
    events = await world.store.events.events(str(walk.place["session"]))
    assert [(event.item, event.kind) for event in events if event.item] == [("a", "job.failed")]


@pytest.mark.parametrize(
    ("spec", "failed", "error"),
    [
        ({}, 1, "ItemsFailed"),
        ({"tolerated_failure_count": 1}, 1, None),
        ({"tolerated_failure_count": 1}, 2, "States.ExceedToleratedFailureThreshold"),
        ({"tolerated_failure_percentage": 34}, 1, None),
        ({"tolerated_failure_percentage": 33}, 1, "States.ExceedToleratedFailureThreshold"),
        (
            {"tolerated_failure_percentage": 100, "tolerated_failure_count": 0},
            1,
            "States.ExceedToleratedFailureThreshold",
        ),
    ],
)
async def test_tolerance_counts_items(
    world: World, spec: dict[str, Any], failed: int, error: str | None
) -> None:
    walk = await started(world, **spec)
    for number, call in enumerate((await walk.begin())["calls"]):
        await walk.report(call, {"error": "Boom"} if number < failed else OUTCOME)
    job = await walk.finish()
    assert (job.failure.error if job.failure else None) == error
    if error is None:
        assert job.output is not None
        assert job.output.value == [1] * (3 - failed)


async def test_a_batch_is_one_call_and_an_outcome_for_each_item(world: World) -> None:
    walk = await started(world, batch=2)
    calls = (await walk.begin())["calls"]
    assert [call["keys"] for call in calls] == [["b", "a"], ["c"]]
    inside = calls[0]["operations"][0]["payload"]["bunsui:batch"]
    assert [one["input"] for one in inside] == [{"name": "b"}, {"name": "a"}]
    assert len({one["idempotency_key"] for one in inside}) == 2
    given: JsonValue = {"bunsui:batch": [{"error": "Boom", "cause": "x"}, {"output": 2}]}
    await walk.report(calls[0], {"output": given})
    await walk.report(calls[1], {"output": {"bunsui:batch": []}})
    statuses = {
        key: (row.status.value, row.failure and row.failure.error)
        for key, row in (await walk.items()).items()
    }
    assert statuses == {
        "b": ("failed", "Boom"),
        "a": ("succeeded", None),
        "c": ("failed", "Bunsui.InvalidOutput"),
    }


@pytest.mark.parametrize("batch", [None, 1])
async def test_an_output_that_no_record_can_hold_fails_its_item(world: World, batch: int | None) -> None:
    spec: dict[str, Any] = {"batch": batch} if batch else {}
    walk = await started(world, **spec)
    first, *others = (await walk.begin())["calls"]
    odd: dict[str, JsonValue] = {"output": 2**70}
    good: dict[str, JsonValue] = {"output": 1}
    await walk.report(first, {"output": {"bunsui:batch": [odd]}} if batch else odd)
    for call in others:
        await walk.report(call, {"output": {"bunsui:batch": [good]}} if batch else good)
    items = await walk.items()
    assert [row.status.value for row in items.values()] == ["failed", "succeeded", "succeeded"]
    failure = next(iter(items.values())).failure
    assert failure is not None
    assert (failure.error, failure.cause[:29]) == ("Bunsui.InvalidOutput", "the value cannot be recorded:")


async def test_a_container_gets_the_list_and_leaves_its_outcomes(world: World) -> None:
    walk = await started(
        world,
        {"ecs": {"image": "x", "command": ["run"], "input": "{% $item %}"}},
        batch=3,
    )
    (call,) = (await walk.begin())["calls"]
    (slot,) = world.exchange.inputs
    assert [one["input"] for one in world.exchange.inputs[slot]] == NAMES  # type: ignore[union-attr, index, call-overload]
    world.exchange.outputs[slot] = [{"output": name} for name in NAMES]
    await walk.report(call, {"output": None})
    assert {row.status for row in (await walk.items()).values()} == {JobStatus.SUCCEEDED}


async def test_wide_maps_travel_by_reference(world: World) -> None:
    walk = await started(world, items="{% [1..1000] %}", max_concurrency=7)
    answer = await walk.begin()
    assert {name: value for name, value in answer.items() if name != "reader"} == {
        "action": "distributed",
        "concurrency": 7,
    }
    blobs: MemoryBlobs = world.blobs
    calls = json.loads(await blobs.get(answer["reader"]["Key"]))
    assert [call["keys"] for call in calls[:2]] == [["1"], ["2"]]
    page = await world.store.jobs.item_page(
        str(walk.place["session"]), "taxi", 1, "each", ItemQuery(limit=3, after=(1, 9))
    )
    assert [row.item for _, row in page] == ["11", "12", "13"]


@pytest.mark.parametrize(
    ("spec", "cause"),
    [
        ({"items": "{% 'x' %}", "key": None}, "map.items gives the text 'x', not a list"),
        ({"items": [1, 1]}, "two items have the key '1'"),
        ({"items": [{"a": 1}]}, "map.key gives an object for an item"),
        ({"items": [""]}, "map.key gives the text '' for an item"),
    ],
)
async def test_items_that_are_none_fail_the_job(world: World, spec: dict[str, Any], cause: str) -> None:
    walk = await started(world, **spec)
    assert await walk.begin() == {"action": "pass"}
    job = (await world.jobs(str(walk.place["session"])))["each"]
    assert job.failure is not None
    assert cause in job.failure.cause


async def test_equal_items_are_told_apart(world: World) -> None:
    walk = await started(world, items=[7, 7], key=None)
    keys = [call["keys"][0] for call in (await walk.begin())["calls"]]
    assert keys[1] == f"{keys[0]}-2"


async def test_no_items_give_an_empty_result(world: World) -> None:
    walk = await started(world, items=[])
    assert (await walk.begin())["calls"] == []
    job = await walk.finish()
    assert job.status is JobStatus.SUCCEEDED


async def test_what_nobody_reported_has_failed_and_what_did_not_begin_was_stopped(world: World) -> None:
    walk = await started(world)
    calls = (await walk.begin())["calls"]
    await walk.report(calls[0], OUTCOME)
    await walk.finish()
    statuses = [row.status for row in (await walk.items()).values()]
    assert statuses == [JobStatus.SUCCEEDED, JobStatus.FAILED, JobStatus.FAILED]


async def test_a_map_that_breaks_fails_with_its_error_and_stops_the_rest(world: World) -> None:
    walk = await started(world)
    await walk.begin()
    job = await walk.finish(error="States.ItemReaderFailed", cause="gone")
    assert job.failure is not None
    assert job.failure.error == "States.ItemReaderFailed"
    assert {row.status for row in (await walk.items()).values()} == {JobStatus.STOPPED}


async def test_the_end_of_an_attempt_ends_its_items(world: World) -> None:
    walk = await started(world)
    calls = (await walk.begin())["calls"]
    await walk.report(calls[0], OUTCOME)
    await attempt_ended(world.control, str(walk.place["session"]), "taxi", 1, Status.STOPPED)
    statuses = [row.status for row in (await walk.items()).values()]
    assert statuses == [JobStatus.SUCCEEDED, JobStatus.STOPPED, JobStatus.STOPPED]


async def test_a_rerun_runs_the_failed_item_and_keeps_the_others(world: World) -> None:
    walk = await started(world)
    session = str(walk.place["session"])
    for call in (await walk.begin())["calls"]:
        await walk.report(call, {"error": "Boom"} if call["keys"] == ["a"] else {"output": call["keys"][0]})
    await walk.finish()
    await rerun(world.ports, RerunRequest(session_id=session), by="bob")
    again = Walk(world, session, 2)
    (call,) = (await again.begin())["calls"]
    assert call["keys"] == ["a"]
    await again.report(call, {"output": "a"})
    job = await again.finish()
    assert job.output is not None
    assert job.output.value == NAMES
    rows = await again.items()
    assert {key: (row.status.value, row.origin) for key, row in rows.items()} == {
        "b": ("reused", 1),
        "a": ("succeeded", 2),
        "c": ("reused", 1),
    }


async def test_what_a_map_keeps_is_found_when_it_never_came_to_its_turn(world: World) -> None:
    walk = await started(world)
    session = str(walk.place["session"])
    for call in (await walk.begin())["calls"]:
        await walk.report(call, {"error": "Boom"} if call["keys"] == ["a"] else OUTCOME)
    await walk.finish()
    await rerun(world.ports, RerunRequest(session_id=session), by="bob")
    await attempt_ended(world.control, session, "taxi", 2, Status.STOPPED)
    await rerun(world.ports, RerunRequest(session_id=session), by="bob")
    assert [call["keys"] for call in (await Walk(world, session, 3).begin())["calls"]] == [["a"]]


async def test_items_are_found_under_the_name_that_the_job_had_when_they_ran(world: World) -> None:
    mapped = {"map": {"items": NAMES, "key": "{% $item %}"}, "lambda": ONE}
    world.write({"old": mapped})
    request = StartRequest(profile="local", pipelines=(str(world.file),))
    session = (await start(world.ports, request, by="ada")).session_id
    walk = Walk(world, session)
    for call in (await walk.begin("old"))["calls"]:
        await walk.report(call, OUTCOME, "old")
    await walk.finish("old")
    world.write({"each": {**mapped, "renamed_from": "old"}, "other": {}})
    await rerun(world.ports, RerunRequest(session_id=session), by="ada")
    await attempt_ended(world.control, session, "taxi", 2, Status.STOPPED)
    world.write({"each": mapped, "other": {}})
    await rerun(world.ports, RerunRequest(session_id=session, items=("each:a",)), by="ada")
    again = Walk(world, session, 3)
    assert [call["keys"] for call in (await again.begin())["calls"]] == [["a"]]


async def test_an_item_alone_runs_by_its_key(world: World) -> None:
    walk = await started(world)
    session = str(walk.place["session"])
    for call in (await walk.begin())["calls"]:
        await walk.report(call, {"error": "Boom"} if call["keys"] != ["b"] else OUTCOME)
    await walk.finish()
    request = RerunRequest(session_id=session, items=("each:a",), strategy=Strategy.ONLY)
    await rerun(world.ports, request, by="bob")
    again = Walk(world, session, 2)
    assert [call["keys"] for call in (await again.begin())["calls"]] == [["a"]]
    rows = await again.items()
    assert (rows["c"].status, rows["c"].action.value) == (JobStatus.FAILED, "skip")


async def test_begin_may_be_repeated(world: World) -> None:
    walk = await started(world)
    first = await walk.begin()
    await walk.tell(op="begin", job="each", token="again")
    assert world.engine.answers["again"] == first
    assert len(await walk.items()) == 3


async def test_items_count_within_the_limit_of_the_pipeline(world: World) -> None:
    mapped = {"items": NAMES, "key": "{% $item %}"}
    jobs = {"each": {"lambda": ONE, "map": mapped}, "first": {}, "second": {}}
    world.write({**jobs, "third": {"needs": ["first"]}}, max_concurrency=3)
    request = StartRequest(profile="local", pipelines=(str(world.file),))
    walk = Walk(world, (await start(world.ports, request, by="ada")).session_id)
    await walk.tell(op="begin", job="first", token="first")
    assert (await walk.begin())["concurrency"] == 1, "the place of the second, which is about to ask, is left"
    await walk.tell(op="begin", job="second", token="second")
    await walk.tell(op="finish", job="second", outcome={"output": None})
    assert world.engine.told == [("each wide", 2)]
    await walk.tell(op="finish", job="first", outcome={"output": None})
    await walk.tell(op="begin", job="third", token="third")
    assert "third" in world.engine.answers
    assert world.engine.told == [("each wide", 2)]


async def test_items_take_units_of_pools_as_jobs_do(world: World) -> None:
    mapped = {"items": NAMES, "key": "{% $item %}"}
    world.write({"each": {"lambda": ONE, "map": mapped, "pool": {"db": 2}}, "other": {"pool": {"db": 2}}})
    world.ports = replace(world.ports, pools={"db": 5})
    request = StartRequest(profile="local", pipelines=(str(world.file),))
    walk = Walk(world, (await start(world.ports, request, by="ada")).session_id)
    answer = await walk.begin()
    assert (answer["action"], answer["concurrency"]) == ("distributed", 1)
    await walk.tell(op="begin", job="other", token="other")
    assert "other" in world.engine.answers
    await walk.tell(op="finish", job="other", outcome={"output": None})
    assert world.engine.told == [("each wide", 2)]
    [pool] = await world.store.limits.pools("local")
    assert [hold.units for hold in pool.holding] == [{"db": 4}]
    for call in json.loads(await world.blobs.get(answer["reader"]["Key"])):
        await walk.report(call, OUTCOME)
    [pool] = await world.store.limits.pools("local")
    assert [hold.units for hold in pool.holding] == [{"db": 2}]
    await walk.tell(op="finish", job="each", outcome={"output": None})
    [pool] = await world.store.limits.pools("local")
    assert (pool.holding, pool.waiting) == ((), ())


async def test_calls_that_kept_their_places_go_with_the_last_item_that_could_have_begun(
    world: World,
) -> None:
    """An item whose call is under way may not be recorded as begun yet when another one ends."""
    walk = await started(world)
    calls = (await walk.begin())["calls"]
    session = await world.store.sessions.session(str(walk.place["session"]))
    paused = session.next(pause=Pause(by="ann", at=world.clock.now()))
    await world.store.commit(Transaction(put=[paused]))
    for token, call in zip(("h0", "h1"), calls[:2], strict=True):
        with pytest.raises(Held):
            await walk.report(call, OUTCOME)
        await walk.tell(op="hold", job="each", keys=call["keys"], token=token)
    assert not world.engine.answers.keys() & {"h0", "h1"}
    await walk.report(calls[2], OUTCOME)
    assert world.engine.answers.keys() >= {"h0", "h1"}
