"""Many runs in a session: months of taxi trips, each its own run."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

from tests.acceptance.conftest import World
from tests.acceptance.held_project import HeldProject
from tests.acceptance.test_taxi_reruns import ALL

QUARTER = "month=2019-01..2019-03"
MONTHS = ("2019-01", "2019-02", "2019-03")


def totals(document: dict[str, Any]) -> dict[str, bytes]:
    return {run["id"]: Path(run["output"]["totals"]).read_bytes() for run in document["runs"]}


def test_row_1_5_of_three_months_only_the_one_that_failed_runs_again(world: World) -> None:
    path = str(world.project)
    undisturbed = totals(world.json("session", "start", path, "--each", QUARTER, "--wait"))
    assert set(undisturbed) == {f"taxi-month@{month}" for month in MONTHS}
    world.calls()
    world.fault("apply", "unavailable-february")
    failed = world.json("session", "start", path, "--each", QUARTER, "--max-runs", "2", "--wait", status=1)
    assert failed["run_counts"] == {"succeeded": 2, "failed": 1}
    assert world.calls() == Counter({**dict.fromkeys(ALL, 2), "fetch_zones": 3, "fetch_trips": 5})
    session, run = failed["id"], "taxi-month@2019-02"
    tries = world.json("job", "show", session, f"{run}/fetch_trips")["tries"]
    assert [one["number"] for one in tries] == [1, 2, 3]
    assert all("503" in one["error"]["cause"] for one in tries)
    shown = world.json("session", "rerun", session, "--dry-run")["plan"]
    assert [one["id"] for one in shown["runs"]] == [run]
    actions = {job["id"]: job["action"] for job in shown["runs"][0]["jobs"]}
    assert actions == {**dict.fromkeys(ALL, "run"), "fetch_zones": "reuse"}
    document = world.json("session", "rerun", session, "--wait")
    assert document["plan"]["runs"] == shown["runs"]
    assert world.calls() == Counter(job for job, action in actions.items() if action == "run")
    assert document["status"] == "succeeded"
    assert totals(document) == undisturbed
    attempts = {one["id"]: len(one["attempts"]) for one in document["runs"]}
    assert attempts == {f"taxi-month@{month}": 2 if month == "2019-02" else 1 for month in MONTHS}


def test_parameters_go_to_all_that_declare_them_or_to_one_run(world: World, tmp_path: Path) -> None:
    held = HeldProject(tmp_path / "held", Path(world.environment["BUNSUI_EXAMPLE_COUNTERS"]))
    params = {"day": {"type": "string", "default": "monday"}, "rows": {"type": "integer", "default": 1}}
    one = held.pipeline("one", {"a": {}}, params=params)
    two = held.pipeline("two", {"b": {}}, params={"day": params["day"]})
    document = world.json(
        "session", "start", one, two, "--param", "day=friday", "--param", "one/rows=5", "--wait"
    )
    assert {run["id"]: run["params"] for run in document["runs"]} == {
        "one": {"day": "friday", "rows": 5},
        "two": {"day": "friday"},
    }
    unknown = world.run("session", "start", one, two, "--param", "colour=red")
    assert unknown.returncode == 2
    assert "colour" in unknown.stderr


def test_three_hundred_runs_are_shown_in_short_and_one_by_one(world: World, tmp_path: Path) -> None:
    held = HeldProject(tmp_path / "held", Path(world.environment["BUNSUI_EXAMPLE_COUNTERS"]))
    params = {"day": {"type": "date"}}
    bad = {"needs": ["a"], "when": "{% $params.day != '2026-03-05' or $error('no') %}"}
    path = held.pipeline("daily", {"a": {}, "b": bad}, params=params)
    started = world.json("session", "start", path, "--each", "day=2026-01-01..2026-10-27")
    session = started["id"]
    assert len(started["plan"]["runs"]) == 300
    assert not started["complete"]
    waited = world.json("session", "wait", session, "--timeout", "110", status=1)
    assert waited["runs"] == {"succeeded": 299, "failed": 1}
    assert [(one["run"], one["job"]) for one in waited["failed"]] == [("daily@2026-03-05", "b")]
    assert waited["complete"]
    assert held.calls() == Counter(a=300, b=299)
    shown = world.run("session", "show", session).stdout
    assert "300 runs: 299 succeeded, 1 failed" in shown
    assert len(shown.splitlines()) < 20
    [run] = world.json("session", "show", session, "--run", "daily@2026-07-07")["runs"]
    assert (run["id"], run["status"]) == ("daily@2026-07-07", "succeeded")
    plan = world.json("session", "rerun", session, "--dry-run")["plan"]
    assert [one["id"] for one in plan["runs"]] == ["daily@2026-03-05"]
