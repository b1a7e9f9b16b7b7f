"""Many executions that wait at once: memory, and how late their timers are.

``python bench/waiting.py [--count 10000] [--spread 10]`` begins them on the SQLite log, lets each wait for a
moment of its own in real time, and then does the same under virtual time. Exit status 1: a goal is missed.
"""

from __future__ import annotations

import argparse
import asyncio
import resource
import sys
import tempfile
import time
from collections.abc import Iterable, Sequence
from heapq import heapify, heappop, heapreplace
from pathlib import Path
from typing import Any

import orjson

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from bunsui.asl import Execution, ExecutionStart, HistoryEvent, TimeReached, compile_machine
from bunsui.asl.clock import iso, parse_timestamp
from bunsui.local.api.host import Host, NewRun
from bunsui.local.api.tables import MIGRATIONS
from bunsui.local.engine.executions import ExecutionRecord
from bunsui.local.sqlite.database import Database

LATE_MS = 20.0
MEMORY_MIB = 300.0
TRIAL = 100
MACHINE = "arn:aws:states:us-east-1:123456789012:stateMachine:wait"
DEFINITION: dict[str, Any] = {
    "StartAt": "Wait",
    "States": {
        "Wait": {"Type": "Wait", "TimestampPath": "$.due", "Next": "Done"},
        "Done": {"Type": "Pass", "End": True},
    },
}


class Nothing:
    """A carrier for executions without tasks; `left` counts those that run."""

    def __init__(self, left: int) -> None:
        self.left = left
        self.done = asyncio.Event()

    async def at_once(self, record: ExecutionRecord, effect: object) -> None:
        raise AssertionError(f"{effect} was not expected")

    def issue(self, record: ExecutionRecord, effect: object) -> None:
        raise AssertionError(f"{effect} was not expected")

    def ended(self, record: ExecutionRecord) -> None:
        self.left -= 1
        if not self.left:
            self.done.set()


def new_run(number: int, due: float) -> NewRun:
    arn = f"{MACHINE.replace(':stateMachine:', ':execution:')}:run-{number}"
    start = ExecutionStart(
        arn=arn,
        name=f"run-{number}",
        input={"due": iso(due)},
        started_at=time.time(),
        state_machine_arn=MACHINE,
        state_machine_name="wait",
        seed=str(number),
    )
    return NewRun(start=start, definition=DEFINITION, type="STANDARD", machine=MACHINE, body={})


async def real(count: int, spread: float, folder: Path) -> tuple[list[float], float]:
    """Milliseconds late of every timer, and the peak of memory in MiB."""
    host = Host(Database(folder / "states.db", migrations=MIGRATIONS))
    carrier = Nothing(count + TRIAL)
    host.attach(carrier)
    driving = asyncio.create_task(host.run())
    begun = time.monotonic()
    await begin(host, (new_run(count + number, time.time()) for number in range(TRIAL)))
    # How long the disk takes for the others decides when the first of them can be due.
    first = time.time() + 10 + 2 * count * (time.monotonic() - begun) / TRIAL
    begun = time.monotonic()
    await begin(host, (new_run(number, first + spread * number / count) for number in range(count)))
    print(
        f"  {count} executions begun in {time.monotonic() - begun:.1f} s, {first - time.time():.1f} s early"
    )
    memory = rss()
    await carrier.done.wait()
    memory = max(memory, rss())
    late = [lateness(host.journal.events(number)) for number in range(TRIAL + 1, TRIAL + count + 1)]
    host.stop()
    await driving
    return late, memory


async def begin(host: Host, runs: Iterable[NewRun]) -> None:
    for run in runs:
        host.begin(run)
        await asyncio.sleep(0)


def virtual(count: int) -> tuple[list[float], float]:
    """The same without a clock: whoever is due next is next."""
    machine, far = compile_machine(DEFINITION), time.time() + 180 * 86_400
    executions = [Execution(machine, new_run(number, far + number).start) for number in range(count)]
    for execution in executions:
        execution.start()
    memory = rss()
    heap = [(execution.next_timer or 0.0, at) for at, execution in enumerate(executions)]
    heapify(heap)
    while heap:
        due, at = heap[0]
        executions[at].apply(TimeReached(due))
        following = executions[at].next_timer
        heappop(heap) if following is None else heapreplace(heap, (following, at))
    return [lateness(execution.history) for execution in executions], memory


def lateness(events: Iterable[HistoryEvent]) -> float:
    """Milliseconds from the moment that an execution waited for to the event that it left the wait."""
    left = next(event for event in events if event.type == "WaitStateExited")
    due = orjson.loads(left.details["output"])["due"]
    return (left.at - parsed(due)) * 1000


def parsed(text: str) -> float:
    return parse_timestamp(text) or 0.0


def rss() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def report(name: str, late: Sequence[float], memory: float) -> bool:
    """Print one line; whether the goals are met."""
    ordered = sorted(late)
    p50, p99 = ordered[len(ordered) // 2], ordered[len(ordered) * 99 // 100]
    print(f"{name:8} p50 {p50:.2f} ms  p99 {p99:.2f} ms  max {ordered[-1]:.2f} ms late  {memory:.0f} MiB")
    return p99 <= LATE_MS and memory <= MEMORY_MIB


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--count", type=int, default=10_000)
    parser.add_argument("--spread", type=float, default=10.0, help="seconds over which the timers are due")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="bunsui-waiting-") as folder:
        good = report("real", *asyncio.run(real(given.count, given.spread, Path(folder))))
    return 0 if report("virtual", *virtual(given.count)) and good else 1


if __name__ == "__main__":
    sys.exit(main())
