"""What a call costs beyond the handler: Lambda calls, warm and cold, and container tasks.

Run `python bench/runners.py`. The warm call is measured with and without the fsync of its spool
file, which is the disk's share.
"""

from __future__ import annotations

import asyncio
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from bunsui.local.runners.containers import ContainerRunner
from bunsui.local.runners.pool import LambdaPool
from bunsui.local.runners.specs import CallContext, FunctionSpec, Invocation, Started, TaskCall, TaskSpec

HANDLER = """
import os

def echo(event, context):
    return event

def without_fsync(event, context):
    os.fsync = lambda descriptor: None
    return event
"""
CONTEXT = CallContext(session="s", run="r", attempt=1, job="j", idempotency_key="k")


async def ignore(started: Started) -> None:
    """Record nothing."""


async def measure(name: str, count: int, call: Callable[[int], Awaitable[object]]) -> None:
    times = []
    for number in range(count):
        begin = time.perf_counter()
        await call(number)
        times.append((time.perf_counter() - begin) * 1000)
    times.sort()
    p99 = times[min(count - 1, int(count * 0.99))]
    print(f"{name:36} {count:5}  p50 {statistics.median(times):8.3f} ms  p99 {p99:8.3f} ms")


async def lambdas(root: Path, environment: dict[str, str]) -> None:
    pool = LambdaPool(environment=environment, max_idle=4)

    def call(handler: str, payload: bytes, code: str = "") -> Callable[[int], Awaitable[object]]:
        async def one(number: int) -> object:
            spec = FunctionSpec(
                name="f",
                project=root,
                handler=f"work:{handler}",
                code_hash=f"{code}{number}" if code else "",
                python=Path(sys.executable),
            )
            call_id = f"{handler}-{len(payload)}-{code}{number}"
            files = {"log_path": root / f"{call_id}.log", "spool_path": root / f"{call_id}.spool"}
            invocation = Invocation(id=call_id, payload=payload, context=CONTEXT, timeout=30, **files)
            return await pool.invoke(spec, invocation, ignore)

        return one

    await measure("lambda, cold", 20, call("echo", b"{}", "v"))
    await measure("lambda, warm", 1000, call("echo", b'{"a": 1}'))
    await measure("lambda, warm, 1 MB", 50, call("echo", b'"' + b"x" * 1_000_000 + b'"'))
    await measure("lambda, warm, without fsync", 1000, call("without_fsync", b'{"a": 1}'))
    await pool.close()


async def tasks(root: Path, environment: dict[str, str]) -> None:
    runner = ContainerRunner(runtime_dir=root / "runtime", environment=environment)

    async def one(number: int) -> object:
        def path(name: str) -> Path:
            return root / f"task-{number}.{name}"

        call = TaskCall(
            id=f"task-{number}",
            input=b"{}",
            context=CONTEXT,
            timeout=30,
            input_path=path("input"),
            output_path=path("output"),
            log_path=path("log"),
            spool_path=path("spool"),
        )
        return await runner.run(TaskSpec(name="t", project=root, command=("true",)), call, ignore)

    await measure("container task, `true`", 20, one)


async def main() -> None:
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        root = Path(folder)
        (root / "work.py").write_text(HANDLER, encoding="utf-8")
        await lambdas(root, dict(os.environ))
        await tasks(root, dict(os.environ))


asyncio.run(main())
