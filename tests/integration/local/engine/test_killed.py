"""A process that runs a state machine on its log is killed, again and again: nothing is lost or redone."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import orjson
import pytest

from bunsui.asl import TaskFailed, TaskSucceeded
from bunsui.asl.exact import dump_exact, load_exact
from bunsui.local.engine.executions import Executions
from bunsui.local.engine.journal import Journal
from bunsui.local.sqlite.database import Database
from tests.asl.harness import lambda_task, machine

REPOSITORY = Path(__file__).parents[4]
DRIVER = """
import os, pathlib, signal, sys
import orjson
from bunsui.asl import Continue, StartTask, TaskFailed, TaskSucceeded, TimeReached, compile_machine
from bunsui.local.engine.logged import LoggedExecution
from bunsui.local.sqlite.database import Database
from tests.asl.harness import start_record

folder, left = pathlib.Path(sys.argv[1]), int(sys.argv[2])
definition = orjson.loads((folder / "definition.json").read_bytes())
logged = LoggedExecution(
    Database(folder / "log.db"), compile_machine(definition), start_record(list(range(12)), budget=3)
)

def answered(effects):
    for effect in effects:
        if isinstance(effect, StartTask):
            with open(folder / "asked", "a") as file:
                file.write(effect.task_id + "\\n")
            if effect.parameters == 5 and effect.retry_count == 0:
                yield TaskFailed(logged.now, effect.task_id, "Busy", None)
            else:
                yield TaskSucceeded(logged.now, effect.task_id, {"n": 2**70, "of": effect.parameters})

fresh = logged.status == "PENDING"
waiting = list(answered(logged.start() if fresh else logged.execution.open_tasks))
while logged.status == "RUNNING":
    if left == 0:
        os.kill(os.getpid(), signal.SIGKILL)
    left -= 1
    if waiting:
        waiting += answered(logged.apply(waiting.pop(0)))
    elif logged.runnable:
        waiting += answered(logged.apply(Continue(logged.now)))
    else:
        waiting += answered(logged.apply(TimeReached(logged.next_timer)))
"""


def definition() -> dict[str, Any]:
    retry = [{"ErrorEquals": ["Busy"], "IntervalSeconds": 30}]
    inner = machine({"P": {"Type": "Pass", "Next": "T"}, "T": lambda_task(Retry=retry)})
    config = {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}
    wide = {
        "Type": "Map",
        "MaxConcurrency": 4,
        "ItemProcessor": {**inner, "ProcessorConfig": config},
        "ResultPath": "$[0]",
        "Next": "Narrow",
    }
    narrow = {"Type": "Map", "ItemsPath": "$[0]", "ItemProcessor": inner, "End": True}
    return machine({"Wide": wide, "Narrow": narrow})


def drive(folder: Path, steps: int) -> int:
    command = [sys.executable, "-c", DRIVER, str(folder), str(steps)]
    return subprocess.run(command, cwd=REPOSITORY, check=False, timeout=60).returncode


def outcome(folder: Path) -> tuple[Any, list[Any]]:
    database = Database(folder / "log.db")
    found = Executions(database).by_name("run")
    assert found is not None
    assert found.status == "SUCCEEDED"
    return Executions(database).output(found.id), list(Journal(database).events(found.id))


def recorded(folder: Path) -> set[str]:
    database = Database(folder / "log.db")
    found = Executions(database).by_name("run")
    signals = Journal(database).signals(found.id) if found else []
    return {one.task_id for one in signals if isinstance(one, (TaskSucceeded, TaskFailed))}


@pytest.mark.timeout(120)
def test_an_execution_survives_being_killed_at_any_moment(tmp_path: Path) -> None:
    whole, cut = tmp_path / "whole", tmp_path / "cut"
    for folder in (whole, cut):
        folder.mkdir()
        (folder / "definition.json").write_bytes(orjson.dumps(definition()))
    assert drive(whole, -1) == 0

    chance, killed, code = random.Random(4), 0, -signal.SIGKILL
    while code == -signal.SIGKILL:
        done = recorded(cut) if killed else set()
        (cut / "asked").write_text("")
        code = drive(cut, chance.randint(4, 14))
        assert not done & set((cut / "asked").read_text().split())
        killed += 1
    assert code == 0
    assert killed > 3
    assert outcome(cut)[0] == outcome(whole)[0]


def test_values_that_are_hard_to_write_are_read_back_as_they_were(tmp_path: Path) -> None:
    deep: Any = 2**70
    for _ in range(300):
        deep = {"of": [deep, "\ud800"]}
    assert load_exact(dump_exact(deep)) == deep
