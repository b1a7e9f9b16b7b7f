from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bunsui.asl import (
    Continue,
    Effect,
    ExecutionStart,
    Signal,
    StartTask,
    TaskFailed,
    TaskSucceeded,
    TimeReached,
    compile_machine,
)
from bunsui.errors import Conflict, StoreCorrupt, StoreFull
from bunsui.local.engine.journal import Journal
from bunsui.local.engine.logged import LoggedExecution
from bunsui.local.sqlite.database import Database

CALL = {"Type": "Task", "Resource": "arn:aws:lambda:us-east-1:123456789012:function:work"}
MACHINE = compile_machine(
    {
        "StartAt": "First",
        "States": {
            "First": {
                **CALL,
                "Retry": [{"ErrorEquals": ["Busy"], "JitterStrategy": "FULL", "MaxAttempts": 3}],
                "Next": "Rest",
            },
            "Rest": {"Type": "Wait", "Seconds": 60, "Next": "Each"},
            "Each": {
                "Type": "Map",
                "ItemsPath": "$.items",
                "ItemProcessor": {"StartAt": "One", "States": {"One": {**CALL, "End": True}}},
                "Next": "Both",
            },
            "Both": {
                "Type": "Parallel",
                "Branches": [
                    {"StartAt": "Left", "States": {"Left": {**CALL, "End": True}}},
                    {"StartAt": "Right", "States": {"Right": {"Type": "Wait", "Seconds": 5, "End": True}}},
                ],
                "End": True,
            },
        },
    }
)
START = ExecutionStart(arn="arn:run", name="run", input={}, started_at=1_700_000_000.0, seed="s")


def answer(task: StartTask, now: float) -> Signal:
    if task.state == "First" and task.retry_count == 0:
        return TaskFailed(now, task.task_id, "Busy", "later")
    if task.state == "First":
        return TaskSucceeded(now, task.task_id, {"items": [1, 2, 3]})
    return TaskSucceeded(now, task.task_id, {"of": task.parameters})


class Driven:
    """Drives an execution in virtual time, and can be dropped after any signal."""

    def __init__(self, database: Database) -> None:
        self.logged = LoggedExecution(database, MACHINE, START)
        self.asked: list[str] = []
        self.pending: list[Signal] = []

    def begin(self) -> None:
        if self.logged.status == "PENDING":
            self.take(self.logged.start())
        else:
            self.take([*self.logged.execution.open_tasks])

    def take(self, effects: list[Effect]) -> None:
        for effect in effects:
            if isinstance(effect, StartTask):
                self.asked.append(effect.task_id)
                self.pending.append(answer(effect, self.logged.now))

    def step(self) -> None:
        if self.pending:
            self.take(self.logged.apply(self.pending.pop(0)))
        elif self.logged.runnable:
            self.take(self.logged.apply(Continue(self.logged.now)))
        else:
            assert self.logged.next_timer is not None
            self.take(self.logged.apply(TimeReached(self.logged.next_timer)))

    def run(self, steps: int | None = None) -> Driven:
        self.begin()
        while self.logged.status == "RUNNING" and steps != 0:
            self.step()
            steps = None if steps is None else steps - 1
        return self


@pytest.fixture
def database(tmp_path: Path) -> Database:
    return Database(tmp_path / "bunsui.db")


def result(driven: Driven) -> tuple[str, Any, list[str]]:
    execution = driven.logged.execution
    return execution.status, execution.output, execution.history.types()


@given(cuts=st.lists(st.integers(0, 6), min_size=1, max_size=4))
def test_resumed_anywhere_it_ends_the_same(tmp_path_factory: pytest.TempPathFactory, cuts: list[int]) -> None:
    whole = Driven(Database(tmp_path_factory.mktemp("whole") / "b.db")).run()
    path = tmp_path_factory.mktemp("cut") / "b.db"
    for cut in cuts:
        known = answered(path)
        assert not known & set(Driven(Database(path)).run(cut).asked)
    known = answered(path)
    last = Driven(Database(path)).run()
    assert not known & set(last.asked)
    assert result(last) == result(whole)
    assert Journal(Database(path)).events(1).types() == result(whole)[2]


def answered(path: Path) -> set[str]:
    """The tasks whose answers are recorded: none of them may be asked again."""
    signals = Journal(Database(path)).signals(1)
    return {one.task_id for one in signals if isinstance(one, (TaskSucceeded, TaskFailed))}


def test_what_an_effect_rests_on_is_committed_before_it_is_given(database: Database) -> None:
    driven = Driven(database)
    other = Journal(Database(database.path))
    driven.begin()
    assert len(other.events(1)) == len(driven.logged.execution.history)
    while driven.logged.status == "RUNNING":
        asked = len(driven.asked)
        driven.step()
        if len(driven.asked) > asked or driven.logged.status != "RUNNING":
            assert len(other.events(1)) == len(driven.logged.execution.history)


def test_the_same_name_with_another_input_is_a_conflict(database: Database) -> None:
    Driven(database).begin()
    changed = ExecutionStart(arn="arn:run", name="run", input={"x": 1}, started_at=START.started_at, seed="s")
    with pytest.raises(Conflict):
        LoggedExecution(database, MACHINE, changed)


def change_history(database: Database) -> None:
    database.connection.execute("UPDATE history SET body = replace(body, 'First', 'Worst') WHERE first = 0")


def drop_history(database: Database) -> None:
    database.connection.execute("DELETE FROM history WHERE first > 0")


def change_signals(database: Database) -> None:
    database.connection.execute("UPDATE signals SET body = replace(body, 'Busy', 'Dead')")


@pytest.mark.parametrize("damage", [change_history, drop_history, change_signals])
def test_a_log_that_tells_another_story_is_refused(
    database: Database, damage: Callable[[Database], None]
) -> None:
    Driven(database).run(4)
    damage(database)
    with pytest.raises(StoreCorrupt, match="another history than was recorded"):
        LoggedExecution(database, MACHINE, START)


def test_a_full_disk_gives_no_effect_and_can_be_tried_again(database: Database) -> None:
    driven = Driven(database)
    pages = database.one("PRAGMA page_count")
    assert pages is not None
    database.connection.execute(f"PRAGMA max_page_count = {pages[0]}")
    big = ExecutionStart(arn="arn:run", name="big", input="x" * 200_000, started_at=0.0, seed="s")
    with pytest.raises(StoreFull):
        LoggedExecution(database, MACHINE, big).start()
    database.connection.execute("PRAGMA max_page_count = 100000")
    assert driven.run().logged.status == "SUCCEEDED"
