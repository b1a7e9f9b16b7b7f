"""Made-up definitions run to an end, and replay to the same history."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bunsui.asl import DefinitionError, StartTask, compile_machine
from bunsui.asl.validation import Code, validate
from tests.asl.grammar import answers, definitions, mutilated
from tests.asl.harness import Drive, Failure

ENDS = ("SUCCEEDED", "FAILED", "TIMED_OUT")


def worker(mocks: list[dict[str, Any]], seed: int) -> Callable[[StartTask], Any]:
    chance = random.Random(seed)

    def work(task: StartTask) -> Any:
        mock = chance.choice(mocks)
        if "error" in mock:
            raise Failure(mock["error"], mock["cause"])
        return mock["result"]

    return work


def check(definition: dict[str, Any], input: Any, mocks: list[dict[str, Any]], type: str) -> None:
    assert validate(definition).ok
    drive = Drive(definition, input=input, work=worker(mocks, 1), type=type, start={"max_events": 3_000})
    execution = drive.run().execution
    assert execution.status in ENDS
    assert (execution.error is None) or execution.status != "SUCCEEDED"
    json.dumps(execution.output)
    history = list(execution.history)
    assert all(event.previous_id < event.id for event in history)
    again = drive.replayed()
    assert (again.status, again.error, again.cause) == (execution.status, execution.error, execution.cause)
    assert list(again.history) == history


mocks = st.lists(answers, min_size=1, max_size=4)


@given(definitions(), mocks, st.sampled_from(["STANDARD", "EXPRESS"]))
@settings(max_examples=250)
def test_every_definition_ends_and_replays(
    drawn: tuple[dict[str, Any], Any], mocks: list[dict[str, Any]], type: str
) -> None:
    check(*drawn, mocks, type)


def check_mutilated(definition: dict[str, Any], mocks: list[dict[str, Any]]) -> None:
    """What is valid runs, whatever it looks like; what is not is refused or runs, but breaks nothing."""
    found = validate(definition)
    try:
        compile_machine(definition)
    except DefinitionError:
        assert not found.ok or any(one.code == Code.PLACEHOLDER for one in found)
        return
    if found.ok:
        drive = Drive(definition, input={"a": {"b": 1}}, work=worker(mocks, 1), start={"max_events": 500})
        assert drive.run().execution.status in ENDS


@given(mutilated(), mocks)
@settings(max_examples=200)
def test_what_is_valid_can_be_compiled_and_run(
    definition: dict[str, Any], mocks: list[dict[str, Any]]
) -> None:
    check_mutilated(definition, mocks)


@pytest.mark.bench
@given(mutilated(), mocks)
@settings(max_examples=100_000)
def test_what_is_valid_of_100_000_can_be_compiled_and_run(
    definition: dict[str, Any], mocks: list[dict[str, Any]]
) -> None:
    check_mutilated(definition, mocks)


@pytest.mark.bench
@given(definitions(), mocks, st.sampled_from(["STANDARD", "EXPRESS"]))
@settings(max_examples=100_000)
def test_100_000_definitions_end_and_replay(
    drawn: tuple[dict[str, Any], Any], mocks: list[dict[str, Any]], type: str
) -> None:
    check(*drawn, mocks, type)
