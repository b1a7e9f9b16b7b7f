"""Container tasks as processes: environment, exit codes, stop reasons, limits."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from pathlib import Path

import pytest

from bunsui.local.runners.containers import ContainerRunner
from bunsui.local.runners.outcomes import Lost, TaskOutcome, TaskStopped
from bunsui.local.runners.specs import Started, TaskSpec

from .conftest import Desk, Runner
from .test_pool import gone, until


def stopped(outcome: TaskOutcome) -> TaskStopped:
    assert isinstance(outcome, TaskStopped), outcome
    return outcome


def python(desk: Desk, code: str, *, memory_mb: int = 256, **env: str) -> TaskSpec:
    return desk.task("python", "-c", code, memory_mb=memory_mb, **env)


async def test_input_output_and_environment(run: Runner, desk: Desk) -> None:
    code = (
        "import json, os, sys; data = json.load(open(os.environ['BUNSUI_INPUT']));"
        "json.dump({'input': data, 'env': {k: v for k, v in os.environ.items() if k.startswith('BUNSUI_')},"
        "'colour': os.environ['COLOUR'], 'cwd': os.getcwd(), 'python': sys.executable},"
        "open(os.environ['BUNSUI_OUTPUT'], 'w'))"
    )
    call = desk.task_call(b'{"month": "2019-03"}')
    end = stopped(await run(python(desk, code, COLOUR="red", BUNSUI_TRY="9"), call))
    assert (end.cause, end.exit_code, end.stop_code) == ("exited", 0, "EssentialContainerExited")
    assert end.output is not None
    written = json.loads(end.output)
    assert written["input"] == {"month": "2019-03"}
    assert written["colour"] == "red"
    assert written["cwd"] == str(desk.project)
    assert Path(written["python"]).samefile(sys.executable)
    assert written["env"] == {
        "BUNSUI_SESSION": "s-1",
        "BUNSUI_RUN": "taxi",
        "BUNSUI_ATTEMPT": "2",
        "BUNSUI_JOB": "fetch",
        "BUNSUI_IDEMPOTENCY_KEY": "key-1",
        "BUNSUI_TRY": "1",
        "BUNSUI_ITEM": "a",
        "BUNSUI_INPUT": str(call.input_path),
        "BUNSUI_OUTPUT": str(call.output_path),
        "BUNSUI_MEMORY": "256",
        "BUNSUI_CPU": "256",
        "BUNSUI_RUNNER": "1",
    }


@pytest.mark.parametrize(
    "code,expected", [("raise SystemExit(7)", 7), ("import os; os.kill(os.getpid(), 11)", 139)]
)
async def test_exit_codes(run: Runner, desk: Desk, code: str, expected: int) -> None:
    end = stopped(await run(python(desk, code)))
    assert (end.cause, end.exit_code) == ("exited", expected)
    assert end.reason == "Essential container in task exited"
    assert end.output is None


async def test_output_of_an_earlier_try_does_not_count(run: Runner, desk: Desk) -> None:
    call = desk.task_call()
    call.output_path.parent.mkdir(parents=True)
    call.output_path.write_text('"stale"', encoding="utf-8")
    assert stopped(await run(desk.task("true"), call)).output is None


async def test_input_of_the_caller_is_left_alone(run: Runner, desk: Desk) -> None:
    call = desk.task_call(None)
    call.input_path.parent.mkdir(parents=True)
    call.input_path.write_text('"mine"', encoding="utf-8")
    end = stopped(await run(desk.task("sh", "-c", 'cp "$BUNSUI_INPUT" "$BUNSUI_OUTPUT"'), call))
    assert end.output == b'"mine"'


async def test_log_holds_both_streams_and_children(run: Runner, desk: Desk) -> None:
    call = desk.task_call()
    await run(desk.task("sh", "-c", "echo out; echo err >&2; sh -c 'echo child'"), call)
    assert call.log_path.read_text(encoding="utf-8") == "out\nerr\nchild\n"


async def test_command_that_does_not_exist(run: Runner, desk: Desk) -> None:
    end = stopped(await run(desk.task("no-such-command")))
    assert (end.cause, end.exit_code, end.stop_code) == ("not_started", None, "TaskFailedToStart")
    assert end.reason.startswith("CannotStartContainerError: exec: 'no-such-command'")


async def test_task_without_a_command(run: Runner, desk: Desk) -> None:
    end = stopped(await run(desk.task()))
    assert (end.cause, end.reason) == ("not_started", "CannotStartContainerError: the task names no command")


async def test_folder_that_does_not_exist(run: Runner, desk: Desk) -> None:
    task = TaskSpec(name="task", project=desk.root / "absent", command=("true",))
    end = stopped(await run(task))
    assert end.cause == "not_started"
    assert "absent" in end.reason


async def test_memory_limit(run: Runner, desk: Desk) -> None:
    end = stopped(
        await run(python(desk, "import time; d = bytearray(300 << 20); time.sleep(60)", memory_mb=128))
    )
    assert (end.cause, end.exit_code) == ("out_of_memory", 137)
    assert end.reason == "OutOfMemoryError: Container killed due to memory usage"
    assert end.report.max_memory_mb > 128


async def test_short_peak_is_out_of_memory_too(run: Runner, desk: Desk) -> None:
    end = stopped(await run(python(desk, "d = bytearray(160 << 20)", memory_mb=128)))
    assert (end.cause, end.exit_code) == ("out_of_memory", 137)


async def test_deadline(run: Runner, desk: Desk) -> None:
    call = desk.task_call(timeout=0.4)
    end = stopped(await run(desk.task("sh", "-c", "sleep 600 & echo $!; sleep 600"), call))
    assert (end.cause, end.exit_code, end.stop_code) == ("timed_out", 143, "UserInitiated")
    assert end.reason == "Task timed out after 0.40 seconds"
    child = int(call.log_path.read_text(encoding="utf-8").split()[0])
    await until(lambda: gone(child))


async def test_deadline_of_a_command_that_ignores_sigterm(run: Runner, desk: Desk) -> None:
    call = desk.task_call(timeout=0.4, stop_timeout=0.2)
    code = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(600)"
    end = stopped(await run(python(desk, code), call))
    assert (end.cause, end.exit_code) == ("timed_out", 137)


async def test_stop_lets_the_command_clean_up(run: Runner, desk: Desk, containers: ContainerRunner) -> None:
    call = desk.task_call()
    code = (
        "import signal, sys, time\n"
        "def leave(*_): print('cleaning'); sys.exit(9)\n"
        "signal.signal(signal.SIGTERM, leave); print('ready'); time.sleep(600)"
    )
    task = asyncio.create_task(run(python(desk, code), call))
    await until(lambda: call.log_path.exists() and "ready" in call.log_path.read_text(encoding="utf-8"))
    assert containers.stop(call.id)
    end = stopped(await task)
    assert (end.cause, end.exit_code, end.reason) == ("stopped", 9, "Task stopped by user")
    assert "cleaning" in call.log_path.read_text(encoding="utf-8")
    assert not containers.stop(call.id)


async def test_processes_left_behind_end_with_the_task(run: Runner, desk: Desk) -> None:
    call = desk.task_call()
    assert stopped(await run(desk.task("sh", "-c", "sleep 600 & echo $!"), call)).exit_code == 0
    await until(lambda: gone(int(call.log_path.read_text(encoding="utf-8").split()[0])))


async def test_killed_shim_is_lost_and_leaves_nothing(run: Runner, desk: Desk) -> None:
    call = desk.task_call()
    task = asyncio.create_task(run(desk.task("sh", "-c", "echo $$; sleep 600"), call))
    await until(lambda: call.log_path.exists() and call.log_path.read_text(encoding="utf-8"))
    os.kill(desk.started[0].pid, signal.SIGKILL)
    assert isinstance(await task, Lost)
    await until(lambda: gone(int(call.log_path.read_text(encoding="utf-8").split()[0])))


async def test_nothing_runs_if_the_record_fails(desk: Desk, containers: ContainerRunner) -> None:
    async def refuse(record: Started) -> None:
        desk.started.append(record)
        raise OSError("disk full")

    call = desk.task_call()
    with pytest.raises(OSError, match="disk full"):
        await containers.run(desk.task("sh", "-c", "echo ran"), call, refuse)
    await until(lambda: gone(desk.started[0].pid))
    assert call.log_path.read_text(encoding="utf-8") == ""


async def test_cpu_is_recorded(run: Runner, desk: Desk) -> None:
    end = stopped(await run(python(desk, "sum(range(5_000_000))")))
    assert end.report.user_seconds > 0.02
    assert end.report.duration_ms >= end.report.user_seconds * 500
    assert end.report.max_memory_mb > 5


async def test_project_interpreter_is_first_on_the_path(desk: Desk, run: Runner, tmp_path: Path) -> None:
    own = desk.project / ".venv" / "bin" / "python"
    own.parent.mkdir(parents=True)
    own.write_text('#!/bin/sh\necho own "$@"\n', encoding="utf-8")
    own.chmod(0o755)
    call = desk.task_call()
    await run(TaskSpec(name="task", project=desk.project, command=("python3", "clean.py")), call)
    assert call.log_path.read_text(encoding="utf-8") == "own clean.py\n"
