"""Whatever a handler does to its process: the call has an outcome, and so has the next one."""

from __future__ import annotations

import json
import os
import random
import signal

import psutil
import pytest

from bunsui.local.runners.outcomes import Cancelled, Failed, Lost, Returned
from bunsui.local.runners.pool import LambdaPool

from .conftest import Caller, Desk
from .test_pool import gone, until, value

WEIRD = {
    "binary": None,
    "huge_line": None,
    "close_streams": None,
    "close_descriptors": None,
    "close_everything": None,
    "no_streams": None,
    "fork_and_return": None,
    "fork_and_raise": None,
    "fork_and_wait": None,
    "leave_thread": None,
    "leave_process": None,
    "change_folder": None,
    "change_environment": None,
    "ignore_signals": None,
    "coroutine": None,
    "generator": None,
    "recursion": None,
    "deep": None,
    "sys_exit": 3,
    "os_exit": 3,
    "kill_self": int(signal.SIGKILL),
    "interrupt": None,
    "break_json": None,
    "unprintable": None,
}


async def test_next_call_works(invoke: Caller, subtests: pytest.Subtests) -> None:
    for handler, event in WEIRD.items():
        with subtests.test(handler):
            outcome = await invoke(handler, json.dumps(event).encode())
            assert isinstance(outcome, Returned | Failed | Lost)
            assert value(await invoke("echo", b'"still here"')) == "still here"
            assert isinstance(await invoke("logs", b'{"what": 1}'), Returned)


@pytest.mark.parametrize(
    "handler,answer",
    [
        ("close_descriptors", None),
        ("close_everything", "closed"),
        ("fork_and_raise", "parent"),
        ("fork_and_wait", "waited"),
        ("change_folder", None),
    ],
)
async def test_answer_of_the_runner_itself_counts(invoke: Caller, handler: str, answer: object) -> None:
    assert value(await invoke(handler)) == answer


async def test_fork_that_returns_answers_once(invoke: Caller) -> None:
    child = value(await invoke("fork_and_return"))["child"]
    assert child > 0
    await until(lambda: gone(child))


async def test_folder_is_the_project_again(invoke: Caller, desk: Desk) -> None:
    await invoke("change_folder")
    assert value(await invoke("identity"))["cwd"] == str(desk.project)


async def test_left_processes_end_with_their_runner(desk: Desk) -> None:
    pool = LambdaPool(environment=dict(os.environ))
    child = value(await Caller(desk, pool)("leave_process"))
    assert not gone(child)
    await pool.close()
    await until(lambda: gone(child))  # it was killed; a busy machine takes its time to bury it


async def test_left_threads_do_not_keep_a_runner(desk: Desk) -> None:
    pool = LambdaPool(environment=dict(os.environ))
    caller = Caller(desk, pool)
    await caller("leave_thread")
    pid = value(await caller("identity"))["pid"]
    await pool.close()
    assert gone(pid)


async def weird_calls(desk: Desk, seed: int, count: int) -> None:
    chance = random.Random(seed)
    pool = LambdaPool(environment=dict(os.environ), max_processes=3)
    caller = Caller(desk, pool)
    for _ in range(count):
        handler = chance.choice(list(WEIRD))
        outcome = await caller(handler, json.dumps(WEIRD[handler]).encode())
        assert not isinstance(outcome, Cancelled)
        assert value(await caller("echo", b"1")) == 1
    await pool.close()
    left = [process for process in psutil.Process().children(recursive=True) if process.status() != "zombie"]
    assert left == []


@pytest.mark.parametrize("seed", range(2))
async def test_weird_calls_in_any_order(desk: Desk, seed: int) -> None:
    await weird_calls(desk, seed, 12)


@pytest.mark.bench
@pytest.mark.timeout(600)
@pytest.mark.parametrize("seed", range(20))
async def test_many_weird_calls_in_any_order(desk: Desk, seed: int) -> None:
    await weird_calls(desk, 1000 + seed, 60)
