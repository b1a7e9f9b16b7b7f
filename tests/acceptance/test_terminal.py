"""What a person on a terminal sees and answers."""

from __future__ import annotations

import os
import pty
import re
import select
import subprocess
import time

from tests.acceptance.conftest import World

PLAN = re.compile(r"bunsui approval decide (p-\w+)")


def on_terminal(world: World, *words: str, answers: tuple[tuple[str, str], ...] = ()) -> tuple[int, str]:
    """Run a command on a terminal; answer each question when it appears. Status and all that was shown."""
    ours, theirs = pty.openpty()
    command = [str(world.command), *words]
    environment = {**world.environment, "TERM": "xterm-256color", "COLUMNS": "110"}
    with subprocess.Popen(
        command, env=environment, stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True
    ) as process:
        os.close(theirs)
        shown = _converse(ours, list(answers))
        status = process.wait(timeout=60)
    os.close(ours)
    return status, shown


def _converse(terminal: int, answers: list[tuple[str, str]]) -> str:
    shown, answered, deadline = "", 0, time.monotonic() + 60
    while select.select([terminal], [], [], max(0.0, deadline - time.monotonic()))[0]:
        try:
            data = os.read(terminal, 65536)
        except OSError:
            return shown
        shown += data.decode()
        if answers and answers[0][0] in shown[answered:]:
            answered = len(shown)
            os.write(terminal, f"{answers.pop(0)[1]}\n".encode())
    return shown


def refused_plan(world: World) -> str:
    world.run("pipeline", "register", str(world.project))
    found = PLAN.search(world.run("pipeline", "delete", "taxi-month").stderr)
    assert found
    return found[1]


def test_what_destroys_wants_the_profile_typed(world: World) -> None:
    world.run("pipeline", "register", str(world.project))
    status, shown = on_terminal(world, "pipeline", "delete", "taxi-month", answers=(("go on: ", "yes"),))
    assert status == 5
    assert "Delete pipeline taxi-month" in shown
    assert len(world.json("pipeline", "list")["pipelines"]) == 1
    status, shown = on_terminal(world, "pipeline", "delete", "taxi-month", answers=(("go on: ", "local"),))
    assert status == 0
    assert world.json("pipeline", "list")["pipelines"] == []


def test_a_plan_approved_on_a_terminal_can_be_carried_out_once(world: World) -> None:
    plan = refused_plan(world)
    status, shown = on_terminal(world, "approval", "decide", plan, answers=(("go on: ", "local"),))
    assert status == 0
    assert f"Repeat the call with --plan {plan}" in shown
    assert len(world.json("pipeline", "list")["pipelines"]) == 1
    assert world.run("pipeline", "delete", "taxi-month", "--plan", plan).returncode == 0
    assert world.json("pipeline", "list")["pipelines"] == []
    again = world.run("pipeline", "delete", "taxi-month", "--plan", plan)
    assert again.returncode != 0
    assert world.json("audit", "verify")["valid"]


def test_a_denied_plan_stays_denied(world: World) -> None:
    plan = refused_plan(world)
    status, _ = on_terminal(world, "approval", "decide", plan, "--deny", answers=(("go on: ", "local"),))
    assert status == 0
    denied = world.run("pipeline", "delete", "taxi-month", "--plan", plan)
    assert (denied.returncode, denied.stderr.split(":")[0]) == (5, "approval_denied")


def test_no_answer_leaves_the_plan_pending(world: World) -> None:
    plan = refused_plan(world)
    status, _ = on_terminal(world, "approval", "decide", plan, answers=(("go on: ", "y"),))
    assert status == 130
    assert [one["id"] for one in world.json("approval", "list")["approvals"]] == [plan]


def test_a_live_picture_is_shown_and_colour_only_there(world: World) -> None:
    status, shown = on_terminal(world, "session", "start", str(world.project), "--wait")
    assert status == 0
    assert "\x1b[32msucceeded\x1b[0m" in shown
    piped = world.run("session", "list")
    assert "\x1b" not in piped.stdout
    assert "succeeded" in piped.stdout
