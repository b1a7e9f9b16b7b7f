"""The log of a call: everything on descriptors 1 and 2, in order, framed by our lines."""

from __future__ import annotations

import asyncio
import os
import re

from bunsui.local.runners.outcomes import Returned
from bunsui.local.runners.pool import LambdaPool

from .conftest import Caller, Desk
from .test_pool import until

LOGGED = re.compile(r"\[WARNING\]\t\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z\tcall-1\tcareful: wet")
REPORT = re.compile(
    r"REPORT RequestId: call-1\tDuration: [\d.]+ ms\tBilled Duration: \d+ ms\tMemory Size: 256 MB"
    r"\tMax Memory Used: \d+ MB\tInit Duration: [\d.]+ ms"
)


async def test_lines_and_their_order(invoke: Caller, desk: Desk) -> None:
    call = desk.invocation(b'{"what": "wet"}')
    await invoke.call(desk.function("logs"), call)
    lines = call.log_path.read_text(encoding="utf-8").splitlines()
    assert lines[:2] == ["START RequestId: call-1 Version: $LATEST", "plain"]
    assert lines[2].startswith("no newline,")
    assert LOGGED.fullmatch(lines[2].removeprefix("no newline,"))
    assert lines[3:5] == ["from a child", "END RequestId: call-1"]
    assert REPORT.fullmatch(lines[5])
    assert len(lines) == 6


async def test_each_call_has_its_own_log(invoke: Caller, desk: Desk) -> None:
    first, second = desk.invocation(b'{"what": 1}'), desk.invocation(b'{"what": 2}')
    for call in (first, second):
        await invoke.call(desk.function("logs"), call)
    assert "careful: 1" in first.log_path.read_text(encoding="utf-8")
    assert "careful: 2" in second.log_path.read_text(encoding="utf-8")
    assert "careful: 2" not in first.log_path.read_text(encoding="utf-8")


async def test_output_is_there_as_it_is_written(desk: Desk, pool: LambdaPool) -> None:
    (desk.project / "dots.py").write_text(
        "def f(e, c):\n    print('half a line', end='')\n    open(e).read()\n", encoding="utf-8"
    )
    go = desk.root / "go"
    os.mkfifo(go)
    call = desk.invocation(f'"{go}"'.encode())
    task = asyncio.create_task(pool.invoke(desk.function("dots:f"), call, desk.record))
    await until(lambda: call.log_path.exists() and call.log_path.read_text().endswith("half a line"))
    go.write_text("", encoding="utf-8")
    assert isinstance(await task, Returned)


async def test_output_of_the_import_belongs_to_the_call_that_needed_it(invoke: Caller, desk: Desk) -> None:
    (desk.project / "loud.py").write_text("print('importing')\ndef f(e, c): return 1\n", encoding="utf-8")
    call = desk.invocation()
    await invoke.call(desk.function("loud:f"), call)
    assert call.log_path.read_text(encoding="utf-8").startswith("importing\nSTART RequestId")


async def test_binary_and_huge_output_are_kept_byte_for_byte(invoke: Caller, desk: Desk) -> None:
    call = desk.invocation()
    await invoke.call(desk.function("binary"), call)
    assert bytes(range(256)) * 100 + b"\xff\xfe\\ud800\\udfff\n" in call.log_path.read_bytes()
    call = desk.invocation()
    await invoke.call(desk.function("huge_line"), call)
    assert b"x" * 5_000_000 + b"\n" in call.log_path.read_bytes()


async def test_error_is_in_the_log(invoke: Caller, desk: Desk) -> None:
    call = desk.invocation()
    await invoke.call(desk.function("custom_error"), call)
    log = call.log_path.read_text(encoding="utf-8")
    assert "[ERROR] Custom: text of it\nTraceback (most recent call last):\n" in log
