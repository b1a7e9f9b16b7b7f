"""Processes in sessions of their own: told apart, ended with all they started, never someone else's."""

from __future__ import annotations

import asyncio
import os
import select
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from bunsui.local.runners.process import (
    SessionProcess,
    create_time,
    first,
    is_leader_alive,
    is_running,
    session_members,
    start_session,
)

GONE = 2**22 + 1
"""Above the highest number that a process can have."""


def started(folder: Path, script: str) -> SessionProcess:
    env = {"PATH": os.defpath}
    process, _ = start_session(["/bin/sh", "-c", script], cwd=folder, env=env, output=folder / "log")
    return process


@contextmanager
def held(folder: Path, script: str = "read x") -> Iterator[SessionProcess]:
    """A process that goes on until it is ended or the block is left."""
    env = {"PATH": os.defpath}
    command = ["/bin/sh", "-c", script]
    process, hold = start_session(command, cwd=folder, env=env, output=folder / "log", wants_input=True)
    assert hold is not None
    with hold:
        yield process


async def ended(process: SessionProcess) -> int | None:
    async with asyncio.timeout(20):
        return await process.exited


@pytest.mark.parametrize(("script", "code"), [("exit 0", 0), ("exit 7", 7), ("kill -9 $$", -9)])
async def test_how_a_process_ended_is_told(tmp_path: Path, script: str, code: int) -> None:
    process = started(tmp_path, script)
    assert await ended(process) == code
    assert not process.alive
    assert process.has_ended()


async def test_what_it_prints_lies_in_its_log_in_order(tmp_path: Path) -> None:
    await ended(started(tmp_path, "echo out; echo err >&2; echo out"))
    assert (tmp_path / "log").read_text() == "out\nerr\nout\n"


async def test_a_kill_reaches_all_that_it_started(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "child")
    with held(tmp_path, "sleep 60 & echo $! > child; wait") as process:
        child = int(await asyncio.to_thread((tmp_path / "child").read_text))
        assert set(session_members(frozenset({process.pid}))[process.pid]) == {process.pid, child}
        watch = os.pidfd_open(child)
        process.kill()
        assert await ended(process) == -signal.SIGKILL
    gone, _, _ = await asyncio.to_thread(select.select, [watch], [], [], 20)
    os.close(watch)
    assert gone == [watch]
    assert not is_leader_alive(process.pid)


async def test_a_process_is_known_by_number_and_time_together(tmp_path: Path) -> None:
    with held(tmp_path) as process:
        born = create_time(process.pid)
        assert is_running(process.pid, born)
        assert not is_running(process.pid, born - 60)
        process.kill()
        await ended(process)
    assert not is_running(process.pid, born)
    assert not is_running(GONE, born)


async def test_who_is_gone_cannot_be_watched_or_hurt() -> None:
    process = SessionProcess(GONE, 0.0)
    assert await ended(process) is None
    process.signal(signal.SIGTERM)
    process.kill()


async def test_letting_go_leaves_the_process_alone(tmp_path: Path) -> None:
    with held(tmp_path) as process:
        adopted = SessionProcess(process.pid, create_time(process.pid))
        adopted.detach()
        assert adopted.exited.cancelled()
        assert not process.has_ended()
        process.kill()
        await ended(process)


async def test_the_first_that_is_done_ends_the_wait_and_none_is_cancelled() -> None:
    loop = asyncio.get_running_loop()
    quick, slow = loop.create_future(), loop.create_future()
    loop.call_soon(quick.set_result, 1)
    async with asyncio.timeout(20):
        await first(slow, quick)
    assert not slow.cancelled()
    slow.cancel()


async def test_a_command_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="no-such"):
        start_session(["/no-such"], cwd=tmp_path, env={}, output=tmp_path / "log")
