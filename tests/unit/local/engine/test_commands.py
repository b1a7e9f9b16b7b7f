from __future__ import annotations

from pathlib import Path

import pytest

from bunsui.core.ports.engine import EngineStart
from bunsui.errors import Conflict
from bunsui.local.engine.commands import Commands, remove
from bunsui.local.engine.executions import Executions, Options
from bunsui.local.engine.starting import new_execution
from bunsui.local.sqlite.database import Database


def start(name: str = "run-1", input: str = "a") -> EngineStart:
    return EngineStart(
        name=name,
        definition={"StartAt": "A", "States": {"A": {"Type": "Succeed"}}},
        input={"x": input},
        session_id="20260301-aaaaaa",
        run_id="taxi",
        attempt=1,
    )


@pytest.fixture
def database(tmp_path: Path) -> Database:
    return Database(tmp_path / "bunsui.db")


def test_starting_twice_is_starting_once(database: Database) -> None:
    executions = Executions(database)
    options = Options(python="/usr/bin/python3")
    first = executions.create(new_execution(start(), 1.0, options))
    assert executions.create(new_execution(start(), 2.0)) == first
    assert len(executions.open_after(0)) == 1
    found = executions.by_name("run-1")
    assert found is not None
    assert (found.options, found.start["started_at"]) == (options, 1.0)
    assert found.owner is not None
    assert found.owner.session_id == "20260301-aaaaaa"


def test_the_same_name_with_another_input_is_a_conflict(database: Database) -> None:
    executions = Executions(database)
    executions.create(new_execution(start(), 1.0))
    with pytest.raises(Conflict):
        executions.create(new_execution(start(input="b"), 1.0))


def test_commands_come_in_order_until_they_are_removed(database: Database) -> None:
    commands = Commands(database)
    commands.stop(1, "Stopped", "by ada")
    commands.stop(2, "Stopped", "by bob")
    first, second = commands.after(0)
    assert (first.execution, first.body["cause"], second.execution) == (1, "by ada", 2)
    with database.write() as connection:
        remove(connection, seq=first.seq)
    assert commands.after(0) == [second]
    assert commands.after(second.seq) == []


def test_another_concurrency_is_a_command(database: Database) -> None:
    commands = Commands(database)
    commands.update_map_run(3, "each wide", 5)
    [command] = commands.after(0)
    assert command.execution == 3
    assert command.body == {"kind": "update_map_run", "state": "each wide", "max_concurrency": 5}


def test_a_token_is_answered_once(database: Database) -> None:
    commands = Commands(database)
    with database.write() as connection:
        connection.execute("INSERT INTO tokens VALUES ('t', 7, '12')")
    commands.answer("t", {"kind": "succeeded", "output": 1})
    (command,) = commands.after(0)
    assert (command.execution, command.body) == (7, {"kind": "succeeded", "output": 1, "task": "12"})
    for token in ("t", "never"):
        with pytest.raises(Conflict, match="expired or was answered"):
            commands.answer(token, {"kind": "succeeded", "output": 1})
