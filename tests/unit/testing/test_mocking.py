"""Mocks as users write them: what a service would hand on, and errors that are the task's."""

from __future__ import annotations

import json
from typing import Any

import pytest

from bunsui.errors import NotFound
from bunsui.testing import TaskError, run
from bunsui.testing.mocking import plain
from bunsui.testing.outcome import MachineRun

ARN = "arn:aws:lambda:us-east-1:123456789012:function:work"


def called(mock: Any, given: Any = None, *, resource: str = ARN, name: str = "work") -> MachineRun:
    state = {"Type": "Task", "Resource": resource, "End": True}
    return run({"StartAt": "T", "States": {"T": state}}, given or {}, mocks={name: mock})


@pytest.mark.parametrize(
    ("mock", "output"),
    [
        ({"a": 1}, {"a": 1}),
        (None, None),
        (lambda event: event, {"x": 1}),
        (lambda event, context: context.function_name, "work"),
        (lambda *both: len(both), 2),
        (lambda: "nothing asked", "nothing asked"),
        (lambda event: (1, 2), [1, 2]),
    ],
)
def test_a_mock_gives_what_a_service_would_hand_on(mock: Any, output: Any) -> None:
    called(mock, {"x": 1}).assert_succeeded(output)


def test_an_error_of_a_function_is_that_of_its_task() -> None:
    def work(event: Any) -> None:
        raise ValueError("bad row")

    done = called(work)
    done.assert_failed("ValueError")
    assert json.loads(str(done.cause)) == {"errorMessage": "bad row", "errorType": "ValueError"}


def test_a_task_error_has_the_name_and_cause_that_it_says() -> None:
    def work(event: Any) -> None:
        raise TaskError("Busy", "later")

    called(work).assert_failed("Busy", "later")


def test_an_assertion_in_a_mock_fails_the_test_not_the_task() -> None:
    def work(event: Any) -> None:
        raise AssertionError("wrong event")

    with pytest.raises(AssertionError, match="wrong event"):
        called(work)


def test_what_a_mock_does_to_its_event_the_execution_does_not_see() -> None:
    def work(event: Any) -> Any:
        event["items"].append(99)
        return event

    done = called(work, {"items": [1]})
    done.assert_succeeded({"items": [1, 99]})
    assert done.calls[0].task.parameters == {"items": [1]}


def test_a_call_without_a_mock_says_under_which_names_one_would_be_found() -> None:
    with pytest.raises(NotFound, match="state 'T' calls") as caught:
        called({}, name="other")
    assert caught.value.details["names"] == ["T", "work", ARN]
    assert caught.value.details["mocks"] == ["other"]


@pytest.mark.parametrize("value", [object(), {1, 2}, {"a": b"x"}])
def test_what_is_no_json_is_no_result(value: Any) -> None:
    with pytest.raises(TypeError):
        plain(value)
