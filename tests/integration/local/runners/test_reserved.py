"""Runners that are reserved before their call is made, and the files in which they leave results."""

from __future__ import annotations

import asyncio
import json
import os
import signal
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bunsui.local.runners import pool as pool_module
from bunsui.local.runners.outcomes import Cancelled, Outcome, Returned
from bunsui.local.runners.pool import LambdaPool, Reserved
from bunsui.local.runners.specs import Invocation, Started
from bunsui.local.runners.spool import read_record

from .conftest import Caller, Desk
from .test_pool import wait_unseen


def value(outcome: Outcome) -> Any:
    assert isinstance(outcome, Returned), outcome
    return json.loads(outcome.payload)


async def never(started: Started) -> None:
    raise AssertionError("it is recorded already")


class Reserving:
    """Reserves runners for calls of one function."""

    def __init__(self, desk: Desk, pool: LambdaPool) -> None:
        self.desk = desk
        self.pool = pool
        self.function = desk.function("echo")

    def reserve(self, call: Invocation) -> Reserved:
        reserved = self.pool.reserve(self.function, call.id, call.timeout)
        assert reserved is not None
        return reserved

    async def warm(self) -> Invocation:
        call = self.desk.invocation()
        await self.pool.invoke(self.function, call, self.desk.record)
        return call


@pytest.fixture
def reserving(desk: Desk, pool: LambdaPool) -> Reserving:
    return Reserving(desk, pool)


async def test_only_an_idle_runner_can_be_reserved_and_only_once(desk: Desk, reserving: Reserving) -> None:
    assert reserving.pool.reserve(reserving.function, "call", 20.0) is None
    await reserving.warm()
    call = desk.invocation(b"[1]")
    reserved = reserving.reserve(call)
    assert reserving.pool.reserve(reserving.function, "other", 20.0) is None
    assert (reserved.started.id, reserved.started.pid) == (call.id, desk.started[0].pid)
    assert value(await reserving.pool.invoke(reserving.function, call, never, reserved)) == [1]


async def test_a_reserved_runner_that_died_is_replaced_and_told_of(desk: Desk, reserving: Reserving) -> None:
    await reserving.warm()
    call = desk.invocation(b"[1]")
    reserved = reserving.reserve(call)
    os.kill(reserved.started.pid, signal.SIGKILL)
    wait_unseen(reserved.started.pid)
    assert value(await reserving.pool.invoke(reserving.function, call, desk.record, reserved)) == [1]
    assert desk.started[-1].pid != reserved.started.pid


async def test_a_reservation_that_waited_too_long_is_made_anew(
    desk: Desk, reserving: Reserving, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its deadline counts from then: a commit that waited for a full disk must not cost the call its time."""
    await reserving.warm()
    monkeypatch.setattr(pool_module, "RESERVED_SECONDS", -1.0)
    call = replace(desk.invocation(b"[1]"), timeout=5.0)
    reserved = reserving.reserve(call)
    assert value(await reserving.pool.invoke(reserving.function, call, desk.record, reserved)) == [1]
    assert desk.started[-1].id == call.id
    assert desk.started[-1].deadline >= reserved.started.deadline


async def test_what_is_given_back_serves_the_next_call(desk: Desk, reserving: Reserving) -> None:
    await reserving.warm()
    reserved = reserving.reserve(desk.invocation())
    reserving.pool.free(reserved)
    again = reserving.reserve(desk.invocation())
    assert again.started.pid == reserved.started.pid
    reserving.pool.free(again)


async def test_a_reserved_call_that_waits_for_its_turn_gives_its_runner_back_when_cancelled(
    desk: Desk,
) -> None:
    pool = LambdaPool(environment=dict(os.environ), max_processes=1)
    reserving = Reserving(desk, pool)
    await reserving.warm()
    first, second = desk.invocation(), desk.invocation()
    reserved = reserving.reserve(second)
    begun = asyncio.Event()

    async def started(record: Started) -> None:
        begun.set()

    busy = asyncio.create_task(pool.invoke(desk.function("hang"), first, started))
    await begun.wait()
    waiting = asyncio.create_task(pool.invoke(reserving.function, second, never, reserved))
    await asyncio.sleep(0)
    waiting.cancel()
    await asyncio.wait([waiting])
    again = reserving.reserve(desk.invocation())
    assert again.started.pid == reserved.started.pid
    pool.free(again)
    assert pool.cancel(first.id)
    assert isinstance(await busy, Cancelled)
    await pool.close()


async def test_an_answered_result_gives_way_to_the_next(desk: Desk, reserving: Reserving) -> None:
    first = await reserving.warm()
    reserving.pool.spools.answered(first.spool_path)
    call = desk.invocation(b'{"longer": "than the one before"}')
    reserved = reserving.reserve(call)
    assert reserved.spool == first.spool_path
    assert reserving.pool.spools.recorded(first.spool_path), "the next call has the file by now"
    call = replace(call, spool_path=first.spool_path)
    await reserving.pool.invoke(reserving.function, call, never, reserved)
    assert read_record(first.spool_path, first.id) is None
    record = read_record(first.spool_path, call.id)
    assert record is not None
    assert record.body == call.payload


async def test_a_shorter_result_leaves_nothing_of_a_longer_one(desk: Desk, reserving: Reserving) -> None:
    long = desk.invocation(json.dumps("x" * 100_000).encode())
    await reserving.pool.invoke(reserving.function, long, desk.record)
    reserving.pool.spools.answered(long.spool_path)
    short = replace(desk.invocation(b"1"), spool_path=long.spool_path)
    await reserving.pool.invoke(reserving.function, short, never, reserving.reserve(short))
    record = read_record(long.spool_path, short.id)
    assert record is not None
    assert record.body == b"1"


async def test_a_result_that_is_not_handed_on_stays(desk: Desk, reserving: Reserving) -> None:
    first = await reserving.warm()
    call = desk.invocation()
    reserved = reserving.reserve(call)
    assert reserved.spool is None
    await reserving.pool.invoke(reserving.function, call, never, reserved)
    assert read_record(first.spool_path, first.id) is not None
    assert not reserving.pool.spools.recorded(first.spool_path), "who recorded it removes it"


async def test_a_runner_that_is_given_back_has_its_file_again(desk: Desk, reserving: Reserving) -> None:
    first = await reserving.warm()
    reserving.pool.spools.answered(first.spool_path)
    reserving.pool.free(reserving.reserve(desk.invocation()))
    reserved = reserving.reserve(desk.invocation())
    assert reserved.spool == first.spool_path
    reserving.pool.free(reserved)


async def test_a_file_goes_to_who_makes_the_call_at_last(
    desk: Desk, reserving: Reserving, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The reserved runner died, another makes the call: two calls never share a file."""
    first = await reserving.warm()
    reserving.pool.spools.answered(first.spool_path)
    call = replace(desk.invocation(b"[1]"), spool_path=first.spool_path)
    reserved = reserving.reserve(call)
    os.kill(reserved.started.pid, signal.SIGKILL)
    wait_unseen(reserved.started.pid)
    assert value(await reserving.pool.invoke(reserving.function, call, desk.record, reserved)) == [1]
    reserving.pool.spools.answered(first.spool_path)
    again = reserving.reserve(desk.invocation())
    assert (again.started.pid, again.spool) == (desk.started[-1].pid, first.spool_path)
    reserving.pool.free(again)


async def test_recorded_results_go_with_their_runners(desk: Desk) -> None:
    pool = LambdaPool(environment=dict(os.environ))
    recorded = await Reserving(desk, pool).warm()
    pool.spools.answered(recorded.spool_path)
    assert pool.spools.recorded(recorded.spool_path)
    await pool.close()
    assert not recorded.spool_path.exists()


@pytest.mark.parametrize("answered", [False, True])
async def test_unrecorded_results_outlive_their_runners(desk: Desk, answered: bool) -> None:
    pool = LambdaPool(environment=dict(os.environ))
    call = await Reserving(desk, pool).warm()
    if answered:
        pool.spools.answered(call.spool_path)
    await pool.close()
    assert read_record(call.spool_path, call.id) is not None
    assert not pool.spools.recorded(call.spool_path), "who recorded it removes it"


@pytest.mark.parametrize("kept", range(1, 40, 3))
async def test_half_a_result_over_another_is_none(
    desk: Desk, invoke: Caller, tmp_path: Path, kept: int
) -> None:
    """A machine that went down in a write leaves the beginning of one and the rest of the other."""
    old, new = desk.invocation(b'"' + b"o" * 40 + b'"'), desk.invocation(b'"' + b"n" * 40 + b'"')
    for call in (old, new):
        await invoke.call(desk.function("echo"), call)
    begun, before = new.spool_path.read_bytes(), old.spool_path.read_bytes()
    head = begun.index(b"\n") + 1
    torn = tmp_path / "torn"
    torn.write_bytes(begun[: head + kept] + before[-(len(begun) - head - kept) :])
    assert read_record(torn, new.id) is None
    torn.write_bytes(begun)
    assert read_record(torn, new.id) is not None
