"""Items of a batch that take their process with them: they alone fail, and nothing is called twice."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest

from tests.acceptance.conftest import World

PIPELINE = """
bunsui: 1
name: dying
jobs:
  each:
    map: {items: '{% [0..9] %}', key: '{% $item %}', batch: 5, tolerated_failure_percentage: 100}
    lambda: {handler: 'handlers:one', memory: 128, input: {n: '{% $item %}'}}
"""
HANDLERS = """
import json, os, signal, sys
from pathlib import Path

HERE = Path(__file__).parent

def one(event, context):
    n = event["n"]
    with open(HERE / "calls", "a") as calls:
        calls.write(f"{n}\\n")
    how = json.loads((HERE / "deaths.json").read_text()).get(str(n))
    if how == "exit":
        os._exit(0)
    if how == "sys.exit":
        sys.exit(3)
    if how == "memory":
        filled = [bytearray(8_000_000) for _ in range(1_000)]
    if how == "killed":
        os.kill(os.getpid(), signal.SIGKILL)
    return n
"""


def calls(folder: Path) -> Counter[str]:
    path = folder / "calls"
    found = Counter(path.read_text(encoding="utf-8").split())
    path.unlink()
    return found


@pytest.mark.parametrize("first", [0, 1])
def test_only_the_items_fail_that_end_their_process(world: World, first: int) -> None:
    folder = world.project.parent / "dying"
    folder.mkdir()
    (folder / "pipeline.yaml").write_text(PIPELINE, encoding="utf-8")
    (folder / "handlers.py").write_text(HANDLERS, encoding="utf-8")
    deaths = {first: "exit", 3: "memory", 4: "sys.exit", 7: "killed", 9: "killed"}
    (folder / "deaths.json").write_text(json.dumps(deaths), encoding="utf-8")
    session = world.json("session", "start", str(folder), "--yes", "--wait")["id"]
    page = world.json("job", "show", session, "each")["items"]["page"]
    failed = {item["key"]: item["error"]["error"] for item in page if item["status"] == "failed"}
    assert failed == {
        str(first): "Runtime.ExitError",
        "3": "Runtime.OutOfMemory",
        "4": "Runtime.ExitError",
        "7": "Lambda.Unknown",
        "9": "Lambda.Unknown",
    }
    once = Counter(map(str, range(10)))
    assert calls(folder) == once + Counter(["7", "9"])
    (folder / "deaths.json").write_text("{}", encoding="utf-8")
    world.json("session", "rerun", session, "--job", "each", "--strategy", "failed", "--yes", "--wait")
    assert calls(folder) == Counter(failed.keys())
