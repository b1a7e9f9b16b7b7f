"""Ids of 64 bits go through a pipeline as they are: results, items, events, outputs."""

from __future__ import annotations

import json

from tests.acceptance.conftest import World

IDS = [9_007_199_254_740_993, 1_549_123_456_789_012_345, -9_223_372_036_854_775_808, 3]
PIPELINE = """
bunsui: 1
name: ids
jobs:
  list:
    lambda: {handler: 'handlers:ids'}
  each:
    map: {items: '{% $jobs.list.ids %}', key: '{% $item %}'}
    lambda: {handler: 'handlers:one', input: {id: '{% $item %}', all: '{% $jobs.list.ids %}'}}
  packed:
    map: {items: '{% $jobs.list.ids %}', key: '{% $item %}', batch: 3}
    lambda: {handler: 'handlers:one', input: {id: '{% $item %}'}}
  script:
    ecs: {image: i, command: [python, task.py, '{% $jobs.list.ids[0] %}'], input: '{% $jobs.each %}'}
  wide:
    severity: warning
    lambda: {handler: 'handlers:wide'}
  mixed:
    severity: warning
    map: {items: [1, 2, 3], key: '{% $item %}', batch: 3}
    lambda: {handler: 'handlers:mixed', input: {n: '{% $item %}'}}
output: {each: '{% $jobs.each %}', packed: '{% $jobs.packed %}', script: '{% $jobs.script %}'}
"""
HANDLERS = f"""
IDS = {IDS}

def ids(event, context):
    return {{"ids": IDS}}

def one(event, context):
    assert event["id"] in IDS, event
    assert event.get("all", IDS) == IDS, event
    return {{"id": event["id"]}}

def wide(event, context):
    return 1 << 64

def mixed(event, context):
    return {{"id": IDS[0] << (16 if event["n"] == 2 else 0)}}
"""
TASK = """
import json, os, sys

with open(os.environ["BUNSUI_INPUT"]) as given, open(os.environ["BUNSUI_OUTPUT"], "w") as output:
    json.dump({"first": sys.argv[1], "ids": [one["id"] for one in json.load(given)]}, output)
"""


def test_whole_numbers_beyond_doubles_are_handed_on(world: World) -> None:
    folder = world.project.parent / "ids"
    folder.mkdir()
    for name, text in (("pipeline.yaml", PIPELINE), ("handlers.py", HANDLERS), ("task.py", TASK)):
        (folder / name).write_text(text, encoding="utf-8")
    shown = world.json("session", "start", str(folder), "--yes", "--wait")
    assert shown["status"] == "succeeded", json.dumps(shown["runs"])
    expected = [{"id": one} for one in IDS]
    assert shown["runs"][0]["output"] == {
        "each": expected,
        "packed": expected,
        "script": {"first": str(IDS[0]), "ids": IDS},
    }
    wide = world.json("job", "show", shown["id"], "wide")
    assert wide["status"] == "failed"
    assert wide["error"]["error"] == "Bunsui.InvalidOutput"
    assert "64 bits" in wide["error"]["cause"]
    mixed = [world.json("job", "show", shown["id"], "mixed", "--item", key) for key in "123"]
    assert [one["status"] for one in mixed] == ["succeeded", "failed", "succeeded"]
    assert mixed[0]["output"]["value"] == {"id": IDS[0]}
    assert "64 bits" in mixed[1]["error"]["cause"]
