"""The client's side of the worker: find it, start it, wake it, end an older one."""

from __future__ import annotations

import asyncio
import os
import socket
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from bunsui.errors import Unavailable
from bunsui.local.data_dir import DataDir, unusable
from bunsui.local.worker.lock import WorkerLock
from bunsui.local.worker.protocol import LONGEST_LINE, Hello, answer, encode

START_SECONDS = 20.0
DRAIN_SECONDS = 20.0
ANSWER_SECONDS = 5.0
POLL_SECONDS = 0.01
_TAIL_LINES = 20


class WorkerClient:
    """Speaks to the worker of a data directory, and starts one where none answers.

    `idle` is how long a worker that we start stays without work, in seconds.
    """

    def __init__(self, data: DataDir, *, idle: float, environment: Mapping[str, str]) -> None:
        self._data = data
        self._idle = idle
        self._environment = environment
        self._starting: int | None = None
        self._children: list[int] = []

    def ask(self, op: str) -> Hello | None:
        """Send a word and return the worker's answer, None where no worker answers."""
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
            connection.settimeout(ANSWER_SECONDS)
            try:
                connection.connect(str(self._data.socket))
                connection.sendall(encode({"op": op}))
                return answer(connection.makefile("rb").readline(LONGEST_LINE))
            except OSError:
                return None

    async def ensure(self) -> Hello:
        """A worker of our version or a newer one, awake. Raises Unavailable with the tail of its log."""
        deadline = asyncio.get_running_loop().time() + START_SECONDS
        while (found := self.ask("wake")) is None or found.older or found.draining:
            if found is not None and found.older:
                self.ask("drain")
            elif found is None:
                self._start_unless_starting()
            if asyncio.get_running_loop().time() > deadline:
                raise self._silent(f"did not answer within {START_SECONDS:g} s")
            await asyncio.sleep(POLL_SECONDS)
        self._settle()
        return found

    @contextmanager
    def exclusive(self) -> Iterator[None]:
        """Keep every worker away while the caller migrates. Raises Unavailable when one does not end."""
        lock = WorkerLock(self._data)
        for _ in range(int(DRAIN_SECONDS / POLL_SECONDS)):
            if lock.acquire():
                break
            self.ask("drain")
            _pause()
        else:
            raise self._silent(f"of an older version did not end within {DRAIN_SECONDS:g} s")
        try:
            yield
        finally:
            lock.release()

    def _start_unless_starting(self) -> None:
        if self._starting is not None:
            status = _reaped(self._starting)
            if status is None:
                return
            self._starting = None
            if status > 0:
                raise self._silent(f"ended with status {status}")
        if not self._taken():
            self._starting = _spawn(self._data, self._idle, self._environment)

    def _taken(self) -> bool:
        """Whether a worker has the lock already: it is about to answer, or about to end."""
        self._data.prepare()
        lock = WorkerLock(self._data)
        if not lock.acquire():
            return True
        lock.release()
        return False

    def _settle(self) -> None:
        """Workers that answered are on their own; what has ended since leaves the process list."""
        if self._starting is not None:
            self._children.append(self._starting)
            self._starting = None
        self._children = [pid for pid in self._children if _reaped(pid) is None]

    def _silent(self, what: str) -> Unavailable:
        tail = _tail(self._data.worker_errors) or _tail(self._data.worker_log)
        last = f": {tail[-1]}" if tail else ""
        return Unavailable(
            f"The worker of {self._data.root} {what}{last}",
            next_steps=[
                f"Read {self._data.worker_errors} and {self._data.worker_log}",
                "Call `bunsui ops doctor`",
            ],
            details={"log_tail": list(tail)},
        )


def _spawn(data: DataDir, idle: float, environment: Mapping[str, str]) -> int:
    data.prepare()
    arguments = [
        sys.executable,
        "-P",
        "-m",
        "bunsui.local.worker",
        "--data-dir",
        str(data.root),
        "--idle",
        str(idle),
    ]
    flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_TRUNC
    actions = [
        (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
        (os.POSIX_SPAWN_OPEN, 1, str(data.worker_errors), flags, 0o600),
        (os.POSIX_SPAWN_DUP2, 1, 2),
    ]
    try:
        return os.posix_spawn(sys.executable, arguments, environment, file_actions=actions)
    except OSError as error:
        raise unusable(Path(sys.executable), error) from error


def _reaped(pid: int) -> int | None:
    """The exit status of a child that has ended (negative: a signal), None while it lives."""
    try:
        ended, status = os.waitpid(pid, os.WNOHANG)
    except ChildProcessError:
        return 0
    return os.waitstatus_to_exitcode(status) if ended else None


def _tail(path: Path) -> list[str]:
    try:
        text = path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return []
    return text.splitlines()[-_TAIL_LINES:]


def _pause() -> None:
    time.sleep(POLL_SECONDS)  # a migration happens before there is an event loop
