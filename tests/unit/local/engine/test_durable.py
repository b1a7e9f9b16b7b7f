"""An execution and its log: what was told to a Map that runs is in it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from bunsui.asl import Signal, StartTask, TaskSucceeded, UpdateMapRun, compile_machine
from bunsui.asl.effects import Effect
from bunsui.local.engine.durable import DurableExecution
from bunsui.local.engine.executions import Executions, NewExecution
from bunsui.local.engine.journal import Journal, append
from bunsui.local.sqlite.database import Database
from tests.asl.harness import BEGIN, lambda_task, start_record
from tests.asl.test_distributed_map import distributed

DEFINITION = distributed({"T": lambda_task()}, MaxConcurrency=1)


class Logged:
    """An execution on its log; `again` is another process that goes on with it."""

    def __init__(self, database: Database, number: int) -> None:
        self.database = database
        self.number = number
        start = start_record(list(range(6)))
        self.durable = DurableExecution(number, compile_machine(DEFINITION), start)

    def take(self, signal: Signal | None) -> list[Any]:
        """Apply and commit; the items that were called."""
        effects = self.durable.begin() if signal is None else self.durable.apply(signal)
        delta = self.durable.delta()
        assert delta is not None
        with self.database.write() as connection:
            append(connection, delta)
        self.durable.committed(delta)
        return _called(effects)

    def again(self) -> Logged:
        other = Logged(self.database, self.number)
        journal = Journal(self.database)
        other.durable.replay(journal.signals(self.number), journal.history(self.number))
        return other

    def open(self) -> dict[Any, str]:
        return {task.parameters: task.task_id for task in self.durable.execution.open_tasks}


def _called(effects: list[Effect]) -> list[Any]:
    return [effect.parameters for effect in effects if isinstance(effect, StartTask)]


@pytest.fixture
def logged(tmp_path: Path) -> Logged:
    database = Database(tmp_path / "bunsui.db")
    start = start_record(list(range(6)))
    new = NewExecution(name="run", definition=DEFINITION, start=start.to_json(), created_at=0)
    return Logged(database, Executions(database).create(new))


def test_a_raised_concurrency_survives_a_replay(logged: Logged) -> None:
    assert logged.take(None) == [0]
    assert logged.take(UpdateMapRun(BEGIN + 1, state="M", max_concurrency=3)) == [1, 2]
    again = logged.again()
    assert again.open() == logged.open()
    assert again.take(TaskSucceeded(BEGIN + 2, again.open()[1], "x")) == [3]
    third = again.again()
    assert set(third.open()) == {0, 2, 3}
    for item in (0, 2, 3, 4, 5):
        third.take(TaskSucceeded(BEGIN + 3, third.open()[item], "x"))
    assert third.durable.execution.status == "SUCCEEDED"
