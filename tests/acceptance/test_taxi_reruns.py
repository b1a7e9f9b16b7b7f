"""The main job as a user runs it: plans say what the handlers counted, and results stay the same."""

from __future__ import annotations

import csv
import json
from collections import Counter
from decimal import Decimal
from pathlib import Path
from typing import Any

from tests.acceptance.conftest import World

ALL = ("fetch_trips", "fetch_zones", "clean", "enrich", "agg_hourly", "agg_zone", "quality", "publish")
AFTER_ENRICH = ("agg_hourly", "agg_zone", "quality", "publish")


def start(world: World, *words: str, status: int = 0) -> dict[str, Any]:
    return world.json("session", "start", str(world.project), *words, "--wait", status=status)


def rerun(world: World, session: str, *words: str) -> dict[str, Any]:
    """Rerun as planned: the dry run, the plan that was carried out and the calls must be the same."""
    world.calls()
    shown = world.json("session", "rerun", session, *words, "--dry-run")["plan"]
    document = world.json("session", "rerun", session, *words, "--wait")
    assert actions(document["plan"]) == actions(shown)
    assert shown["digest"] == document["plan"]["digest"]
    planned = [job for job, action in actions(shown).items() if action == "run"]
    assert world.calls() == Counter(planned)
    return document


def actions(plan: dict[str, Any]) -> dict[str, str]:
    return {job["id"]: job["action"] for run in plan["runs"] for job in run["jobs"]}


def statuses(document: dict[str, Any]) -> dict[str, str]:
    return {job["id"]: job["status"] for job in document["runs"][0]["jobs"]}


def having(plan: dict[str, Any], action: str) -> set[str]:
    return {job for job, one in actions(plan).items() if one == action}


def totals(document: dict[str, Any]) -> bytes:
    path = Path(document["runs"][0]["output"]["totals"])
    assert path.is_absolute()
    return path.read_bytes()


def test_an_undisturbed_run_calls_every_job_once(world: World) -> None:
    document = start(world)
    assert document["status"] == "succeeded"
    assert world.calls() == Counter(ALL)
    assert set(statuses(document).values()) == {"succeeded"}


def test_row_1_more_memory_for_the_job_that_was_killed(world: World) -> None:
    undisturbed = totals(start(world))
    world.fault("apply", "memory")
    failed = start(world, status=1)
    assert statuses(failed) == {
        **dict.fromkeys(("fetch_trips", "fetch_zones", "clean"), "succeeded"),
        "enrich": "failed",
        **dict.fromkeys(AFTER_ENRICH, "upstream_failed"),
    }
    enrich = next(job for job in failed["runs"][0]["jobs"] if job["id"] == "enrich")
    assert "out of memory" in enrich["error"]["cause"].lower()
    document = rerun(world, failed["id"], "--override", "enrich.memory=1024")
    assert having(document["plan"], "run") == {"enrich", *AFTER_ENRICH}
    assert having(document["plan"], "reuse") == {"fetch_trips", "fetch_zones", "clean"}
    assert document["status"] == "succeeded"
    assert totals(document) == undisturbed


def test_row_2_a_bug_is_fixed_and_the_job_rerun_with_what_depends_on_it(world: World) -> None:
    undisturbed = totals(start(world))
    world.fault("apply", "lost-rows")
    failed = start(world, status=1)
    assert statuses(failed)["quality"] == "failed"
    assert statuses(failed)["publish"] == "upstream_failed"
    world.fault("clear")
    document = rerun(world, failed["id"], "--job", "clean")
    assert having(document["plan"], "run") == {"clean", "enrich", *AFTER_ENRICH}
    assert having(document["plan"], "reuse") == {"fetch_trips", "fetch_zones"}
    assert document["status"] == "succeeded"
    assert totals(document) == undisturbed


def test_rows_3_and_4_only_one_job_leaves_the_rest_stale_until_accepted_or_rerun(world: World) -> None:
    first = start(world)
    document = rerun(world, first["id"], "--job", "agg_zone", "--strategy", "only")
    assert having(document["plan"], "run") == {"agg_zone"}
    assert having(document["plan"], "stale") == {"quality", "publish"}
    assert document["stale"]
    stale = {job["id"] for job in document["runs"][0]["jobs"] if job["stale"]}
    assert stale == {"quality", "publish"}
    accepted = world.json("session", "accept", first["id"], "--reason", "same figures")
    assert not accepted["stale"]
    unchanged = world.json("session", "rerun", first["id"], "--strategy", "changed")
    assert having(unchanged["plan"], "run") == set()
    shown = world.json("session", "show", first["id"])
    assert [attempt["number"] for attempt in shown["runs"][0]["attempts"]] == [1, 2]
    assert totals(document) == totals(first)


def test_row_6_a_changed_definition_runs_what_it_changes_and_the_original_nothing(world: World) -> None:
    first = start(world)
    world.fault("apply", "new-column")
    original = world.json(
        "session", "rerun", first["id"], "--strategy", "changed", "--definition", "original", "--dry-run"
    )
    assert having(original["plan"], "run") == set()
    assert any(run["notes"] for run in original["plan"]["runs"]) or original["plan"]["warnings"]
    document = rerun(world, first["id"], "--strategy", "changed")
    assert having(document["plan"], "run") == {"agg_hourly", "quality", "publish"}
    reasons = {job["id"]: job["reason"] for job in document["plan"]["runs"][0]["jobs"]}
    assert reasons["agg_hourly"].startswith("definition-changed")
    assert document["status"] == "succeeded"


def test_a_failed_session_keeps_its_key_and_gives_it_back_when_it_succeeds(world: World) -> None:
    world.fault("apply", "memory")
    failed = start(world, "--key", "2019-03", status=1)
    again = world.run("session", "start", str(world.project), "--key", "2019-03", "--json")
    assert again.returncode == 1
    assert again.stdout == ""
    assert again.stderr.startswith("conflict: ")
    assert failed["id"] in again.stderr
    rerun(world, failed["id"], "--override", "enrich.memory=1024")
    world.fault("clear")
    assert start(world, "--key", "2019-03")["status"] == "succeeded"


def test_real_trips_give_the_totals_of_an_independent_computation(world: World, shared: Path) -> None:
    trips, zones = shared / "data" / "taxi-trips.csv", shared / "data" / "taxi-zones.csv"
    document = start(
        world, "--param", f"source={trips}", "--param", f"zones={zones}", "--param", "month=2019-03"
    )
    assert document["status"] == "succeeded"
    assert json.loads(totals(document)) == independent_totals(trips, zones, "2019-03")


def independent_totals(trips: Path, zones: Path, month: str) -> dict[str, Any]:
    """The rules of the example, computed in one pass without any of its code."""
    names: dict[str, tuple[str, str]] = {}
    with zones.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            names.setdefault(row["LocationID"], (row["zone"], row["borough"]))
    rejected = {"outside_month": 0, "unknown_zone": 0, "bad_fare": 0}
    by_zone: dict[int, list[Decimal]] = {}
    by_hour: dict[int, list[Decimal]] = {}
    with trips.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            pickup = row.get("tpep_pickup_datetime") or row["lpep_pickup_datetime"]
            if pickup[:7] != month:
                rejected["outside_month"] += 1
            elif row["PULocationID"] not in names or row["DOLocationID"] not in names:
                rejected["unknown_zone"] += 1
            elif Decimal(row["fare_amount"]) <= 0:
                rejected["bad_fare"] += 1
            else:
                fare = Decimal(row["fare_amount"])
                by_zone.setdefault(int(row["PULocationID"]), []).append(fare)
                by_hour.setdefault(int(pickup[11:13]), []).append(fare)
    fares = [fare for group in by_zone.values() for fare in group]
    return {
        "month": month,
        "trips": len(fares),
        "fare_amount": str(sum(fares, Decimal(0))),
        "rejected": rejected,
        "by_zone": [
            {
                "location_id": zone,
                "zone": names[str(zone)][0],
                "borough": names[str(zone)][1],
                "trips": len(group),
                "fare_amount": str(sum(group, Decimal(0))),
            }
            for zone, group in sorted(by_zone.items())
        ],
        "by_hour": [
            {"hour": hour, "trips": len(group), "fare_amount": str(sum(group, Decimal(0)))}
            for hour, group in sorted(by_hour.items())
        ],
    }


def test_a_pipeline_whose_output_was_wrong_is_ended_again_without_running_a_job(world: World) -> None:
    definition = world.project / "pipeline.yaml"
    text = definition.read_text(encoding="utf-8")
    definition.write_text(text.replace("$jobs.publish.totals", "$jobs.publish.totls"), encoding="utf-8")
    failed = start(world, status=1)
    assert set(statuses(failed).values()) == {"succeeded"}
    assert "totls" in world.run("session", "show", failed["id"]).stdout
    definition.write_text(text, encoding="utf-8")
    document = rerun(world, failed["id"])
    assert set(statuses(document).values()) == {"reused"}
    assert document["status"] == "succeeded"
    assert totals(document)
