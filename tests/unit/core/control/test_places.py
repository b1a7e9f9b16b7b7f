"""Places of maps under limits: given back when no call needs them, taken when there is room."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from bunsui.core.control.handle import handle
from bunsui.core.models.base import JsonValue
from bunsui.core.models.limit import Pool
from bunsui.core.ports.store import JobRecords, Transaction
from bunsui.core.session.pause import pause
from bunsui.core.session.reconcile import reconcile
from bunsui.core.session.requests import PauseRequest, RerunRequest, StartRequest, StopRequest, Strategy
from bunsui.core.session.rerun import rerun
from bunsui.core.session.slots import Desk, served
from bunsui.core.session.start import start
from bunsui.core.session.stop import stop
from tests.unit.core.timed import TimedWorld
from tests.unit.core.world import World

AT = datetime(2026, 1, 1, tzinfo=UTC)
OUTCOME: JsonValue = {"output": 1}


def mapped(count: int, **more: Any) -> dict[str, Any]:
    return {"map": {"items": list(range(count)), "key": "{% $string($item) %}", **more}}


def moments(world: TimedWorld, job: str = "m") -> list[float]:
    """When the calls for items of a job began."""
    return [at for item, at in world.called if item[2] == job]


# Under virtual time


async def test_a_map_takes_places_that_others_give_back(tmp_path: Path) -> None:
    world = TimedWorld(tmp_path, {"m": 100.0, "a": 10.0, "b": 20.0})
    path = world.write("p", {"a": {}, "b": {}, "m": mapped(5)}, max_concurrency=3)
    await world.start(path)
    await world.run()
    assert moments(world) == [0.0, 10.0, 20.0, 100.0, 110.0]


async def test_a_map_gives_back_the_places_that_its_last_calls_do_not_need(tmp_path: Path) -> None:
    jobs = {"m": mapped(3), "go": {}, "x": {"needs": ["go"]}, "y": {"needs": ["go"]}}
    world = TimedWorld(tmp_path, {"go": 5.0, "m:0": 10.0, "m:1": 20.0, "m:2": 50.0, "x": 100.0, "y": 100.0})
    session = await world.start(world.write("p", jobs, max_concurrency=3))
    await world.run()
    assert moments(world) == [0.0, 0.0, 10.0]
    assert sorted(world.begun[session, "p", job] for job in "xy") == [5.0, 20.0]


async def test_units_go_from_map_to_map_across_sessions(tmp_path: Path) -> None:
    world = TimedWorld(tmp_path, {"m": 10.0, "n:0": 5.0, "n": 30.0}, pools={"db": 4})
    first = world.write("first", {"m": {**mapped(4), "pool": {"db": 1}}})
    second = world.write("second", {"n": {**mapped(3), "pool": {"db": 2}}})
    await world.start(first)
    world.at(1.0, lambda: world.start(second))
    await world.run()
    assert moments(world) == [0.0] * 4
    assert moments(world, "n") == [10.0, 10.0, 15.0]
    [pool] = await world.store.limits.pools("local")
    assert (pool.holding, pool.waiting) == ((), ())


async def test_who_came_while_a_map_waited_for_more_goes_before_its_next_place(tmp_path: Path) -> None:
    world = TimedWorld(tmp_path, {"m": 100.0, "a": 10.0, "b": 20.0, "late": 100.0}, pools={"db": 3})
    taking: dict[str, Any] = {"pool": {"db": 1}}
    await world.start(world.write("p", {"a": taking, "b": taking, "m": {**mapped(5), **taking}}))
    world.at(1.0, lambda: world.start(world.write("q", {"late": taking})))
    await world.run()
    assert moments(world)[:2] == [0.0, 10.0]
    [late] = [at for job, at in world.begun.items() if job[2] == "late"]
    assert late == 20.0


async def test_a_wide_map_leaves_places_to_the_jobs_of_a_chain(tmp_path: Path) -> None:
    world = TimedWorld(tmp_path, {"m": 30.0, "a": 5.0, "b": 5.0, "c": 5.0})
    jobs = {"m": mapped(20), "a": {}, "b": {"needs": ["a"]}, "c": {"needs": ["b"]}}
    session = await world.start(world.write("p", jobs, max_concurrency=3))
    await world.run()
    assert [world.begun[session, "p", job] for job in "abc"] == [0.0, 5.0, 10.0]
    assert moments(world)[:4] == [0.0, 0.0, 15.0, 30.0]


async def test_a_batch_is_one_place(tmp_path: Path) -> None:
    world = TimedWorld(tmp_path, {"m": 1.0, "a": 10.0})
    session = await world.start(world.write("p", {"m": mapped(7, batch=3), "a": {}}, max_concurrency=3))
    await world.run()
    assert moments(world) == [0.0] * 6 + [3.0]
    assert world.begun[session, "p", "a"] == 0.0
    assert (await world.jobs(session, "p"))["m"].slots == 1


async def test_nobody_grows_while_held_and_everybody_does_afterwards(tmp_path: Path) -> None:
    world = TimedWorld(tmp_path, {"m": 100.0, "a": 10.0})
    session = await world.start(world.write("p", {"a": {}, "m": mapped(4)}, max_concurrency=3))
    world.at(5.0, lambda: pause(world.ports, PauseRequest(session_id=session), by="ann"))
    world.at(50.0, lambda: pause(world.ports, PauseRequest(session_id=session, pause=False), by="ann"))
    await world.run()
    assert moments(world) == [0.0, 0.0, 50.0, 100.0]


async def test_a_stopped_session_gives_back_all_places_of_its_map(tmp_path: Path) -> None:
    world = TimedWorld(tmp_path, {"m": 1_000.0, "n": 10.0}, pools={"db": 3})
    taking: dict[str, Any] = {"pool": {"db": 1}}
    first = await world.start(world.write("p", {"m": {**mapped(9), **taking}}))
    await world.start(world.write("q", {"n": {**mapped(2), **taking}}))
    world.at(5.0, lambda: stop(world.ports, StopRequest(session_id=first), by="ann"))
    await world.run()
    assert moments(world, "n") == [5.0, 5.0]
    [pool] = await world.store.limits.pools("local")
    assert (pool.holding, pool.waiting) == ((), ())


async def test_a_rerun_of_some_items_takes_places_for_those(tmp_path: Path) -> None:
    world = TimedWorld(tmp_path, {"m": 10.0, "a": 30.0, "b": 30.0})
    jobs = {"m": mapped(6), "a": {}, "b": {"needs": ["m"]}}
    session = await world.start(world.write("p", jobs, max_concurrency=2))
    await world.run()
    world.called.clear()
    again = world.now
    request = RerunRequest(session_id=session, items=("m:1", "m:4"), jobs=("a",), strategy=Strategy.ONLY)
    await rerun(world.ports, request, by="bob")
    await world.run()
    assert sorted(item[3] for item, _ in world.called) == ["1", "4"]
    assert moments(world) == [again, again + 10.0]
    assert world.begun[session, "p", "a"] == again


async def test_what_fails_stops_no_map_from_taking_places(tmp_path: Path) -> None:
    world = TimedWorld(tmp_path, {"m": 100.0, "a": 10.0}, failing=frozenset({"a"}))
    jobs = {"a": {}, "m": mapped(3), "c": {"needs": ["m"]}}
    session = await world.start(world.write("p", jobs, max_concurrency=2, on_failure="stop"))
    await world.run()
    assert moments(world) == [0.0, 10.0, 100.0]
    assert (await world.jobs(session, "p"))["m"].status.value == "succeeded"


@pytest.mark.parametrize("budget", [1, 2_000])
async def test_places_that_come_before_the_map_has_begun_are_not_lost(tmp_path: Path, budget: int) -> None:
    """Of two jobs that end at one moment one lets the waiting map begin, the other gives it a place."""
    world = TimedWorld(tmp_path, {"m": 100.0, "a": 10.0, "b": 10.0, "c": 1.0})
    world.engine.budget = budget
    jobs = {"c": {}, "a": {}, "m": {"needs": ["c", "a"], **mapped(4)}, "b": {}}
    await world.start(world.write("p", jobs, max_concurrency=3))
    await world.run()
    assert moments(world) == [10.0, 10.0, 10.0, 110.0]


# Call by call


@dataclass
class Walk:
    """A session of the pipeline `taxi`, its control called by hand."""

    world: World
    place: dict[str, JsonValue]

    async def begin(self, job: str, token: str = "") -> Any:
        await self.tell(op="begin", job=job, token=token or job)
        return self.world.engine.answers.get(token or job)

    async def finish(self, job: str) -> None:
        await self.tell(op="finish", job=job, outcome={"output": None})

    async def report(self, call: Any) -> None:
        given = {"op": "item", "job": "each", "keys": call["keys"], "begun": "2026-01-01T00:00:00Z"}
        await handle(self.world.control, {**call["place"], **given, "outcome": OUTCOME})

    async def tell(self, **payload: JsonValue) -> None:
        await handle(self.world.control, {**self.place, "plan": "d", **payload})

    async def calls(self, answer: Any) -> list[Any]:
        """The calls that an answer gives."""
        if answer["action"] == "inline":
            return list(answer["calls"])
        return list(json.loads(await self.world.blobs.get(answer["reader"]["Key"])))

    async def slots(self) -> int:
        return (await self.world.jobs(str(self.place["session"])))["each"].slots


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


async def started(world: World, jobs: dict[str, dict[str, Any]], **more: Any) -> Walk:
    world.write(jobs, **more)
    request = StartRequest(profile="local", pipelines=(str(world.file),))
    session = (await start(world.ports, request, by="ada")).session_id
    return Walk(world, {"session": session, "run": "taxi", "attempt": 1})


async def test_a_map_that_gets_all_it_can_use_stays_inline(world: World) -> None:
    walk = await started(world, {"each": mapped(3)}, max_concurrency=3)
    answer = await walk.begin("each")
    assert (answer["action"], answer["concurrency"]) == ("inline", 3)
    assert answer["calls"][0]["place"]["places"] == {"most": 40, "size": 1}
    assert not (await world.jobs(str(walk.place["session"])))["each"].elastic


async def test_a_map_that_could_use_more_is_distributed(world: World) -> None:
    walk = await started(world, {"each": mapped(3)}, max_concurrency=2)
    answer = await walk.begin("each")
    assert (answer["action"], answer["concurrency"]) == ("distributed", 2)


async def test_the_machine_is_told_of_more_places_and_its_token_left_alone(world: World) -> None:
    walk = await started(world, {"each": mapped(9), "other": {}}, max_concurrency=3)
    await walk.begin("other")
    first = await walk.begin("each")
    assert first["concurrency"] == 2
    blobs = len(world.blobs.data)
    await walk.finish("other")
    assert world.engine.told == [("each wide", 3)]
    assert await walk.slots() == 3
    assert len(world.blobs.data) == blobs, "no calls were made once more"
    assert (await walk.begin("each", "again"))["concurrency"] == 3


@dataclass
class Interrupted:
    """An engine that lets something happen just before an answer, or before it is told of places."""

    inner: Any
    before: list[Callable[[], Awaitable[None]]] = field(default_factory=list)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.inner, name)

    async def task_succeeded(self, token: str, output: JsonValue) -> None:
        if token == "each":
            await self._happen()
        await self.inner.task_succeeded(token, output)

    async def update_map_run(self, name: str, state: str, max_concurrency: int) -> None:
        await self._happen()
        await self.inner.update_map_run(name, state, max_concurrency)

    async def _happen(self) -> None:
        while self.before:
            await self.before.pop()()


def interrupt(world: World, happens: Callable[[], Awaitable[None]]) -> None:
    engine = Interrupted(world.engine, [happens])
    world.control = world.ports.control.__class__(
        **{name: getattr(world.control, name) for name in ("store", "blobs", "exchange", "code", "clock")},
        engine=engine,
    )


async def test_who_answers_looks_whether_there_are_more_places_by_now(world: World) -> None:
    walk = await started(world, {"each": mapped(9), "other": {}}, max_concurrency=3)
    await walk.begin("other")

    async def other_ends() -> None:
        await walk.finish("other")
        world.engine.told.clear()

    interrupt(world, other_ends)
    assert (await walk.begin("each"))["concurrency"] == 2
    assert world.engine.told == [("each wide", 3)]


async def test_who_tells_late_tells_the_newest(world: World) -> None:
    walk = await started(world, {"each": mapped(9), "a": {}, "b": {}}, max_concurrency=4)
    for job in ("a", "b", "each"):
        await walk.begin(job)
    interrupt(world, lambda: walk.finish("b"))
    await walk.finish("a")
    assert world.engine.told == [("each wide", 4), ("each wide", 3), ("each wide", 4)]


async def test_who_died_before_he_told_is_made_up_for(world: World) -> None:
    walk = await started(world, {"each": mapped(9), "other": {}}, max_concurrency=3)
    await walk.begin("other")
    await walk.begin("each")

    async def dies() -> None:
        raise KeyboardInterrupt

    interrupt(world, dies)
    with pytest.raises(KeyboardInterrupt):
        await walk.finish("other")
    assert (await walk.slots(), world.engine.told) == (3, [])
    await reconcile(world.ports)
    assert world.engine.told == [("each wide", 3)]


async def test_an_engine_that_cannot_be_told_fails_nothing(world: World) -> None:
    walk = await started(world, {"each": mapped(9), "other": {}}, max_concurrency=3)
    await walk.begin("other")
    await walk.begin("each")
    world.engine.down = True
    await walk.finish("other")
    world.engine.down = False
    session = str(walk.place["session"])
    assert (await world.statuses(session))["each"] == "running"
    await reconcile(world.ports)
    assert world.engine.told == [("each wide", 3)]


class Late:
    """Records of jobs that count more than a few open items as they were before what `happens`."""

    def __init__(self, inner: JobRecords, happens: Callable[[], Awaitable[None]], few: int = 0) -> None:
        self._inner = inner
        self._few = few
        self._happens: list[Callable[[], Awaitable[None]]] = [happens]

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    async def open_items(self, *place: Any, limit: int) -> int:
        found: int = await self._inner.open_items(*place, limit=limit)
        while self._happens and limit > self._few:
            await self._happens.pop()()
        return found


async def test_a_place_taken_for_a_call_that_has_just_ended_is_given_back(world: World) -> None:
    walk = await started(world, {"each": mapped(4), "a": {}, "b": {}}, max_concurrency=3)
    await walk.begin("a")
    calls = await walk.calls(await walk.begin("each"))
    await walk.report(calls[0])
    inner = world.store.jobs

    async def another_ends() -> None:
        await walk.report(calls[1])

    world.store.jobs = Late(inner, another_ends, few=2)
    await walk.finish("a")
    assert await walk.slots() == 2
    assert (await walk.begin("b"))["action"] == "run"


async def test_a_report_costs_one_count_while_many_items_are_open(world: World) -> None:
    walk = await started(world, {"each": mapped(20, max_concurrency=4)}, max_concurrency=2)
    calls = await walk.calls(await walk.begin("each"))
    asked: list[str] = []
    inner, sessions = world.store.jobs, world.store.sessions

    class Counting:
        def __init__(self, inner: Any) -> None:
            self._inner = inner

        def __getattr__(self, name: str) -> Any:
            asked.append(name)
            return getattr(self._inner, name)

    world.store.jobs, world.store.sessions = Counting(inner), Counting(sessions)
    for call in calls[:16]:
        await walk.report(call)
    assert asked == ["job_run", "session", "open_items"] * 16
    asked.clear()
    await walk.report(calls[16])
    assert asked == ["job_run", "session", "open_items", "job_run"]


async def test_a_map_without_limits_counts_nothing(world: World) -> None:
    walk = await started(world, {"each": mapped(3), "a": {}})
    inner = world.store.jobs

    async def never() -> None:
        raise AssertionError("nobody asked for a limit")

    world.store.jobs = Late(inner, never)
    answer = await walk.begin("each")
    assert (answer["action"], answer["concurrency"]) == ("inline", 3)
    assert "places" not in answer["calls"][0]["place"]
    await walk.begin("a")
    for call in answer["calls"]:
        await walk.report(call)
    await walk.finish("a")
    await walk.finish("each")
    assert (await world.statuses(str(walk.place["session"])))["each"] == "succeeded"


async def test_a_map_that_was_begun_inline_with_few_places_keeps_them(world: World) -> None:
    """As an older version began it: its inline Map cannot be told."""
    walk = await started(world, {"each": mapped(9), "other": {}}, max_concurrency=3)
    await walk.begin("other")
    await walk.begin("each")
    job = (await world.jobs(str(walk.place["session"])))["each"]
    await world.store.commit(Transaction(put=[job.next(elastic=False)]))
    await walk.finish("other")
    assert (await walk.slots(), world.engine.told) == (2, [])
    assert (await walk.begin("each", "again"))["action"] == "inline"


async def test_who_begins_lets_others_have_what_a_map_no_longer_needs(world: World) -> None:
    """Whoever reported died before he gave back the place."""
    world.ports = replace(world.ports, pools={"db": 2})
    taking: dict[str, Any] = {"pool": {"db": 1}}
    other = await started(world, {"other": taking})
    walk = await started(world, {"each": {**mapped(2), **taking}, "b": {}})
    calls = await walk.calls(await walk.begin("each"))
    assert await other.begin("other") is None
    call = {**calls[0], "place": {**calls[0]["place"], "places": None}}
    await walk.report(call)
    assert "other" not in world.engine.answers
    await walk.begin("b")
    assert world.engine.answers["other"]["action"] == "run"  # type: ignore[index, call-overload]


# The desk


def test_more_places_do_not_push_in() -> None:
    pools = [Pool(profile="local", name="db", size=3)]
    mine = Desk(pools, ("s", "mine", 1))
    assert mine.take("m", {"db": 1}, AT)
    assert mine.take("a", {"db": 2}, AT)
    other = Desk(mine.changed, ("s", "other", 1))
    assert not other.take("b", {"db": 1}, AT + timedelta(seconds=1))
    again = Desk(other.changed, ("s", "mine", 1))
    again.release("a")
    assert again.widen("m", {"db": 1}, 1, 5, AT + timedelta(seconds=2)) == 1
    [pool] = again.changed
    assert {hold.job: hold.units["db"] for hold in pool.holding} == {"m": 2}
    assert [(hold.job, hold.more) for hold in pool.waiting] == [("b", False), ("m", True)]
    assert [hold.job for hold in served([pool])] == ["b"]


def test_a_map_keeps_its_place_in_line_until_it_is_served() -> None:
    pools = [Pool(profile="local", name="db", size=1)]
    desk = Desk(pools, ("s", "r", 1))
    assert desk.take("m", {"db": 1}, AT)
    assert desk.widen("m", {"db": 1}, 1, 2, AT) == 0
    [pool] = desk.changed
    assert pool.waiting[0].since == AT
    again = Desk([pool], ("s", "r", 1))
    again.leave()
    assert again.widen("m", {"db": 1}, 1, 2, AT + timedelta(seconds=1)) == 0
    assert not again.changed
    grown = Desk([pool.next(size=2)], ("s", "r", 1))
    grown.leave()
    assert grown.widen("m", {"db": 1}, 1, 2, AT + timedelta(seconds=2)) == 1
    [pool] = grown.changed
    assert [(hold.more, hold.since) for hold in pool.waiting] == [(True, AT + timedelta(seconds=2))]


def test_a_map_that_wants_no_more_lets_the_next_in_line_go() -> None:
    pools = [Pool(profile="local", name="db", size=2)]
    desk = Desk(pools, ("s", "r", 1))
    assert desk.take("m", {"db": 2}, AT)
    assert desk.widen("m", {"db": 2}, 1, 1, AT) == 0
    later = Desk(desk.changed, ("s", "r", 1))
    later.leave()
    assert later.freed


def test_a_pool_that_became_smaller_gives_no_more() -> None:
    desk = Desk([Pool(profile="local", name="db", size=3)], ("s", "r", 1))
    assert desk.take("m", {"db": 2}, AT)
    [pool] = desk.changed
    smaller = Desk([pool.next(size=1)], ("s", "r", 1))
    assert smaller.widen("m", {"db": 2}, 1, 3, AT) == 0
