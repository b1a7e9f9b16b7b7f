"""Lambda handlers in warm processes: what they see, how their errors are named, what is kept warm."""

from __future__ import annotations

import asyncio
import json
import os
import signal
from pathlib import Path
from typing import Any

import psutil
import pytest

from bunsui.local.runners import pool as pool_module
from bunsui.local.runners.outcomes import Cancelled, Failed, Lost, Outcome, Returned
from bunsui.local.runners.pool import LambdaPool
from bunsui.local.runners.process import is_running
from bunsui.local.runners.specs import Started

from .conftest import Caller, Desk


def value(outcome: Outcome) -> Any:
    assert isinstance(outcome, Returned), outcome
    return json.loads(outcome.payload)


def error(outcome: Outcome) -> tuple[str, str]:
    assert isinstance(outcome, Failed), outcome
    return outcome.error.error_type, outcome.error.error_message


async def test_payload_goes_through_unchanged(invoke: Caller) -> None:
    event = {"text": "分水 \u2028", "number": 10**30, "list": [None, True, 1.5]}
    assert value(await invoke("echo", json.dumps(event).encode())) == event


async def test_context_is_that_of_aws(invoke: Caller, desk: Desk) -> None:
    seen = value(await invoke("describe", memory_mb=512, timeout=30.0))
    assert seen.pop("remaining") in range(29_000, 30_001)
    assert seen == {
        "function_name": "fn",
        "function_version": "$LATEST",
        "memory_limit_in_mb": "512",
        "aws_request_id": "call-1",
        "invoked_function_arn": "arn:aws:lambda:local:000000000000:function:fn",
        "log_group_name": "/aws/lambda/fn",
        "custom": {
            "session": "s-1",
            "run": "taxi",
            "attempt": 2,
            "job": "fetch",
            "idempotency_key": "key-1",
            "try": 1,
            "item": "a",
        },
        "token": None,
        "log_stream_name": seen["log_stream_name"],
        "timezone": "UTC",
    }


async def test_handler_name_of_aws_is_understood(invoke: Caller) -> None:
    spec = invoke.desk.function("handlers:echo")
    aws_style = type(spec)(name="fn", project=spec.project, handler="handlers.echo")
    assert value(await invoke.call(aws_style, invoke.desk.invocation(b"7"))) == 7


ERRORS = [
    ("custom_error", "Custom", "text of it"),
    ("chained", "Custom", "outer"),
    ("unprintable", "Unprintable", "<unprintable Unprintable object>"),
    ("surrogate_error", "ValueError", "\\ud800 half"),
    ("recursion", "RecursionError", "maximum recursion depth exceeded"),
    ("a_set", "Runtime.MarshalError", "Object of type set is not JSON serializable"),
    ("a_date", "Runtime.MarshalError", "Object of type date is not JSON serializable"),
    ("not_a_number", "Runtime.MarshalError", "Out of range float values"),
    ("surrogate", "Runtime.MarshalError", "surrogates not allowed"),
    ("circular", "Runtime.MarshalError", "Circular reference detected"),
    ("deep", "Runtime.MarshalError", "maximum recursion depth exceeded"),
    ("other_bytes", "Runtime.MarshalError", "codec can't decode"),
    ("coroutine", "Runtime.MarshalError", "Object of type coroutine is not JSON serializable"),
    ("generator", "Runtime.MarshalError", "Object of type generator is not JSON serializable"),
    ("missing", "Runtime.HandlerNotFound", "Handler 'missing' missing on module 'handlers'"),
    (
        "nowhere:f",
        "Runtime.ImportModuleError",
        "Unable to import module 'nowhere': No module named 'nowhere'",
    ),
    ("handlers:", "Runtime.MalformedHandlerName", "Bad handler 'handlers:'"),
    ("interrupt", "Runtime.ExitError", "Runtime exited with error: exit status 1"),
]


async def test_error_names_are_those_of_aws(invoke: Caller, subtests: pytest.Subtests) -> None:
    for handler, kind, message in ERRORS:
        with subtests.test(handler):
            found_kind, found_message = error(await invoke(handler))
            assert found_kind == kind
            assert message in found_message


async def test_error_document(invoke: Caller) -> None:
    outcome = await invoke("custom_error")
    assert isinstance(outcome, Failed)
    document = json.loads(outcome.error.to_json())
    assert list(document) == ["errorMessage", "errorType", "requestId", "stackTrace"]
    assert document["requestId"] == outcome.id
    assert len(document["stackTrace"]) == 1
    assert "in custom_error" in document["stackTrace"][0]


async def test_long_message_is_capped_and_whole_in_the_log(invoke: Caller, desk: Desk) -> None:
    call = desk.invocation()
    _, message = error(await invoke.call(desk.function("long_error"), call))
    assert len(message) < 40_000
    assert message.endswith("(1000000 characters, whole in the log)")
    assert "x" * 1_000_000 in call.log_path.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    "source,kind",
    [
        ("import absent", "Runtime.ImportModuleError"),
        ("def f(:", "Runtime.UserCodeSyntaxError"),
        ("raise KeyError('at import')", "KeyError"),
        ("import os; os._exit(4)", "Runtime.ExitError"),
        ("import sys; sys.exit(4)", "Runtime.ExitError"),
        ("import os, signal; os.kill(os.getpid(), signal.SIGSEGV)", "Runtime.ExitError"),
    ],
)
async def test_init_failures(invoke: Caller, desk: Desk, source: str, kind: str) -> None:
    (desk.project / "broken.py").write_text(source, encoding="utf-8")
    found, message = error(await invoke("broken:handler"))
    assert found == kind
    assert message
    assert desk.started == []


async def test_init_that_never_ends_is_killed(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, invoke: Caller
) -> None:
    monkeypatch.setattr("bunsui.local.runners.pool.INIT_SECONDS", 0.1)
    (desk.project / "slow.py").write_text("import time; time.sleep(600)", encoding="utf-8")
    assert error(await invoke("slow:handler", timeout=0.2))[0] == "Sandbox.Timedout"


async def test_missing_interpreter_and_project(desk: Desk, invoke: Caller) -> None:
    spec = type(desk.function("echo"))
    no_python = spec(name="fn", project=desk.project, handler="a:b", python=Path("/no/such/python"))
    assert error(await invoke.call(no_python, desk.invocation()))[0] == "Runtime.InvalidEntrypoint"
    no_project = spec(name="fn", project=desk.root / "absent", handler="a:b")
    assert error(await invoke.call(no_project, desk.invocation()))[0] == "Runtime.InvalidEntrypoint"


@pytest.mark.parametrize(
    "handler,payload,text",
    [
        ("os_exit", b"3", "exit status 3"),
        ("os_exit", b"0", "without providing a reason"),
        ("sys_exit", b"5", "exit status 5"),
        ("sys_exit", b'"words"', "exit status 1"),
        ("sys_exit", b"0", "without providing a reason"),
        ("kill_self", str(int(signal.SIGSEGV)).encode(), "signal: segmentation fault"),
    ],
)
async def test_runtime_exits(invoke: Caller, handler: str, payload: bytes, text: str) -> None:
    kind, message = error(await invoke(handler, payload))
    assert kind == "Runtime.ExitError"
    assert message.startswith("RequestId: call-1 Error: Runtime exited")
    assert text in message


async def test_kill_from_outside_is_lost(invoke: Caller) -> None:
    assert isinstance(await invoke("kill_self", str(int(signal.SIGKILL)).encode()), Lost)


async def test_decimals_stay_exact(invoke: Caller) -> None:
    outcome = await invoke("decimals")
    assert isinstance(outcome, Returned)
    assert outcome.payload == b'{"fare": 12345678901234567890.10, "again": [1E+2]}'


async def test_json_bytes_are_passed_through(invoke: Caller) -> None:
    assert value(await invoke("json_bytes")) == {"raw": True}


async def test_answer_up_to_the_limit(invoke: Caller) -> None:
    assert len(value(await invoke("large", b"6291554"))) == 6_291_554


async def test_answer_over_the_limit(invoke: Caller) -> None:
    kind, message = error(await invoke("large", b"6291555"))
    assert kind == "Function.ResponseSizeTooLarge"
    assert message == "Response payload size exceeded maximum allowed payload size (6291556 bytes)."


async def test_deadline_kills_the_whole_group(invoke: Caller, desk: Desk) -> None:
    call = desk.invocation(timeout=0.5)
    outcome = await invoke.call(desk.function("hang"), call)
    assert error(outcome) == (
        "Sandbox.Timedout",
        f"RequestId: {call.id} Error: Task timed out after 0.50 seconds",
    )
    log = call.log_path.read_text(encoding="utf-8")
    _, pid, child = next(line for line in log.splitlines() if line.startswith("hanging")).split()
    assert gone(int(pid))
    await until(lambda: gone(int(child)))
    assert "Task timed out after 0.50 seconds" in log
    assert log.count("REPORT RequestId") == 1


async def test_deadline_reaches_children_in_a_session_of_their_own(invoke: Caller, desk: Desk) -> None:
    (desk.project / "apart.py").write_text(
        "import subprocess, time\n"
        "def f(e, c):\n"
        "    print(subprocess.Popen(['sleep', '600'], start_new_session=True).pid)\n"
        "    time.sleep(600)\n",
        encoding="utf-8",
    )
    call = desk.invocation(timeout=0.5)
    await invoke.call(desk.function("apart:f"), call)
    child = int(call.log_path.read_text(encoding="utf-8").splitlines()[1])
    await until(lambda: gone(child))


async def test_memory_of_the_group_is_limited(invoke: Caller) -> None:
    assert error(await invoke("allocate_in_child", b"400", memory_mb=128))[0] == "Runtime.OutOfMemory"


async def test_short_peak_above_the_limit_is_out_of_memory(invoke: Caller) -> None:
    kind, message = error(await invoke("allocate", b"160", memory_mb=128))
    assert kind == "Runtime.OutOfMemory"
    assert message == "RequestId: call-1 Error: Runtime exited with error: signal: killed"
    assert value(await invoke("allocate", b"60", memory_mb=128)) == 60 * 1024 * 1024


async def test_error_above_the_limit_is_out_of_memory(invoke: Caller, desk: Desk) -> None:
    (desk.project / "greedy.py").write_text(
        "def f(e, c):\n    data = bytearray(160 << 20)\n    raise ValueError(len(data))\n", encoding="utf-8"
    )
    assert error(await invoke("greedy:f", memory_mb=128))[0] == "Runtime.OutOfMemory"


async def test_memory_of_children_is_reported(invoke: Caller) -> None:
    outcome = await invoke("allocate_in_child_for_a_while", b"90", memory_mb=256)
    assert isinstance(outcome, Returned)
    assert outcome.report.max_memory_mb > 90


async def test_shared_pages_count_once(invoke: Caller) -> None:
    payload = json.dumps({"mb": 120, "children": 3}).encode()
    assert value(await invoke("share_after_fork", payload, memory_mb=256)) == 120 * 1024 * 1024


async def test_cancel_ends_the_group(invoke: Caller, desk: Desk, pool: LambdaPool) -> None:
    call = desk.invocation()
    task = asyncio.create_task(pool.invoke(desk.function("hang"), call, desk.record))
    await until(lambda: call.log_path.exists() and "hanging" in call.log_path.read_text(encoding="utf-8"))
    assert pool.cancel(call.id)
    assert await task == Cancelled(id=call.id)
    assert gone(desk.started[0].pid)
    assert not pool.cancel(call.id)


async def test_cancel_before_the_process_is_ready(invoke: Caller, desk: Desk, pool: LambdaPool) -> None:
    (desk.project / "slow.py").write_text("import time; time.sleep(600)", encoding="utf-8")
    call = desk.invocation()
    task = asyncio.create_task(pool.invoke(desk.function("slow:handler"), call, desk.record))
    await until(call.log_path.exists)
    assert pool.cancel(call.id)
    assert await task == Cancelled(id=call.id)
    assert desk.started == []


async def test_cancel_at_the_very_beginning(desk: Desk, pool: LambdaPool) -> None:
    call = desk.invocation()
    task = asyncio.create_task(pool.invoke(desk.function("echo"), call, desk.record))
    await asyncio.sleep(0)
    assert pool.cancel(call.id)
    assert await task == Cancelled(id=call.id)
    assert desk.started == []


async def test_process_that_ends_between_init_and_call(desk: Desk, invoke: Caller) -> None:
    (desk.project / "brief.py").write_text(
        "import atexit, os, threading\nthreading.Timer(0.05, os._exit, [7]).start()\ndef f(e, c): pass\n",
        encoding="utf-8",
    )

    async def slow(record: Started) -> None:
        desk.started.append(record)
        await until(lambda: gone(record.pid))

    outcome = await invoke.pool.invoke(desk.function("brief:f"), desk.invocation(), slow)
    assert isinstance(outcome, Lost)
    assert len({record.pid for record in desk.started}) == 3


async def test_started_is_told_before_the_payload_is_handed_over(desk: Desk, pool: LambdaPool) -> None:
    call = desk.invocation()
    seen: list[Started] = []

    async def started(record: Started) -> None:
        assert is_running(record.pid, record.create_time)
        assert not is_running(record.pid, record.create_time + 0.01)
        assert "START" not in call.log_path.read_text(encoding="utf-8")
        seen.append(record)

    value(await pool.invoke(desk.function("echo"), call, started))
    assert [record.id for record in seen] == [call.id]


async def test_error_of_the_record_passes_through(desk: Desk, pool: LambdaPool) -> None:
    async def refuse(record: Started) -> None:
        raise ConnectionError("store is gone")

    with pytest.raises(ConnectionError, match="store is gone"):
        await pool.invoke(desk.function("identity"), desk.invocation(), refuse)


async def test_nothing_is_called_if_the_record_fails(desk: Desk, pool: LambdaPool, invoke: Caller) -> None:
    async def refuse(record: Started) -> None:
        desk.started.append(record)
        raise OSError("disk full")

    call = desk.invocation()
    with pytest.raises(OSError, match="disk full"):
        await pool.invoke(desk.function("identity"), call, refuse)
    assert not call.spool_path.exists()
    assert value(await invoke("identity"))["pid"] == desk.started[0].pid


async def test_processes_are_kept_warm(invoke: Caller) -> None:
    first, second = value(await invoke("identity")), value(await invoke("identity"))
    assert first["pid"] == second["pid"]


async def test_one_process_per_concurrent_call(invoke: Caller) -> None:
    outcomes = await asyncio.gather(*(invoke("identity") for _ in range(4)))
    assert len({value(outcome)["pid"] for outcome in outcomes}) == 4


async def test_changed_code_environment_and_memory_get_their_own_process(invoke: Caller) -> None:
    pids = [
        value(await invoke("identity", code_hash="1"))["pid"],
        value(await invoke("identity", code_hash="2"))["pid"],
        value(await invoke("identity", code_hash="2", memory_mb=300))["pid"],
        value(await invoke("identity", code_hash="2", COLOUR="red"))["pid"],
    ]
    assert len(set(pids)) == 4
    await until(lambda: gone(pids[0]))
    assert not gone(pids[1])


async def test_changed_code_is_run_even_if_size_and_time_stay(invoke: Caller, desk: Desk) -> None:
    (desk.project / "shared").mkdir()
    module = desk.project / "shared" / "rate.py"
    (desk.project / "uses.py").write_text(
        "from shared import rate\ndef f(e, c): return rate.RATE\n", encoding="utf-8"
    )
    for rate in (1, 2):
        module.write_text(f"RATE = {rate}\n", encoding="utf-8")
        os.utime(module, (1_700_000_000, 1_700_000_000))
        assert value(await invoke("uses:f", code_hash=str(rate))) == rate
    assert list(desk.project.rglob("__pycache__")) == []


async def test_environment_of_the_spec_reaches_the_handler(invoke: Caller) -> None:
    assert value(await invoke("identity", COLOUR="red"))["env"] == "red"


async def test_dead_idle_process_is_replaced(invoke: Caller, desk: Desk) -> None:
    pid = value(await invoke("identity"))["pid"]
    os.kill(pid, signal.SIGKILL)
    wait_unseen(pid)
    assert value(await invoke("identity"))["pid"] != pid


async def test_idle_processes_are_few_and_end_with_the_pool(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pool_module, "SURPLUS_SECONDS", 0.0)
    pool = LambdaPool(environment=dict(os.environ), max_idle=2)
    caller = Caller(desk, pool)
    outcomes = await asyncio.gather(*(caller("identity") for _ in range(4)))
    pids = [value(outcome)["pid"] for outcome in outcomes]
    await until(lambda: sum(not gone(pid) for pid in pids) == 2)
    await pool.close()
    assert all(gone(pid) for pid in pids)


async def test_idle_processes_expire(desk: Desk) -> None:
    pool = LambdaPool(environment=dict(os.environ), idle_timeout=0.0)
    pid = value(await Caller(desk, pool)("identity"))["pid"]
    await until(lambda: gone(pid))
    await pool.close()


async def test_calls_beyond_the_limit_wait_their_turn(desk: Desk) -> None:
    pool = LambdaPool(environment=dict(os.environ), max_processes=1)
    caller = Caller(desk, pool)
    outcomes = await asyncio.gather(*(caller("identity") for _ in range(3)))
    assert len({value(outcome)["pid"] for outcome in outcomes}) == 1
    await pool.close()


async def test_report(invoke: Caller) -> None:
    cold, warm = await invoke("echo"), await invoke("echo")
    assert isinstance(cold, Returned)
    assert isinstance(warm, Returned)
    assert cold.report.init_ms is not None
    assert warm.report.init_ms is None
    assert 5 < warm.report.max_memory_mb < 128
    assert warm.report.billed_ms >= 1


async def test_project_interpreter_is_used(desk: Desk, invoke: Caller) -> None:
    own = desk.project / ".venv" / "bin" / "python"
    own.parent.mkdir(parents=True)
    own.write_text(f'#!/bin/sh\nMARK=own exec {os.path.realpath("/proc/self/exe")} "$@"\n', encoding="utf-8")
    own.chmod(0o755)
    (desk.project / "mark.py").write_text(
        "import os\ndef f(e, c): return os.environ.get('MARK')\n", encoding="utf-8"
    )
    spec = type(desk.function("echo"))(name="fn", project=desk.project, handler="mark:f")
    assert value(await invoke.call(spec, desk.invocation())) == "own"


async def test_ends_are_seen_where_the_system_has_no_pidfd(
    invoke: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr(os, "pidfd_open", raising=False)
    assert value(await invoke("echo", b"1")) == 1
    assert error(await invoke("os_exit", b"3"))[0] == "Runtime.ExitError"
    assert error(await invoke("hang", timeout=0.2))[0] == "Sandbox.Timedout"


def gone(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def wait_unseen(pid: int) -> None:
    """Wait for a death without giving the loop a turn to hear of it."""
    os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)


async def until(condition: Any) -> None:
    async with asyncio.timeout(20):
        while not condition():  # noqa: ASYNC110  files and processes of others send no events
            await asyncio.sleep(0.01)
