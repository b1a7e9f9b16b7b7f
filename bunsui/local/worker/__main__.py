"""`python -m bunsui.local.worker --data-dir …`: what a client starts when no worker answers."""

from __future__ import annotations

import argparse
import asyncio
import gc
import os
import sys
from pathlib import Path

from bunsui.errors import BunsuiError
from bunsui.local.data_dir import DataDir
from bunsui.local.worker.lock import WorkerLock

GARBAGE = (20_000, 20, 20)
"""How many objects more than before are looked through for cycles, which hardly anything here makes.

The default is 700: a worker that holds the executions of a wide map would spend a sixth of its time on it.
"""


def main() -> int:
    """Work for a data directory until there is nothing to do. Returns 0 at once where another worker does."""
    arguments = _arguments()
    data = DataDir(arguments.data_dir.absolute())
    try:
        data.prepare()
        return _work(data, arguments.idle)
    except BunsuiError as error:
        # What a client shows whose worker does not start; the log may be what cannot be written.
        sys.stderr.write(f"{error.code}: {error.message}\n")
        return 1


def _work(data: DataDir, idle: float) -> int:
    lock = WorkerLock(data)
    if not lock.acquire():
        return 0
    _leave_the_client()
    os.chdir(data.root)
    try:
        asyncio.run(_live(data, idle))
    finally:
        lock.release()
    return 0


async def _live(data: DataDir, idle: float) -> None:
    # Who does not get the lock loads nothing.
    from bunsui.local.worker.life import Worker  # noqa: PLC0415
    from bunsui.local.worker.log import write_to  # noqa: PLC0415

    write_to(data.worker_log)
    worker = Worker(data, idle=idle, environment=dict(os.environ))
    # Modules stay for good: not to be looked through at all.
    gc.freeze()
    gc.set_threshold(*GARBAGE)
    await worker.run()


def _leave_the_client() -> None:
    """Become a session of our own: what ends the client's terminal or group does not reach us."""
    if os.getpid() != os.getsid(0):
        os.setsid()


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="bunsui.local.worker")
    parser.add_argument("--data-dir", type=Path, required=True)
    parser.add_argument("--idle", type=float, default=300.0)
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
