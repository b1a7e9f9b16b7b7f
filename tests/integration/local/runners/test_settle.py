"""What is left of a call becomes its outcome: a result that was written wins over every other story."""

from __future__ import annotations

import json
import signal
from pathlib import Path
from typing import Any
from zlib import crc32

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bunsui.local.runners.outcomes import Cancelled, Failed, Lost, Returned
from bunsui.local.runners.settle import EndCause, Ended, function_error, settle
from tests.properties import FEW

CAUSES: list[EndCause] = ["", "timed_out", "out_of_memory", "cancelled"]


def ended(folder: Path, cause: EndCause = "", returncode: int | None = None, **more: Any) -> Ended:
    given = {"id": "c1", "timeout": 3.0, "memory_mb": 128, "duration_ms": 12.5, "peak_mb": 40, **more}
    return Ended(
        spool_path=folder / "spool", log_path=folder / "log", cause=cause, returncode=returncode, **given
    )


def spool(folder: Path, body: bytes, status: str = "returned", **more: Any) -> None:
    meta = {"version": 1, "id": "c1", "status": status, "duration_ms": 5.0, "max_memory_mb": 60}
    line = json.dumps({**meta, "length": len(body), "crc32": crc32(body), **more})
    (folder / "spool").write_bytes(line.encode() + b"\n" + body)


@pytest.mark.parametrize("cause", CAUSES)
@pytest.mark.parametrize("returncode", [None, 0, 1, -9])
def test_a_result_that_was_written_counts_however_the_process_ended(
    tmp_path: Path, cause: EndCause, returncode: int | None
) -> None:
    spool(tmp_path, b'{"a":1}')
    outcome = settle(ended(tmp_path, cause, returncode))
    assert isinstance(outcome, Returned)
    assert outcome.payload == b'{"a":1}'
    assert (outcome.report.duration_ms, outcome.report.max_memory_mb) == (5.0, 60)
    assert not (tmp_path / "log").exists()


def test_the_result_of_another_call_does_not_count(tmp_path: Path) -> None:
    spool(tmp_path, b"1", id="c0")
    assert isinstance(settle(ended(tmp_path)), Lost)


@pytest.mark.parametrize(
    ("cause", "returncode", "error", "message"),
    [
        ("timed_out", -9, "Sandbox.Timedout", "Task timed out after 3.00 seconds"),
        ("out_of_memory", -9, "Runtime.OutOfMemory", "signal: killed"),
        ("", 0, "Runtime.ExitError", "exited without providing a reason"),
        ("", 7, "Runtime.ExitError", "exit status 7"),
        ("", -int(signal.SIGSEGV), "Runtime.ExitError", "signal: segmentation fault"),
    ],
)
def test_without_a_result_the_end_is_told_as_aws_does(
    tmp_path: Path, cause: EndCause, returncode: int, error: str, message: str
) -> None:
    outcome = settle(ended(tmp_path, cause, returncode))
    assert isinstance(outcome, Failed)
    assert outcome.error.error_type == error
    assert message in outcome.error.error_message
    log = (tmp_path / "log").read_text()
    assert error in log
    assert "END RequestId: c1" in log


@pytest.mark.parametrize("number", ["SIGKILL", "SIGTERM", "SIGINT", "SIGHUP", "SIGQUIT"])
def test_who_was_ended_from_outside_is_called_again(tmp_path: Path, number: str) -> None:
    outcome = settle(ended(tmp_path, "", -int(signal.Signals[number])))
    assert isinstance(outcome, Lost)
    assert number in outcome.reason


def test_nobody_knows_how_an_unwatched_process_ended(tmp_path: Path) -> None:
    assert isinstance(settle(ended(tmp_path)), Lost)


def test_a_cancelled_call_is_no_failure(tmp_path: Path) -> None:
    assert settle(ended(tmp_path, "cancelled", -9)) == Cancelled(id="c1")
    assert not (tmp_path / "log").exists()


def test_a_handler_that_raised_failed_with_its_own_error(tmp_path: Path) -> None:
    spool(tmp_path, b'{"errorType":"E","errorMessage":"m","stackTrace":["a"]}', "failed")
    outcome = settle(ended(tmp_path))
    assert isinstance(outcome, Failed)
    assert (outcome.error.error_type, outcome.error.stack_trace) == ("E", ("a",))


def test_the_highest_memory_of_the_runner_and_its_children_is_told(tmp_path: Path) -> None:
    spool(tmp_path, b"1")
    outcome = settle(ended(tmp_path, peak_mb=99))
    assert isinstance(outcome, Returned)
    assert outcome.report.max_memory_mb == 99


@pytest.mark.parametrize(
    "body",
    [b"", b"no json", b"[]", b"null", b'{"errorType":1}', b"\xff", b"[" * 100_000, b'{"stackTrace":5}'],
)
def test_an_error_document_that_is_none_is_told_as_it_came(body: bytes) -> None:
    error = function_error(body, "c1")
    assert (error.error_type, error.request_id) == ("Runtime.Unknown", "c1")


@FEW
@given(st.binary())
def test_any_error_document_is_read(body: bytes) -> None:
    assert json.loads(function_error(body, "c1").to_json())["requestId"] == "c1"


def test_an_answer_over_the_limit_has_aws_name() -> None:
    assert function_error(None, "c1").error_type == "Function.ResponseSizeTooLarge"
