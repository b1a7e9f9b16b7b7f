from __future__ import annotations

from pathlib import Path

import pytest

from bunsui.asl.effects import StartTask
from bunsui.errors import ConfigError
from bunsui.local.engine.executions import ExecutionRecord, Options
from bunsui.local.worker.assignment import Answer, Assignment
from bunsui.local.worker.integrations import Integrations

RESOURCE = "arn:aws:states:::glue:startJobRun.sync"
MOCKS = """
arn:aws:states:::glue:startJobRun: {Return: {JobRunState: SUCCEEDED}}
load:
  - Throw: {Error: Glue.Busy, Cause: later}
  - Return: 7
odd: {Answer: 1}
"""


def assignment(mocks: Path | None, state: str = "transform", retry_count: int = 0) -> Assignment:
    record = ExecutionRecord(
        id=1,
        name="run",
        machine="",
        start={},
        owner=None,
        options=Options(mocks=str(mocks) if mocks else None),
        status="RUNNING",
        error=None,
        cause=None,
    )
    task = StartTask("5", state, RESOURCE, {}, "arn", retry_count=retry_count)
    return Assignment(record=record, task=task, issued_at=0.0)


@pytest.fixture
def mocks(tmp_path: Path) -> Path:
    path = tmp_path / "mocks.yaml"
    path.write_text(MOCKS, encoding="utf-8")
    return path


async def answer(mocks: Path | None, state: str = "transform", retry_count: int = 0) -> Answer:
    return await Integrations({}).answer(assignment(mocks, state, retry_count))


async def test_a_resource_or_a_state_is_answered(mocks: Path) -> None:
    assert (await answer(mocks)).output == {"JobRunState": "SUCCEEDED"}
    first = await answer(mocks, "load")
    assert first.failure is not None
    assert (first.failure.error, first.failure.cause) == ("Glue.Busy", "later")
    assert [(await answer(mocks, "load", count)).output for count in (1, 2)] == [7, 7]


async def test_without_an_answer_the_error_says_what_to_set(tmp_path: Path) -> None:
    empty = tmp_path / "empty.yaml"
    empty.write_text("{}", encoding="utf-8")
    for mocks, why in ((None, "no mocks file is set"), (empty, "has no answer for it")):
        failure = (await answer(mocks)).failure
        assert failure is not None
        assert failure.error == "States.TaskFailed"
        assert RESOURCE in failure.cause
        assert why in failure.cause


@pytest.mark.parametrize("text", ["[1, 2]", "a: [", "\x00"])
async def test_a_file_that_cannot_be_read_is_told(tmp_path: Path, text: str) -> None:
    path = tmp_path / "mocks.yaml"
    path.write_text(text, encoding="utf-8")
    for broken in (path, tmp_path / "absent.yaml"):
        with pytest.raises(ConfigError, match=broken.name):
            await answer(broken)


async def test_a_mock_without_an_answer_is_told(mocks: Path) -> None:
    with pytest.raises(ConfigError, match="neither Return nor Throw"):
        await answer(mocks, "odd")


async def test_an_answer_is_read_as_it_is_written(tmp_path: Path) -> None:
    path = tmp_path / "mocks.yaml"
    path.write_text("transform: {Return: {day: 2026-01-01, at: 12:30, flag: on}}", encoding="utf-8")
    assert (await answer(path)).output == {"day": "2026-01-01", "at": "12:30", "flag": "on"}
    path.write_text("transform: {Return: 010}", encoding="utf-8")
    with pytest.raises(ConfigError, match="octal, decimal or text"):
        await answer(path)
