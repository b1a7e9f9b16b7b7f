"""Pause, maintenance, limits and gates as a user meets them."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from tests.acceptance.conftest import World
from tests.acceptance.held_project import HeldProject
from tests.acceptance.test_terminal import on_terminal

CHAIN: dict[str, dict[str, Any]] = {"a": {"held": True}, "b": {"needs": ["a"]}, "c": {"needs": ["b"]}}


@pytest.fixture
def held(world: World, tmp_path: Path) -> HeldProject:
    return HeldProject(tmp_path / "held", Path(world.environment["BUNSUI_EXAMPLE_COUNTERS"]))


TOO_SHORT = 124  # the exit status of a wait that is over before the session is


def wait(world: World, session: str, status: int = 0, seconds: int = 60) -> dict[str, Any]:
    return world.json("session", "wait", session, "--timeout", str(seconds), status=status)


def statuses(world: World, session: str) -> dict[str, str]:
    document = world.json("session", "show", session)
    return {job["id"]: job["status"] for run in document["runs"] for job in run["jobs"]}


def test_a_paused_session_finishes_what_runs_begins_nothing_and_goes_on(
    world: World, held: HeldProject
) -> None:
    session = world.json("session", "start", held.pipeline("chain", CHAIN))["id"]
    held.wait_for("a")
    paused = world.json("session", "pause", session, "--reason", "release at noon")
    assert paused["status"] == "paused"
    [hold] = paused["holds"]
    assert (hold["kind"], hold["reason"]) == ("paused", "release at noon")
    assert hold["by"]
    held.release("a")
    assert wait(world, session, TOO_SHORT, 2)["ended"] is False
    assert statuses(world, session) == {"a": "succeeded", "b": "queued", "c": "pending"}
    assert "paused by" in world.run("session", "show", session).stdout
    again = world.json("session", "pause", session)
    assert again["holds"] == paused["holds"]
    assert world.json("session", "resume", session)["holds"] == []
    assert wait(world, session)["status"] == "succeeded"
    assert held.calls() == Counter("abc")
    refused = world.run("session", "pause", session)
    assert refused.returncode == 1
    assert "has ended" in refused.stderr


def test_row_5_1_maintenance_holds_everything_and_refuses_starts(world: World, held: HeldProject) -> None:
    path = held.pipeline("chain", CHAIN)
    session = world.json("session", "start", path)["id"]
    held.wait_for("a")
    shown = world.json("ops", "maintenance", "on", "--reason", "new disk")
    assert (shown["on"], shown["reason"]) == (True, "new disk")
    assert shown["sessions"] == {session: "running"}
    held.release("a")
    assert wait(world, session, TOO_SHORT, 2)["ended"] is False
    assert statuses(world, session) == {"a": "succeeded", "b": "queued", "c": "pending"}
    for words in (("start", path), ("rerun", session)):
        refused = world.run("session", *words)
        if words[0] == "start":
            assert refused.returncode == 6
            assert refused.stderr.startswith("maintenance: ")
            assert "new disk" in refused.stderr
            assert "hint: " in refused.stderr
            assert "bunsui ops maintenance off" in refused.stderr
    [hold] = world.json("session", "show", session)["holds"]
    assert hold["kind"] == "maintenance"
    assert world.json("session", "start", path, "--dry-run")["plan"]["runs"]
    world.json("ops", "maintenance", "off")
    assert wait(world, session)["status"] == "succeeded"
    assert held.calls() == Counter("abc")
    world.json("ops", "maintenance", "on")
    refused = world.run("session", "rerun", session, "--strategy", "all")
    assert (refused.returncode, refused.stderr.split(":")[0]) == (6, "maintenance")


def test_a_gate_is_listed_decided_on_a_terminal_and_the_job_runs_once(
    world: World, held: HeldProject
) -> None:
    jobs: dict[str, dict[str, Any]] = {
        "train": {},
        "register": {
            "needs": ["train"],
            "approval": {"message": "Register {% $jobs.train.job %}?", "timeout": "1h"},
        },
    }
    session = world.json("session", "start", held.pipeline("model", jobs))["id"]
    assert wait(world, session, TOO_SHORT, 3)["status"] == "waiting_approval"
    [plan] = world.json("approval", "list")["approvals"]
    assert plan["title"] == "model/register: Register train?"
    assert plan["id"].startswith("g-")
    shown = world.run("session", "show", session).stdout
    assert f"bunsui approval decide {plan['id']}" in shown
    assert world.run("approval", "decide", plan["id"]).returncode == 4
    status, said = on_terminal(world, "approval", "decide", plan["id"], answers=(("[y/N]", "y"),))
    assert status == 0
    assert "bunsui session show" in said
    assert wait(world, session)["status"] == "succeeded"
    assert held.calls() == Counter(["train", "register"])
    assert world.json("approval", "show", plan["id"])["state"] == "used"
    trail = world.json("audit", "list", "--subject", session)["entries"]
    assert ("job_approve", "answered") in {(one["tool"], one["kind"]) for one in trail}
    assert world.json("audit", "verify")["valid"]


def test_row_4_5_a_missing_approval_fails_with_a_code_and_a_rerun_registers_once(
    world: World, held: HeldProject
) -> None:
    gate = {"message": "Register?", "timeout": "1s"}
    path = held.pipeline("model", {"train": {}, "register": {"needs": ["train"], "approval": gate}})
    failed = world.json("session", "start", path, "--wait", status=1)
    jobs = {job["id"]: job for job in failed["runs"][0]["jobs"]}
    assert jobs["register"]["status"] == "failed"
    assert jobs["register"]["error"] == {
        "error": "approval_timeout",
        "cause": "nobody decided within 1 s",
    }
    assert held.calls() == Counter(["train"])
    held.pipeline(
        "model",
        {"train": {}, "register": {"needs": ["train"], "approval": {**gate, "timeout": "1h"}}},
    )
    world.json("session", "rerun", failed["id"])
    assert wait(world, failed["id"], TOO_SHORT, 3)["status"] == "waiting_approval"
    [plan] = world.json("approval", "list")["approvals"]
    on_terminal(world, "approval", "decide", plan["id"], answers=(("[y/N]", "y"),))
    assert wait(world, failed["id"])["status"] == "succeeded"
    assert held.calls() == Counter(["register"])


def test_a_pool_is_shared_by_sessions_and_given_back_by_one_that_is_stopped(
    world: World, held: HeldProject, tmp_path: Path
) -> None:
    config = tmp_path / "pools.toml"
    config.write_text("[profiles.local.pools]\nwarehouse = 1\n")
    world.environment["BUNSUI_CONFIG"] = str(config)
    first = held.pipeline("first", {"one": {"held": True, "pool": {"warehouse": 1}}})
    second = held.pipeline("second", {"two": {"pool": {"warehouse": 1}}})
    holder = world.json("session", "start", first)["id"]
    held.wait_for("one")
    waiter = world.json("session", "start", second)["id"]
    assert wait(world, waiter, TOO_SHORT, 2)["ended"] is False
    assert statuses(world, waiter) == {"two": "queued"}
    world.json("session", "stop", holder)
    assert wait(world, waiter)["status"] == "succeeded"
    assert held.calls() == Counter(["one", "two"])


def test_a_killed_worker_forgets_neither_pause_nor_places(world: World, held: HeldProject) -> None:
    session = world.json("session", "start", held.pipeline("chain", CHAIN))["id"]
    held.wait_for("a")
    world.json("session", "pause", session)
    worker = world.worker()
    assert worker is not None
    worker.kill()
    held.release("a")
    assert wait(world, session, TOO_SHORT, 3)["ended"] is False
    assert statuses(world, session) == {"a": "succeeded", "b": "queued", "c": "pending"}
    world.json("session", "resume", session)
    assert wait(world, session)["status"] == "succeeded"
    assert held.calls() == Counter("abc")


@pytest.mark.parametrize("mode", ["inline", "distributed"])
def test_a_paused_map_finishes_the_items_that_run_and_begins_no_other(
    world: World, held: HeldProject, mode: str
) -> None:
    mapped = {"items": [1, 2, 3, 4, 5, 6], "key": "{% $string($item) %}", "max_concurrency": 2, "mode": mode}
    job = {"held": True, "map": mapped, "input": {"item": "{% $item %}"}}
    session = world.json("session", "start", held.pipeline("wide", {"m": job, "n": {"needs": ["m"]}}))["id"]
    held.wait_for("m1", "m2")
    world.json("session", "pause", session)
    held.release("m1", "m2")
    assert wait(world, session, TOO_SHORT, 3)["ended"] is False
    assert held.calls() == Counter(["m1", "m2"])
    worker = world.worker()
    assert worker is not None
    worker.kill()
    held.release("m3", "m4", "m5", "m6")
    assert wait(world, session, TOO_SHORT, 3)["ended"] is False
    assert held.calls() == Counter()
    world.json("session", "resume", session)
    assert wait(world, session)["status"] == "succeeded"
    assert held.calls() == Counter(["m3", "m4", "m5", "m6", "n"])


@pytest.mark.parametrize("mode", ["inline", "distributed"])
def test_a_map_takes_places_that_become_free_also_after_a_kill(
    world: World, held: HeldProject, mode: str
) -> None:
    mapped = {"items": [1, 2, 3, 4, 5], "key": "{% $string($item) %}", "mode": mode}
    each = {"held": True, "map": mapped, "input": {"item": "{% $item %}"}}
    jobs: dict[str, dict[str, Any]] = {"a": {"held": True}, "b": {"held": True}, "m": each}
    jobs |= {"x": {"needs": ["a"]}, "y": {"held": True, "needs": ["x"]}}
    path = held.pipeline("wide", jobs, max_concurrency=3)
    session = world.json("session", "start", path)["id"]
    held.wait_for("a", "b", "m1")
    held.release("b")
    held.wait_for("m2")
    worker = world.worker()
    assert worker is not None
    worker.kill()
    assert wait(world, session, TOO_SHORT, 2)["ended"] is False
    held.release("m1")
    held.wait_for("m3")
    held.release("a")
    held.wait_for("y")
    assert held.calls() == Counter(["a", "b", "m1", "m2", "m3", "x", "y"])
    held.release("y")
    held.wait_for("m4")
    held.release("m2", "m3", "m4", "m5")
    assert wait(world, session)["status"] == "succeeded"
    assert held.calls() == Counter(["m4", "m5"])


def test_a_map_gives_places_back_while_its_last_item_runs(world: World, held: HeldProject) -> None:
    mapped = {"items": [1, 2, 3], "key": "{% $string($item) %}"}
    each = {"held": True, "map": mapped, "input": {"item": "{% $item %}"}}
    first: dict[str, dict[str, Any]] = {"a": {"held": True}, "m": each}
    jobs = {**first, "x": {"held": True, "needs": ["a"]}, "y": {"held": True, "needs": ["a"]}}
    session = world.json("session", "start", held.pipeline("wide", jobs, max_concurrency=3))["id"]
    held.wait_for("a", "m1", "m2")
    held.release("a", "m1")
    held.wait_for("m3")
    assert not (held.began("x") and held.began("y"))
    held.release("m2")
    held.wait_for("x", "y")
    held.release("m3", "x", "y")
    assert wait(world, session)["status"] == "succeeded"
    assert held.calls() == Counter(["a", "m1", "m2", "m3", "x", "y"])
