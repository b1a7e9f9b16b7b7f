"""Replies by name: which of them answers which call."""

from __future__ import annotations

import pytest

from bunsui.asl import StartTask
from bunsui.core.models.base import JsonValue
from bunsui.core.simulation.mocks import Mocks, Replies, function_name, function_of, names_of
from bunsui.core.simulation.reply import Reply

ARN = "arn:aws:lambda:us-east-1:123456789012:function:load"
INVOKE = "arn:aws:states:::lambda:invoke"


def task(resource: str = ARN, parameters: JsonValue = None, state: str = "Call") -> StartTask:
    return StartTask(
        task_id="1", state=state, resource=resource, parameters=parameters, execution_arn="arn:run"
    )


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("load", "load"),
        ("load:live", "load"),
        (ARN, "load"),
        (f"{ARN}:7", "load"),
        ("", ""),
        ("arn:x", "arn"),
    ],
)
def test_a_function_has_its_name_in_any_spelling(text: str, name: str) -> None:
    assert function_name(text) == name


@pytest.mark.parametrize(
    ("resource", "parameters", "name"),
    [
        (ARN, {}, "load"),
        (INVOKE, {"FunctionName": ARN}, "load"),
        (f"{INVOKE}.waitForTaskToken", {"FunctionName": "load:1"}, "load"),
        (INVOKE, "no object", ""),
        ("arn:aws:states:::sqs:sendMessage", {"FunctionName": "load"}, ""),
    ],
)
def test_the_function_of_a_task_is_found(resource: str, parameters: JsonValue, name: str) -> None:
    assert function_of(task(resource, parameters)) == name


def test_the_most_exact_name_answers() -> None:
    called = task(f"{INVOKE}.waitForTaskToken", {"FunctionName": "load"})
    names = list(names_of(called))
    assert names == ["Call", "load", f"{INVOKE}.waitForTaskToken", INVOKE]
    for index, name in enumerate(names):
        known = {one: [Reply.returned(one)] for one in names[index:]}
        assert Mocks(known).key(called) == name
    assert Mocks({"Call": []}).key(called) is None


def test_replies_are_used_in_turn_by_state_and_the_last_stays() -> None:
    replies = Replies(Mocks({"load": [Reply.returned(1), Reply.thrown("E")]}))
    kinds = [reply.kind for _ in range(3) if (reply := replies.next(task()))]
    assert kinds == ["return", "throw", "throw"]
    other = replies.next(task(state="Other"))
    assert other is not None
    assert other.kind == "return"
    assert replies.next(task("arn:aws:states:::sqs:sendMessage")) is None


def test_what_a_function_returns_is_its_payload() -> None:
    called = task(INVOKE, {"FunctionName": "load"})
    by_function = Replies(Mocks({"load": [Reply.returned({"a": 1})]})).next(called)
    by_state = Replies(Mocks({"Call": [Reply.returned({"a": 1})]})).next(called)
    assert by_function is not None
    assert by_state is not None
    assert by_function.output == {"ExecutedVersion": "$LATEST", "Payload": {"a": 1}, "StatusCode": 200}
    assert by_state.output == {"a": 1}
