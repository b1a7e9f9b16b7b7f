"""The warehouse as a user changes it: questions added and dropped, jobs renamed, checks that only warn."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from tests.acceptance.conftest import World
from tests.acceptance.test_taxi_reruns import actions, having

TABLES = ("region", "nation", "supplier", "customer", "part", "partsupp", "orders", "lineitem")
AFTER_LOAD = ("dims", "facts", "queries:q1", "queries:q3", "queries:q5", "checks", "report")
ALL = ("gen", *(f"extract:{table}" for table in TABLES), "load", *AFTER_LOAD)

pytestmark = pytest.mark.parametrize("world", ["elt_warehouse"], indirect=True)


def start(world: World, status: int = 0) -> dict[str, Any]:
    document = world.json(
        "session", "start", str(world.project), "--param", "scale=0.0005", "--wait", status=status
    )
    world.calls()
    return document


def rerun(world: World, session: str, *words: str, status: int = 0) -> dict[str, Any]:
    """Rerun as planned: dry run, plan and calls must be the same, items included."""
    shown = world.json("session", "rerun", session, *words, "--dry-run")["plan"]
    document = world.json("session", "rerun", session, *words, "--wait", status=status)
    assert document["plan"]["runs"] == shown["runs"]
    assert world.calls() == Counter(planned(shown))
    return document


def planned(plan: dict[str, Any]) -> list[str]:
    """The calls that a plan announces: jobs, and `job:item` of mapped ones."""
    jobs = [job for run in plan["runs"] for job in run["jobs"] if job["action"] == "run"]
    return [call for job in jobs for call in _calls(job)]


def _calls(job: dict[str, Any]) -> list[str]:
    if job["id"] not in ("extract", "queries"):
        return [job["id"].removesuffix("_stage")]
    known = job["items"] or [
        {"key": key, "action": "run"} for key in (TABLES if job["id"] == "extract" else ("q1", "q3", "q5"))
    ]
    return [f"{job['id']}:{item['key']}" for item in known if item["action"] == "run"]


def report(document: dict[str, Any]) -> bytes:
    return Path(document["runs"][0]["output"]["report"]).read_bytes()


def statuses(document: dict[str, Any]) -> dict[str, str]:
    return {job["id"]: job["status"] for job in document["runs"][0]["jobs"]}


def test_an_undisturbed_run_calls_everything_once(world: World) -> None:
    document = world.json("session", "start", str(world.project), "--param", "scale=0.0005", "--wait")
    assert world.calls() == Counter(ALL)
    assert len(report(document)) > 1_000


def test_row_2_2_one_more_question_runs_that_question_and_what_depends_on_it(world: World) -> None:
    first = start(world)
    world.fault("apply", "add-q6")
    document = rerun(world, first["id"], "--strategy", "changed")
    assert having(document["plan"], "run") == {"queries", "checks", "report"}
    [queries] = [job for job in document["plan"]["runs"][0]["jobs"] if job["id"] == "queries"]
    assert [(item["key"], item["action"]) for item in queries["items"]] == [("q6", "run")]
    assert (queries["reuse"], queries["kept"]) == ("planned", 3)
    assert report(document) == report(start(world))


def test_row_2_3_a_question_is_dropped_and_its_history_stays(world: World) -> None:
    first = start(world)
    world.fault("apply", "drop-q5")
    shown = world.json("session", "rerun", first["id"], "--strategy", "changed", "--dry-run")["plan"]
    [queries] = [job for job in shown["runs"][0]["jobs"] if job["id"] == "queries"]
    assert [(item["key"], item["action"]) for item in queries["items"]] == [("q5", "removed")]
    assert queries["kept"] == 2
    world.json("session", "rerun", first["id"], "--strategy", "changed", "--wait")
    assert world.calls() == Counter(["checks", "report"])
    earlier = world.json("job", "show", first["id"], "queries", "--attempt", "1")
    assert earlier["status"] == "succeeded"


def test_row_2_3_a_renamed_job_is_removed_and_added(world: World) -> None:
    first = start(world)
    world.fault("apply", "rename")
    document = rerun(world, first["id"])
    assert actions(document["plan"]) == {
        **dict.fromkeys(("gen", "extract"), "reuse"),
        **dict.fromkeys(("load_stage", "dims", "facts", "queries", "checks", "report"), "run"),
        "load": "removed",
    }
    assert world.json("job", "show", first["id"], "load", "--attempt", "1")["status"] == "succeeded"


def test_row_2_3_a_rename_that_is_told_reuses_the_result(world: World) -> None:
    first = start(world)
    world.fault("apply", "rename-told")
    plan = world.json("session", "rerun", first["id"], "--dry-run")["plan"]
    assert actions(plan) == dict.fromkeys(
        ("gen", "extract", "load_stage", "dims", "facts", "queries", "checks", "report"), "reuse"
    )
    document = rerun(world, first["id"], "--job", "report")
    assert having(document["plan"], "run") == {"report"}
    assert report(document) == report(first)


def test_row_2_5_what_checks_finds_blocks_as_an_error_and_not_as_a_warning(world: World) -> None:
    undisturbed = start(world)
    world.fault("apply", "orphans")
    failed = start(world, status=1)
    assert (statuses(failed)["checks"], statuses(failed)["report"]) == ("failed", "upstream_failed")
    world.fault("apply", "warning")
    warned = start(world)
    assert (warned["status"], warned["warnings"]) == ("succeeded", 1)
    assert (statuses(warned)["checks"], statuses(warned)["report"]) == ("failed", "succeeded")
    world.fault("clear")
    document = rerun(world, failed["id"], "--job", "extract")
    assert document["status"] == "succeeded"
    assert report(document) == report(undisturbed)


def test_row_2_1_only_the_table_that_failed_is_extracted_again(world: World) -> None:
    undisturbed = report(start(world))
    world.fault("apply", "lineitem")
    document = start(world, status=1)
    assert statuses(document)["extract"] == "failed"
    items = world.json("job", "show", document["id"], "extract")["items"]["page"]
    assert [(item["key"], item["index"]) for item in items if item["status"] == "failed"] == [("lineitem", 7)]
    world.fault("clear")
    again = rerun(world, document["id"])
    (extract,) = [job for run in again["plan"]["runs"] for job in run["jobs"] if job["id"] == "extract"]
    assert ([item["key"] for item in extract["items"]], extract["kept"]) == (["lineitem"], 7)
    assert report(world.json("session", "show", document["id"])) == undisturbed
    rows = world.json("job", "show", document["id"], "extract")["items"]["page"]
    assert [row["key"] for row in sorted(rows, key=lambda row: row["index"])] == list(TABLES)
    assert {row["key"]: row["attempt"] for row in rows} == dict.fromkeys(TABLES, 1) | {"lineitem": 2}


def test_row_2_4_never_more_extracts_at_once_than_the_map_allows(world: World) -> None:
    document = start(world)
    spans = []
    for table in TABLES:
        one = world.json("job", "show", document["id"], "extract", "--item", table)
        spans += [(attempt["started_at"], attempt["finished_at"]) for attempt in one["tries"]]
    edges = sorted([(begin, 1) for begin, _ in spans] + [(end, -1) for _, end in spans])
    running = most = 0
    for _, step in edges:
        running += step
        most = max(most, running)
    assert 1 < most <= 3
