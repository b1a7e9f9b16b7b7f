"""How a container task ended, in ECS's words."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from zlib import crc32

import pytest

from bunsui.local.runners.outcomes import Lost, TaskCause, TaskStopped
from bunsui.local.runners.specs import InFlight, Started
from bunsui.local.runners.task_end import KILLED, TaskEnded, not_started, settle_task


def ended(folder: Path, cause: TaskCause = "exited", **more: Any) -> TaskEnded:
    started = Started(id="t1", pid=1, create_time=0.0, deadline=0.0)
    call = InFlight(
        started=started, spool_path=folder / "s", log_path=folder / "l", memory_mb=512, timeout=9.0
    )
    return TaskEnded(call=call, cause=cause, **more)


def spool(folder: Path, body: bytes | None = None, **meta: Any) -> None:
    plain = {"version": 1, "id": "t1", "cause": "exited", "exit_code": 0, "duration_ms": 7.0}
    used = {"max_memory_mb": 100, "user_seconds": 1.5, "system_seconds": 0.5}
    size = {"length": None if body is None else len(body), "crc32": crc32(body or b"")}
    line = json.dumps({**plain, **used, **size, **meta})
    (folder / "s").write_bytes(line.encode() + b"\n" + (body or b""))


def stopped(task: TaskEnded) -> TaskStopped:
    outcome = settle_task(task)
    assert isinstance(outcome, TaskStopped)
    return outcome


def test_the_record_tells_exit_code_output_and_use(tmp_path: Path) -> None:
    spool(tmp_path, b'{"rows":1}', exit_code=3)
    found = stopped(ended(tmp_path))
    assert (found.cause, found.exit_code, found.output) == ("exited", 3, b'{"rows":1}')
    assert (found.report.duration_ms, found.report.user_seconds) == (7.0, 1.5)


@pytest.mark.parametrize(
    ("cause", "stop_code", "words"),
    [
        ("exited", "EssentialContainerExited", "Essential container in task exited"),
        ("out_of_memory", "EssentialContainerExited", "OutOfMemoryError"),
        ("timed_out", "UserInitiated", "timed out after 9.00 seconds"),
        ("stopped", "UserInitiated", "stopped by user"),
    ],
)
def test_every_end_has_its_words(tmp_path: Path, cause: TaskCause, stop_code: str, words: str) -> None:
    spool(tmp_path, cause=cause)
    found = stopped(ended(tmp_path))
    assert found.stop_code == stop_code
    assert words in found.reason


@pytest.mark.parametrize("cause", ["out_of_memory", "timed_out", "stopped"])
def test_without_a_record_it_was_killed_for_the_reason_we_had(tmp_path: Path, cause: TaskCause) -> None:
    found = stopped(ended(tmp_path, cause, peak_mb=77, duration_ms=5.0))
    assert (found.cause, found.exit_code, found.output) == (cause, KILLED, None)
    assert (found.report.max_memory_mb, found.report.duration_ms) == (77, 5.0)


def test_without_a_record_and_a_reason_it_is_lost(tmp_path: Path) -> None:
    assert isinstance(settle_task(ended(tmp_path)), Lost)


@pytest.mark.parametrize(("peak", "cause"), [(512, "exited"), (513, "out_of_memory")])
def test_who_rose_above_the_limit_unseen_would_have_been_killed(
    tmp_path: Path, peak: int, cause: str
) -> None:
    spool(tmp_path, b"1", max_memory_mb=peak)
    assert stopped(ended(tmp_path)).cause == cause


def test_what_never_became_a_process_has_no_exit_code(tmp_path: Path) -> None:
    spool(tmp_path, cause="not_started", reason="no such file: x")
    assert settle_task(ended(tmp_path)) == not_started("t1", 512, "no such file: x")
    assert stopped(ended(tmp_path)).stop_code == "TaskFailedToStart"
