"""What a Catch says about a failed operation, in words."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bunsui.core.control.failures import event_of, failure_of
from bunsui.core.models.payload import Failure
from bunsui.core.session.reducer import JobEvent
from tests.properties import FEW


@pytest.mark.parametrize(
    ("error", "event"),
    [
        ("States.Timeout", JobEvent.TIMED_OUT),
        ("States.HeartbeatTimeout", JobEvent.TIMED_OUT),
        ("Sandbox.Timedout", JobEvent.TIMED_OUT),
        ("ValueError", JobEvent.FAILED),
        ("TimeoutError", JobEvent.FAILED),
    ],
)
def test_only_the_services_own_timeouts_time_a_job_out(error: str, event: JobEvent) -> None:
    assert event_of(Failure(error=error)) is event


def task(container: Any = None, **more: Any) -> str:
    return json.dumps({"Containers": [container or {}], **more})


@pytest.mark.parametrize(
    ("cause", "words"),
    [
        pytest.param("plain text", "plain text", id="text"),
        pytest.param('{"errorMessage": "bad row", "stackTrace": []}', "bad row", id="a function"),
        pytest.param('{"other": 1}', '{"other": 1}', id="another document stays"),
        pytest.param("[1]", "[1]", id="a list stays"),
        pytest.param(task({"ExitCode": 3}), "exit code 3", id="a task that exited"),
        pytest.param(
            task({"ExitCode": 137, "Reason": "OutOfMemoryError: killed"}, Memory="512"),
            "exit code 137; OutOfMemoryError: killed; out of memory at 512 MiB",
            id="a task out of memory",
        ),
        pytest.param(
            task({"ExitCode": 137}),
            "exit code 137; killed, most often because it was out of memory",
            id="a task that was killed",
        ),
        pytest.param(task(StoppedReason="no capacity"), "no capacity", id="a task that never started"),
        pytest.param(
            task({"Reason": "x"}, StoppedReason="x"), "x", id="a reason that is said twice is told once"
        ),
        pytest.param('{"Containers": 5}', "the task ended without a reason", id="containers that are none"),
        pytest.param('{"Containers": [5]}', "the task ended without a reason", id="a container that is none"),
        pytest.param("[" * 10_000, "[" * 10_000, id="nested without end"),
    ],
)
def test_a_document_of_a_service_is_put_into_words(cause: str, words: str) -> None:
    assert failure_of({"error": "E", "cause": cause}) == Failure(error="E", cause=words)


@pytest.mark.parametrize("outcome", [{}, {"error": None, "cause": None}, {"error": ""}])
def test_a_failure_without_a_name_is_a_failed_task(outcome: dict[str, Any]) -> None:
    assert failure_of(outcome) == Failure(error="States.TaskFailed", cause="")


JSON: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.integers(0, 137) | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=2)
        | st.dictionaries(st.sampled_from(["Containers", "ExitCode", "Reason", "errorMessage"]), inner)
    ),
    max_leaves=8,
)


@FEW
@given(JSON, st.text())
def test_any_cause_is_a_failure(document: Any, text: str) -> None:
    assert failure_of({"error": text, "cause": json.dumps(document)}).error == (text or "States.TaskFailed")
