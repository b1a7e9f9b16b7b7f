"""Processes that lead their own session: start, watch, end, and recognise after a restart."""

from __future__ import annotations

import asyncio
import contextlib
import os
import select
import signal
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO, Any

import psutil

POLL_INTERVAL = 0.05
# Stands in the environment of everything that a runner starts.
MARK = "BUNSUI_RUNNER"


class SessionProcess:
    """A leader of its own session, ours or adopted.

    `exited` gets the return code, None where it is not our child.
    """

    def __init__(self, pid: int, create_time: float, child: subprocess.Popen[bytes] | None = None) -> None:
        self.pid = pid
        self.create_time = create_time
        self.exited: asyncio.Future[int | None] = asyncio.get_running_loop().create_future()
        self._child = child
        self._pidfd = -1
        self._poll: asyncio.TimerHandle | None = None
        self._watch()

    @property
    def alive(self) -> bool:
        """Tell whether the end has not been seen yet."""
        return not self.exited.done()

    def has_ended(self) -> bool:
        """Look at the process itself: its end may not have been told yet."""
        if not self.alive or self._pidfd < 0:
            return not self.alive
        poll = select.poll()
        poll.register(self._pidfd, select.POLLIN)
        return bool(poll.poll(0))

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to the leader alone, if it still runs."""
        if self.alive:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, number)

    def kill(self) -> None:
        """Kill the whole session; `exited` follows."""
        if self.alive:
            kill_session(self.pid)

    def detach(self) -> None:
        """Stop watching, and leave the process to itself."""
        self._unwatch()
        if self._child is not None and self._child.returncode is None:
            # Popen would warn about a child that is still running; this one is meant to.
            self._child.returncode = 0
        if self.alive:
            self.exited.cancel()

    def _watch(self) -> None:
        loop = asyncio.get_running_loop()
        if hasattr(os, "pidfd_open"):
            try:
                self._pidfd = os.pidfd_open(self.pid)
            except ProcessLookupError:
                loop.call_soon(self._ended)
            except OSError:
                self._poll_once()
            else:
                loop.add_reader(self._pidfd, self._ended)
        else:
            self._poll_once()

    def _poll_once(self) -> None:
        if is_running(self.pid, self.create_time):
            self._poll = asyncio.get_running_loop().call_later(POLL_INTERVAL, self._poll_once)
        else:
            self._ended()

    def _unwatch(self) -> None:
        if self._poll is not None:
            self._poll.cancel()
        if self._pidfd >= 0:
            asyncio.get_running_loop().remove_reader(self._pidfd)
            os.close(self._pidfd)
            self._pidfd = -1

    def _ended(self) -> None:
        self._unwatch()
        # While the dead leader is unreaped its number cannot be given to another process.
        kill_session(self.pid, leader_ended=True)
        code = self._child.wait() if self._child is not None else None
        if not self.exited.done():
            self.exited.set_result(code)


async def first(*futures: asyncio.Future[Any]) -> None:
    """Wait until one of these is done, and cancel none."""
    if any(future.done() for future in futures):
        return
    await asyncio.wait(futures, return_when=asyncio.FIRST_COMPLETED)


def start_session(
    command: Sequence[str],
    *,
    cwd: Path,
    env: Mapping[str, str],
    output: Path,
    wants_input: bool = False,
    keep: Sequence[int] = (),
) -> tuple[SessionProcess, IO[bytes] | None]:
    """Start a process in its own session with descriptors 1 and 2 on `output`, and those to `keep`.

    Returns it and, where it `wants_input`, its standard input. Raises OSError.
    """
    stdin = subprocess.PIPE if wants_input else subprocess.DEVNULL
    with open_log(output) as log:
        marked = {**env, MARK: "1"}
        child = subprocess.Popen(
            command,
            cwd=cwd,
            env=marked,
            stdin=stdin,
            stdout=log,
            stderr=log,
            start_new_session=True,
            pass_fds=keep,
            bufsize=0,
        )
    return SessionProcess(child.pid, create_time(child.pid), child), child.stdin


def open_log(path: Path) -> IO[bytes]:
    """Open a log for appending, with its folder."""
    path.parent.mkdir(parents=True, exist_ok=True)
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600), "ab", buffering=0)


def create_time(pid: int) -> float:
    """Return when a process started, in seconds; 0 if it is gone. The number is for comparison only.

    On Linux it counts from the boot: a clock that is set must not make a living process look like another.
    """
    try:
        # The name before the last parenthesis may hold anything.
        fields = Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].split()
        return int(fields[19]) / os.sysconf("SC_CLK_TCK")
    except OSError:
        return _create_time_of_clock(pid)


def _create_time_of_clock(pid: int) -> float:
    try:
        return float(psutil.Process(pid).create_time())
    except psutil.Error:
        return 0.0


def is_running(pid: int, started: float) -> bool:
    """Tell whether `pid` is still the process that started then, and no zombie."""
    try:
        return create_time(pid) == started and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.Error:
        return False


def session_members(leaders: frozenset[int]) -> dict[int, list[int]]:
    """Return the processes of each of these sessions."""
    members: dict[int, list[int]] = {leader: [] for leader in leaders}
    for pid in psutil.pids():
        try:
            session = os.getsid(pid)
        except OSError:
            continue
        if session in members:
            members[session].append(pid)
    return members


def kill_session(leader: int, *, leader_ended: bool = False) -> None:
    """Send SIGKILL to all of a session. With `leader_ended`, only to what a dead leader left behind."""
    if leader_ended and is_leader_alive(leader):
        return
    while pids := _living(leader):
        for pid in pids:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGKILL)
        if not _has_newcomers(leader, pids):
            return


def kill_leftovers(leader: int) -> None:
    """Kill what a runner left running that died unwatched.

    Its number may have been another's since, so only what descends from a runner counts; with its
    leader dead, none of that is wanted.
    """
    if is_leader_alive(leader):
        return
    for pid in session_members(frozenset({leader}))[leader]:
        with contextlib.suppress(psutil.Error):
            process = psutil.Process(pid)
            if MARK in process.environ():
                process.kill()


def is_leader_alive(leader: int) -> bool:
    """Tell whether the number of an ended leader was given to a new process."""
    try:
        return psutil.Process(leader).status() != psutil.STATUS_ZOMBIE
    except psutil.Error:
        return False


def _living(leader: int) -> set[int]:
    members = set(session_members(frozenset({leader}))[leader])
    with contextlib.suppress(psutil.Error):
        # Descendants in a session of their own belong to it too, as long as the leader lives to tell.
        members.update(child.pid for child in psutil.Process(leader).children(recursive=True))
    return members


def _has_newcomers(leader: int, known: set[int]) -> bool:
    """A process that forked while it was being killed leaves children that the first look missed."""
    return not _living(leader) <= known
