"""The branch that a model takes: skipped, superseded, and a gate before it is registered."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from tests.acceptance.conftest import World
from tests.acceptance.test_taxi_reruns import actions, statuses
from tests.acceptance.test_terminal import on_terminal

pytestmark = pytest.mark.parametrize("world", ["feature_build"], indirect=True)


def approve(world: World) -> None:
    [plan] = world.json("approval", "list")["approvals"]
    status, _ = on_terminal(world, "approval", "decide", plan["id"], answers=(("[y/N]", "y"),))
    assert status == 0


def asked(world: World, session: str) -> None:
    """Wait until a person is asked: the session has not ended then."""
    while (
        world.json("session", "wait", session, "--timeout", "1", status=124)["status"] != "waiting_approval"
    ):
        continue


def reasons(document: dict[str, Any]) -> dict[str, str]:
    return {job["id"]: job["reason"] for job in document["runs"][0]["jobs"]}


def test_row_4_4_the_branch_not_taken_is_skipped_and_a_rerun_takes_the_other(world: World) -> None:
    path = str(world.project)
    first = world.json("session", "start", path, "--param", "threshold=2", "--wait")
    assert first["status"] == "succeeded"
    assert (statuses(first)["register"], statuses(first)["notify"]) == ("skipped", "succeeded")
    assert reasons(first)["register"] == "condition-false"
    world.calls()
    words = ("session", "rerun", first["id"], "--job", "evaluate", "--param", "threshold=0.1")
    shown = world.json(*words, "--dry-run")["plan"]
    assert {job for job, action in actions(shown).items() if action == "run"} == {
        "evaluate",
        "register",
        "notify",
    }
    world.json(*words)
    asked(world, first["id"])
    approve(world)
    assert world.json("session", "wait", first["id"], "--timeout", "60")["status"] == "succeeded"
    document = world.json("session", "show", first["id"])
    assert (statuses(document)["register"], statuses(document)["notify"]) == ("succeeded", "skipped")
    assert reasons(document)["notify"] == "superseded"
    assert world.calls() == Counter(["evaluate", "register"])


def test_row_4_5_stopped_while_it_waits_and_registered_once_by_a_rerun(world: World) -> None:
    session = world.json("session", "start", str(world.project), "--param", "threshold=0.1")["id"]
    asked(world, session)
    world.json("session", "stop", session)
    stopped = world.json("session", "wait", session, "--timeout", "30", status=1)
    assert stopped["status"] == "stopped"
    assert world.json("approval", "list")["approvals"] == []
    world.calls()
    world.json("session", "rerun", session)
    asked(world, session)
    approve(world)
    assert world.json("session", "wait", session, "--timeout", "60")["status"] == "succeeded"
    assert world.calls() == Counter(["register"])
