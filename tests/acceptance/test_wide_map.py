"""A wide map with large results: memory stays bounded, pages answer while it runs, nothing hits a limit."""

from __future__ import annotations

import json
import time
from typing import Any

import psutil
import pytest

from tests.acceptance.conftest import World

MEMORY_MIB = 300
LARGE = 300_000
PIPELINE = """
bunsui: 1
name: wide
params:
  count: {type: integer}
jobs:
  each:
    map: {items: '{% [1..$params.count] %}', key: '{% $item %}', batch: 10, max_concurrency: 8}
    lambda: {handler: 'handlers.wide:one', input: {n: '{% $item %}'}}
  merge:
    lambda: {handler: 'handlers.wide:merge', input: {parts: '{% $jobs.each %}'}}
output: '{% $jobs.merge %}'
"""
HANDLERS = f"""
def one(event, context):
    text = "x" * ({LARGE} if event["n"] == 7 else 500)
    return {{"n": event["n"], "text": text}}

def merge(event, context):
    parts = event["parts"]
    in_order = [part["n"] for part in parts] == list(range(1, len(parts) + 1))
    return {{"count": len(parts), "in_order": in_order, "size": sum(len(part["text"]) for part in parts)}}
"""


@pytest.mark.parametrize(
    "count", [pytest.param(1_000, id="tenth"), pytest.param(10_000, id="whole", marks=pytest.mark.bench)]
)
def test_a_wide_map(world: World, count: int) -> None:
    session = _start(world, count)
    seen, most = _while_it_runs(world, session)
    document = world.json("session", "show", session)
    assert document["status"] == "succeeded", document
    assert document["runs"][0]["output"] == {
        "count": count,
        "in_order": True,
        "size": LARGE + (count - 1) * 500,
    }
    assert most < MEMORY_MIB
    assert seen, "no page was read while it ran"
    items = world.json("job", "show", session, "each", "--limit", "5")["items"]
    assert (items["total"], items["counts"], len(items["page"])) == (count, {"succeeded": count}, 5)
    assert items["cursor"]


def _start(world: World, count: int) -> str:
    project = world.project / "wide"
    (project / "handlers").mkdir(parents=True)
    (project / "pipeline.yaml").write_text(PIPELINE, encoding="utf-8")
    (project / "handlers" / "__init__.py").touch()
    (project / "handlers" / "wide.py").write_text(HANDLERS, encoding="utf-8")
    started: str = world.json("session", "start", str(project), "--param", f"count={count}")["id"]
    return started


def _while_it_runs(world: World, session: str) -> tuple[list[dict[str, Any]], float]:
    """The pages that were read meanwhile, and the most memory that the worker had, in MiB."""
    pages: list[dict[str, Any]] = []
    most = 0.0
    until = time.monotonic() + 110
    while time.monotonic() < until:
        shown = json.loads(world.run("job", "show", session, "each", "--limit", "3", "--json").stdout)
        most = max(most, _memory(world))
        if shown["status"] == "running":
            pages.append(shown)
        elif world.json("session", "show", session)["status"] in ("succeeded", "failed"):
            break
    return pages, most


def _memory(world: World) -> float:
    worker = world.worker()
    try:
        return worker.memory_info().rss / (1 << 20) if worker else 0.0
    except psutil.Error:
        return 0.0
