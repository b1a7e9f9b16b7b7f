"""The program that starts a container task, outlives the worker with it and records how it ended.

Standard library only; started by its path with `python -I -S`, in its own session, in the project's folder
and with the task's environment. It waits for one JSON line on stdin (`id, command, output, spool`): without
it, the worker died before it had recorded the start, and nothing is run. SIGTERM (stopped) and SIGUSR2 (out
of time) become SIGTERM of the command, SIGUSR1 becomes its SIGKILL (out of memory unless a cause is known).

The spool file is one JSON line (`version, id, status, length, cause, exit_code, reason` and what was used)
and `length` bytes behind it: what the task left at `BUNSUI_OUTPUT`; `length` is null if it left nothing.
"""

from __future__ import annotations

import json
import os
import signal
import stat
import sys
import time
from types import FrameType
from typing import Any

# Python ignores these; the command shall not inherit that.
IGNORED = [signal.SIGPIPE, signal.SIGXFSZ]


class Shim:
    """One command, its end and the cause that somebody gave for it."""

    def __init__(self, order: dict[str, Any]) -> None:
        self._order = order
        self._child = 0
        self._cause = ""
        self._pending = 0

    def run(self) -> None:
        """Start the command, wait for it, record."""
        begin = time.monotonic()
        for number in (signal.SIGTERM, signal.SIGUSR1, signal.SIGUSR2):
            signal.signal(number, self._forward)
        command = self._order["command"]
        try:
            self._child = os.posix_spawnp(command[0], command, os.environ, setsigdef=IGNORED)
        except OSError as error:
            reason = f"CannotStartContainerError: exec: {command[0]!r}: {error.strerror}"
            self._record({"cause": "not_started", "exit_code": None, "reason": reason})
            return
        if self._pending:
            os.kill(self._child, self._pending)
        _, status, used = os.wait4(self._child, 0)
        self._child = 0
        self._record(
            {
                "cause": self._cause or "exited",
                "exit_code": exit_code(status),
                "duration_ms": round((time.monotonic() - begin) * 1000, 3),
                "max_memory_mb": -(-used.ru_maxrss // (1024 * 1024 if sys.platform == "darwin" else 1024)),
                "user_seconds": round(used.ru_utime, 3),
                "system_seconds": round(used.ru_stime, 3),
            }
        )

    def _forward(self, number: int, frame: FrameType | None) -> None:
        causes = {signal.SIGTERM: "stopped", signal.SIGUSR1: "out_of_memory", signal.SIGUSR2: "timed_out"}
        self._cause = self._cause or causes[signal.Signals(number)]
        self._pending = signal.SIGKILL if number == signal.SIGUSR1 else signal.SIGTERM
        if self._child:
            os.kill(self._child, self._pending)

    def _record(self, end: dict[str, Any]) -> None:
        spool = self._order["spool"]
        scratch = f"{spool}.{os.getpid()}.tmp"
        output = read_output(self._order["output"])
        length = None if output is None else len(output)
        meta = {"version": 1, "id": self._order["id"], "status": "stopped", "length": length, **end}
        with os.fdopen(os.open(scratch, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            file.write(json.dumps(meta).encode() + b"\n" + (output or b""))
            file.flush()
            os.fsync(file.fileno())
        os.replace(scratch, spool)


def read_output(path: str) -> bytes | None:
    """Return what the task wrote, or None where there is no readable regular file."""
    try:
        if not stat.S_ISREG(os.stat(path).st_mode):
            return None
        with open(path, "rb") as file:
            return file.read()
    except OSError:
        return None


def exit_code(status: int) -> int:
    """Return the exit code as containers show it: 128 + n for signal n."""
    code = os.waitstatus_to_exitcode(status)
    return code if code >= 0 else 128 - code


def main() -> None:
    """Run one task; at its end, end whatever it left running, as the end of a container does."""
    line = sys.stdin.buffer.readline()
    if not line.endswith(b"\n"):
        return
    Shim(json.loads(line)).run()
    if os.getpgrp() == os.getpid():
        os.killpg(0, signal.SIGKILL)


if __name__ == "__main__":
    main()
