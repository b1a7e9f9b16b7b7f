"""Wide fan-out as a user runs it: 200 files, ten to a call, eight calls at once."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.acceptance.conftest import World

pytestmark = pytest.mark.parametrize("world", ["log_ingestion"], indirect=True)
FILES = 200


def generate(world: World) -> None:
    subprocess.run([sys.executable, "data/generate.py"], cwd=world.project, check=True)


def start(world: World, *words: str, status: int = 0) -> dict[str, Any]:
    return world.json("session", "start", str(world.project), *words, "--wait", status=status)


def rerun(world: World, session: str, *words: str) -> tuple[dict[str, Any], set[str]]:
    """Rerun as planned; the document and the files that were taken in."""
    world.calls()
    shown = world.json("session", "rerun", session, *words, "--dry-run")["plan"]
    document = world.json("session", "rerun", session, *words, "--wait")
    assert shown["digest"] == document["plan"]["digest"]
    calls = world.calls()
    jobs = {name for name in calls if not name.startswith("ingest")}
    planned = {job["id"] for job in shown["runs"][0]["jobs"] if job["action"] == "run"}
    assert jobs == planned - {"ingest"}
    assert all(count == 1 for count in calls.values())
    return document, {name.partition(" ")[2] for name in calls if name.startswith("ingest ")}


def job(document: dict[str, Any], name: str) -> dict[str, Any]:
    found: dict[str, Any] = next(job for job in document["runs"][0]["jobs"] if job["id"] == name)
    return found


def failed(world: World, session: str) -> dict[str, dict[str, Any]]:
    page = world.json("job", "show", session, "ingest", "--status", "failed", "--limit", "100")["items"]
    return {item["key"]: item for item in page["page"]}


def report(document: dict[str, Any]) -> bytes:
    return Path(document["runs"][0]["output"]["report"]).read_bytes()


def test_row_1_few_corrupt_files_are_tolerated_and_named(world: World) -> None:
    generate(world)
    world.fault("apply", "corrupt-3")
    document = start(world)
    assert document["status"] == "succeeded"
    assert job(document, "ingest")["items"] == {"succeeded": 194, "failed": 6}
    items = failed(world, document["id"])
    assert len(items) == 6
    assert {item["error"]["error"] for item in items.values()} == {"EOFError"}
    one = next(iter(items))
    log = world.json("job", "logs", document["id"], "ingest", "--item", one)
    assert any("EOFError" in line for section in log["sections"] for line in section["lines"])


def test_row_1_too_many_corrupt_files_fail_the_map(world: World) -> None:
    generate(world)
    world.fault("apply", "corrupt-10")
    document = start(world, status=1)
    error = job(document, "ingest")["error"]
    assert error["error"] == "States.ExceedToleratedFailureThreshold"
    assert "20 of 200 items failed (5 % tolerated)" in error["cause"]
    assert job(document, "merge")["status"] == "upstream_failed"


def test_row_2_exactly_the_failed_files_run_again(world: World) -> None:
    generate(world)
    undisturbed = report(start(world))
    world.fault("apply", "old-parser")
    document = start(world, status=1)
    bad = set(failed(world, document["id"]))
    assert len(bad) == FILES // 8
    world.fault("clear")
    again, files = rerun(world, document["id"])
    assert files == bad
    assert job(again, "ingest")["items"] == {"succeeded": 25, "reused": 175}
    assert report(again) == undisturbed
    nothing = world.json("session", "rerun", document["id"], "--dry-run")["plan"]["runs"]
    assert nothing[0]["attempt"] is None


def test_row_2_one_tolerated_file_runs_by_its_key(world: World) -> None:
    generate(world)
    undisturbed = report(start(world))
    world.fault("apply", "corrupt-3")
    document = start(world)
    world.fault("clear")
    bad = sorted(failed(world, document["id"]))
    _, files = rerun(world, document["id"], "--item", f"ingest:{bad[0]}")
    assert files == {bad[0]}
    again, files = rerun(world, document["id"], "--job", "ingest", "--strategy", "failed")
    assert files == set(bad[1:])
    assert report(again) == undisturbed


def test_row_3_late_files_alone_are_taken_in(world: World) -> None:
    generate(world)
    document = start(world)
    world.fault("apply", "late-files")
    words = ("--strategy", "changed", "--job", "list_files", "--force")
    again, files = rerun(world, document["id"], *words)
    assert len(files) == 10
    assert job(again, "ingest")["items"] == {"succeeded": 10, "reused": 200}
    assert report(again) == report(start(world))


def test_row_5_a_killed_runner_repeats_only_the_file_it_was_at(world: World) -> None:
    generate(world)
    undisturbed = report(start(world))
    world.calls()
    world.fault("apply", "slow")
    session = world.json("session", "start", str(world.project))["id"]
    assert _kill_one_runner(world, session)
    document = world.json("session", "wait", session, "--timeout", "100")
    assert document["status"] == "succeeded"
    calls = world.calls()
    begun = Counter({name: count for name, count in calls.items() if name.startswith("ingest ")})
    done = Counter({name: count for name, count in calls.items() if name.startswith("ingested ")})
    assert len(done) == FILES
    assert set(done.values()) == {1}
    assert begun.total() == FILES + 1
    assert report(world.json("session", "show", session)) == undisturbed


def _kill_one_runner(world: World, session: str) -> bool:
    """Kill a function that is in the middle of a file."""
    log = Path(world.environment["BUNSUI_EXAMPLE_COUNTERS"]) / "calls.log"
    until = time.monotonic() + 30
    while time.monotonic() < until:
        lines = log.read_text(encoding="utf-8").splitlines()[world.seen :]
        under_way = sum(line.startswith("ingest ") for line in lines) > 20
        if under_way and (runner := _runner(world, session)):
            os.kill(runner.pid, signal.SIGKILL)
            return True
        time.sleep(0.01)
    return False


def _runner(world: World, session: str) -> psutil.Process | None:
    """A function that writes the log of a file of this session."""
    worker = world.worker()
    for process in worker.children(recursive=True) if worker else []:
        try:
            written = Path(f"/proc/{process.pid}/fd/1").readlink()
        except OSError:
            continue
        if session in str(written) and "/ingest/" in str(written):
            return process
    return None
