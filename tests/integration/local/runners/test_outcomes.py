"""How a call ended, with AWS's names."""

from __future__ import annotations

import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bunsui.local.runners.outcomes import (
    FunctionError,
    Report,
    out_of_memory,
    response_too_large,
    runtime_exited,
    timed_out,
)
from tests.properties import FEW


@FEW
@given(st.floats(0, 1e6, allow_subnormal=False))
def test_what_is_billed_is_the_next_whole_millisecond(duration: float) -> None:
    billed = Report(duration_ms=duration, memory_mb=1, max_memory_mb=1).billed_ms
    assert billed == math.ceil(duration)


@FEW
@given(st.text(), st.text(), st.lists(st.text(), max_size=3))
def test_the_error_document_says_what_was_raised(kind: str, message: str, trace: list[str]) -> None:
    error = FunctionError(error_type=kind, error_message=message, stack_trace=tuple(trace), request_id="r")
    assert json.loads(error.to_json()) == {
        "errorType": kind,
        "errorMessage": message,
        "stackTrace": trace,
        "requestId": "r",
    }


@pytest.mark.parametrize(
    ("error", "kind", "text"),
    [
        (timed_out("r", 1.5), "Sandbox.Timedout", "RequestId: r Error: Task timed out after 1.50 seconds"),
        (out_of_memory("r"), "Runtime.OutOfMemory", "signal: killed"),
        (runtime_exited("r", 0), "Runtime.ExitError", "without providing a reason"),
        (runtime_exited("r", 255), "Runtime.ExitError", "exit status 255"),
        (runtime_exited("r", -6), "Runtime.ExitError", "signal: aborted"),
        (response_too_large("r"), "Function.ResponseSizeTooLarge", "6291556 bytes"),
    ],
)
def test_errors_have_the_names_and_texts_that_retriers_match(
    error: FunctionError, kind: str, text: str
) -> None:
    assert error.error_type == kind
    assert text in error.error_message
