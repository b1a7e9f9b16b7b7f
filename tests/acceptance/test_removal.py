"""Deleting sessions and clearing up, as a person on a terminal does it."""

from __future__ import annotations

from tests.acceptance.conftest import World
from tests.acceptance.test_terminal import on_terminal


def start(world: World, *words: str) -> str:
    return str(world.json("session", "start", str(world.project), *words, "--wait")["id"])


def test_a_session_is_deleted_with_all_that_it_left(world: World) -> None:
    gone, kept = start(world), start(world)
    shown = world.json("session", "delete", gone, "--dry-run")
    assert shown["sessions"] == [gone]
    assert {one["kind"] for one in shown["leftovers"]} >= {"logs", "exchange"}
    assert world.run("session", "delete", gone, "--yes").returncode == 2
    assert world.run("session", "delete", gone).returncode == 5
    assert len(world.json("approval", "list")["approvals"]) == 1
    status, text = on_terminal(world, "session", "delete", gone, answers=(("go on: ", "local"),))
    assert status == 0, text
    assert world.json("approval", "list")["approvals"] == []
    assert [one["id"] for one in world.json("session", "list")["sessions"]] == [kept]
    assert list(world.data_dir.glob(f"*/{gone}")) == []
    assert world.run("session", "show", gone).returncode == 3
    again = world.json("session", "rerun", kept, "--strategy", "changed", "--dry-run")["plan"]
    assert {job["action"] for job in again["runs"][0]["jobs"]} == {"reuse"}
    assert world.json("audit", "verify")["valid"]
    assert gone in world.run("audit", "list", "--json").stdout


def test_retention_of_the_profile_is_what_gc_goes_by(world: World) -> None:
    old, new = start(world), start(world)
    assert world.json("ops", "gc", "--dry-run")["sessions"] == []
    world.environment["BUNSUI_RETENTION_SESSIONS"] = "1"
    assert world.json("ops", "gc", "--dry-run")["sessions"] == [old]
    assert world.json("ops", "gc", "--dry-run", "--keep", "0")["sessions"] == [new, old]
    status, text = on_terminal(world, "ops", "gc", answers=(("go on: ", "local"),))
    assert status == 0, text
    assert [one["id"] for one in world.json("session", "list")["sessions"]] == [new]
    assert world.json("ops", "gc")["sessions"] == []
