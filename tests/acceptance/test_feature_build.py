"""Progress inside a job, and results that count for other sessions, as a user meets them."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from tests.acceptance.conftest import World
from tests.acceptance.test_taxi_reruns import actions, having, statuses

pytestmark = pytest.mark.parametrize("world", ["feature_build"], indirect=True)

BEFORE_TRAIN = {"ingest", "split", "feat_a", "feat_b", "join"}
AFTER_JOIN = {"train", "evaluate", "register", "notify"}
ALL = {*BEFORE_TRAIN, "train", "evaluate", "notify"}  # no model reaches the threshold: none is registered
NEVER = "threshold=2"


def start(world: World, *words: str, status: int = 0) -> dict[str, Any]:
    params = ["--param", NEVER, *words]
    return world.json("session", "start", str(world.project), *params, "--wait", status=status)


def rerun(world: World, session: str, *words: str) -> dict[str, Any]:
    """Rerun as planned: the dry run, the plan that was carried out and the calls must be the same.

    `register` may run as far as the plan can know; its condition is only known to be false then.
    """
    world.calls()
    shown = world.json("session", "rerun", session, *words, "--dry-run")["plan"]
    document = world.json("session", "rerun", session, *words, "--wait")
    assert actions(document["plan"]) == actions(shown)
    assert statuses(document)["register"] == "skipped"
    assert world.calls() == Counter(having(shown, "run") - {"register"})
    return document


def epochs(world: World) -> list[int]:
    """The epochs that were trained since this was last asked."""
    path = Path(world.environment["BUNSUI_EXAMPLE_COUNTERS"]) / "epochs.log"
    found = [int(line) for line in path.read_text(encoding="utf-8").split()] if path.exists() else []
    path.unlink(missing_ok=True)
    return found


def model(document: dict[str, Any]) -> bytes:
    return Path(document["runs"][0]["output"]["model"]).read_bytes()


def checkpoints(world: World) -> list[Path]:
    return list(world.data_dir.glob("exchange/*/.checkpoints/*/*"))


def killed_in_epoch_6(world: World) -> dict[str, Any]:
    world.fault("apply", "memory")
    failed = start(world, status=1)
    assert statuses(failed)["train"] == "failed"
    assert epochs(world) == [1, 2, 3, 4, 5]
    assert len(checkpoints(world)) == 1
    return failed


def test_row_1_training_goes_on_after_the_last_checkpoint(world: World) -> None:
    undisturbed = start(world)
    assert world.calls() == Counter(ALL)
    assert epochs(world) == list(range(1, 11))
    failed = killed_in_epoch_6(world)
    document = rerun(world, failed["id"], "--override", "train.memory=1024")
    assert having(document["plan"], "run") == AFTER_JOIN
    assert epochs(world) == [6, 7, 8, 9, 10]
    assert model(document) == model(undisturbed)
    assert document["status"] == "succeeded"
    assert checkpoints(world) == []


def test_row_2_another_learning_rate_begins_at_the_beginning(world: World) -> None:
    undisturbed = start(world, "--param", "lr=0.1")
    epochs(world)
    failed = killed_in_epoch_6(world)
    document = rerun(world, failed["id"], "--override", "train.memory=1024", "--param", "lr=0.1")
    assert having(document["plan"], "reuse") >= BEFORE_TRAIN
    assert having(document["plan"], "run") == AFTER_JOIN
    assert epochs(world) == list(range(1, 11))
    assert model(document) == model(undisturbed)


def test_row_3_other_code_of_a_branch_reuses_the_other(world: World) -> None:
    first = start(world)
    world.fault("apply", "half-days")
    document = rerun(world, first["id"], "--strategy", "changed")
    assert having(document["plan"], "reuse") == {"ingest", "split", "feat_a"}
    assert having(document["plan"], "run") == {"feat_b", "join", *AFTER_JOIN}
    assert model(document) != model(first)


def test_a_cached_result_is_taken_and_named(world: World) -> None:
    first = start(world)
    world.calls()
    shown = world.json("session", "start", str(world.project), "--param", NEVER, "--dry-run")["plan"]
    (ingest,) = (job for job in shown["runs"][0]["jobs"] if job["id"] == "ingest")
    assert (ingest["action"], ingest["reason"]) == ("reuse", "cached")
    assert first["id"] in ingest["detail"]
    assert "attempt 1" in ingest["detail"]
    second = start(world)
    assert actions(second["plan"]) == actions(shown)
    assert world.calls() == Counter(ALL - {"ingest"})
    assert model(second) == model(first)
    start(world, "--force")
    assert world.calls() == Counter(ALL)
    start(world, "--param", "seed=8")
    assert world.calls() == Counter(ALL)
