"""A day of operations: one session of three pipelines, maintenance in the middle, two operators at once."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.acceptance.conftest import World

PIPELINES = ("taxi_month", "elt_warehouse", "log_ingestion")


@pytest.fixture
def projects(world: World, root: Path, tmp_path: Path) -> dict[str, Path]:
    """Copies of the three projects; the logs of a small day."""
    found = {name: tmp_path / "day" / name for name in PIPELINES}
    for name, path in found.items():
        ignored = shutil.ignore_patterns("out", "__pycache__", "incoming")
        shutil.copytree(root / "examples" / name, path, ignore=ignored)
    generate = [sys.executable, "data/generate.py", "--files", "40"]
    subprocess.run(generate, cwd=found["log_ingestion"], check=True, capture_output=True)
    return found


def words(projects: Mapping[str, Path]) -> list[str]:
    paths = [str(projects[name]) for name in PIPELINES]
    return ["session", "start", *paths, "--param", "scale=0.0005"]


def results(document: dict[str, Any]) -> dict[str, bytes]:
    outputs = {run["id"]: next(iter(run["output"].values())) for run in document["runs"]}
    return {run: Path(path).read_bytes() for run, path in outputs.items()}


def finishing(world: World, session: str) -> int:
    """Jobs that will end by themselves; a map that is held with items that have not begun will not."""
    document = world.json("session", "show", session)
    running = [job for run in document["runs"] for job in run["jobs"] if job["status"] == "running"]
    return sum(
        "queued" not in items or "running" in items for items in (job.get("items") or {} for job in running)
    )


def test_rows_5_1_and_5_3_a_day_with_maintenance_and_two_operators(
    world: World, projects: dict[str, Path]
) -> None:
    undisturbed = world.json(*words(projects), "--wait")
    assert undisturbed["status"] == "succeeded"
    once = world.calls()
    subprocess.run(
        [sys.executable, "faults.py", "apply", "lineitem"], cwd=projects["elt_warehouse"], check=True
    )

    # One run after the other, so that the maintenance comes in the middle on a slow machine too.
    session = world.json(*words(projects), "--max-runs", "1", "--key", "daily-2026-01-31")["id"]
    world.json("ops", "maintenance", "on", "--reason", "new disk")
    # A call may be on its way to a process that is just starting, and nobody tells of it yet.
    world.run("session", "wait", session, "--timeout", "2")
    while finishing(world, session):
        world.run("session", "wait", session, "--timeout", "1")
    before = world.calls()
    waited = world.json("session", "wait", session, "--timeout", "2", status=124)
    assert not waited["ended"]
    assert world.calls() == Counter()
    for verb in (words(projects), ["session", "rerun", session]):
        refused = world.run(*verb)
        assert refused.returncode in (1, 6)
    world.json("ops", "maintenance", "off")
    failed = world.json("session", "wait", session, "--timeout", "100", status=1)
    assert {one["job"] for one in failed["failed"]} == {"extract"}
    after = world.calls()
    assert max((before + after).values()) == 1
    subprocess.run([sys.executable, "faults.py", "clear"], cwd=projects["elt_warehouse"], check=True)

    shown = world.json("session", "rerun", session, "--dry-run")["plan"]
    assert [run["id"] for run in shown["runs"]] == ["elt-warehouse"]
    both = [_rerunning(world, session) for _ in range(2)]
    done = [(one.wait(timeout=100), *one.communicate()) for one in both]
    won = [json.loads(out) for status, out, _ in done if status == 0]
    lost = [said for status, _, said in done if status == 1]
    assert (len(won), len(lost)) == (1, 1), done
    assert lost[0].startswith(("conflict: ", "stale_plan: "))
    assert session in lost[0] or "rerun" in lost[0]
    document = world.json("session", "wait", session, "--timeout", "100")
    assert document["status"] == "succeeded"
    again = world.calls()
    assert max(again.values()) == 1
    assert again["extract:lineitem"] == 1
    assert before + after + again - Counter({"extract:lineitem": 1}) == once
    assert results(world.json("session", "show", session)) == results(undisturbed)
    assert world.json("audit", "verify")["valid"]


def _rerunning(world: World, session: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [str(world.command), "session", "rerun", session, "--json"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        stdin=subprocess.DEVNULL,
        text=True,
        env=world.environment,
    )
